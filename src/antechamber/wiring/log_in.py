"""Log-in, joined: stores, hashes, passkeys and sessions; and the counts of what failed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from antechamber.adapters.identity.passkeys import WebAuthn
from antechamber.adapters.identity.passwords import Argon2Passwords, common_passwords
from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId, UserId
from antechamber.features.accounts.model import SessionRules, ThrottleRules
from antechamber.features.accounts.ports import PasskeyVerifier, PasswordHasher
from antechamber.features.accounts.service import (
    Accounts,
    Challenges,
    Ground,
    Journal,
    Logins,
    NewPasswords,
    Passkeys,
    PasskeyWay,
    Passwords,
    PasswordWay,
    Rooms,
    Sessions,
    Throttle,
)
from antechamber.features.accounts.sql import SqlAttempts, SqlPasskeys, SqlPasswords, SqlSessions, SqlSetupLinks
from antechamber.features.audit.service import Audit, Refusals
from antechamber.features.organizations.service import Invites, Members, Organizations, People
from antechamber.features.organizations.sql import SqlPeople
from antechamber.settings import Settings

_ROUTE: Final = "/login"


class FailureCounting:
    """Counts failed log-ins among the refusals (`accounts.ports.FailureCounts`), once a server counts any."""

    def __init__(self) -> None:
        self._refusals: Refusals | None = None

    def bind(self, refusals: Refusals) -> None:
        """Join the counts of a running server."""
        self._refusals = refusals

    def failed(
        self, organization_ids: Sequence[OrganizationId], user_id: UserId | None, by: Actor, status: int
    ) -> None:
        """Count one, for each organisation of the person who was meant; for nobody's if there is none."""
        if self._refusals is None:
            return
        for organization_id in organization_ids or ("",):
            self._refusals.note(
                organization_id=organization_id,
                principal_id=user_id if user_id and organization_id else "",
                status=status,
                method="POST",
                route=_ROUTE,
                ip_address=by.ip_address,
                user_agent=by.user_agent,
                request_id=by.request_id or "",
            )


@dataclass(frozen=True, slots=True)
class Foundations:
    """What log-in stands on."""

    ground: Ground
    audit: Audit
    organizations: Organizations
    members: Members
    invites: Invites


@dataclass(frozen=True, slots=True)
class LogInRules:
    """What the operator decides about log-in."""

    base_url: str = "http://localhost:8787"
    sessions: SessionRules = field(default_factory=SessionRules)
    throttle: ThrottleRules = field(default_factory=ThrottleRules)


@dataclass(frozen=True, slots=True)
class LogIn:
    """The services of log-in."""

    people: People
    sessions: Sessions
    logins: Logins
    passwords: Passwords
    passkeys: Passkeys
    accounts: Accounts
    failures: FailureCounting


def log_in_rules(settings: Settings) -> LogInRules:
    """Return what the settings say about log-in."""
    return LogInRules(
        base_url=settings.base_url(),
        sessions=SessionRules(settings.session_idle_seconds, settings.session_absolute_seconds),
        throttle=ThrottleRules(
            account_failures=settings.login_account_failures,
            pair_failures=settings.login_pair_failures,
            address_failures=settings.login_address_failures,
            longest_seconds=settings.login_longest_wait_seconds,
        ),
    )


def build_log_in(
    under: Foundations,
    rules: LogInRules,
    hasher: PasswordHasher | None = None,
    verifier: PasskeyVerifier | None = None,
    at_once: int = 2,
) -> LogIn:
    """Join the services; `at_once` passwords are hashed at the same time."""
    ground = under.ground
    hasher = hasher or Argon2Passwords(ground.pepper, ground.chance, at_once)
    verifier = verifier or WebAuthn(rules.base_url)
    people, failures = People(SqlPeople()), FailureCounting()
    journal = Journal(under.audit, people)
    throttle = Throttle(SqlAttempts(), ground, rules.throttle)
    by_password = PasswordWay(people, SqlPasswords(), ground.units, hasher, throttle, failures)
    sessions = Sessions(SqlSessions(), people, journal, ground, rules.sessions)
    logins = Logins(people, sessions, journal, ground.units, SqlPasswords(), by_password)
    made = NewPasswords(hasher, common_passwords)
    passwords = Passwords(SqlPasswords(), people, sessions, logins, journal, ground, made, by_password)
    challenges = Challenges(ground)
    way = PasskeyWay(SqlPasskeys(), ground, verifier, challenges, failures)
    passkeys = Passkeys(SqlPasskeys(), logins, passwords, journal, ground, verifier, challenges, way)
    rooms = Rooms(under.organizations, people, under.members, under.invites, sessions, logins, passwords, passkeys)
    accounts = Accounts(SqlSetupLinks(), ground, rooms)
    return LogIn(people, sessions, logins, passwords, passkeys, accounts, failures)
