"""Proving who one is by a password: the same work and the same answer whether or not there is such a person."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.secret import Secret
from antechamber.base.unit import Units
from antechamber.features.accounts.model import (
    Proven,
    Reason,
    Refused,
    StoredPassword,
    Verdict,
    Way,
    normalize_password,
)
from antechamber.features.accounts.ports import FailureCounts, PasswordHasher, PasswordStore
from antechamber.features.accounts.service.throttle import Throttle
from antechamber.features.organizations.service import People

_NOBODY: Final = UserId("")
WRONG_STATUS: Final = 401
THROTTLED_STATUS: Final = 429


@dataclass(frozen=True, slots=True)
class PasswordEvidence:
    """What somebody typed."""

    email: str
    password: Secret


@dataclass(frozen=True, slots=True)
class _Meant:
    """Whom an address means; nobody, as often as not."""

    user_id: UserId | None
    password: StoredPassword | None
    organization_ids: tuple[OrganizationId, ...]


class PasswordWay:
    """Proves people by their passwords (`ports.WayIn`)."""

    def __init__(
        self,
        people: People,
        store: PasswordStore,
        units: Units,
        hasher: PasswordHasher,
        throttle: Throttle,
        failures: FailureCounts,
    ) -> None:
        self._people = people
        self._store = store
        self._units = units
        self._hasher = hasher
        self._throttle = throttle
        self._failures = failures

    async def prove(self, evidence: PasswordEvidence, by: Actor) -> Proven | Refused:
        """Return whom a password proves; a throttled attempt costs no work, and says how long to wait."""
        meant = await self._meant(evidence.email)
        ticket = await self._throttle.begin(evidence.email, by)
        if isinstance(ticket, Refused):
            self._failures.failed(meant.organization_ids, meant.user_id, by, THROTTLED_STATUS)
            return ticket
        typed, kept = normalize_password(evidence.password.reveal()), meant.password
        verdict = await self._hasher.verify(None if kept is None else kept.encoded, typed)
        if verdict is Verdict.WRONG or meant.user_id is None or kept is None or typed is None:
            self._failures.failed(meant.organization_ids, meant.user_id, by, WRONG_STATUS)
            return Refused(Reason.WRONG)
        if verdict is Verdict.STALE:
            await self._renew(meant.user_id, kept.encoded, typed)
        await self._throttle.succeed(ticket)
        return Proven(meant.user_id, Way.PASSWORD, ticket.failures, kept.set_at)

    async def _meant(self, email: str) -> _Meant:
        async with self._units.read() as unit:
            person = await self._people.find_by_email(unit, email)
            user_id = _NOBODY if person is None else person.id
            password = await self._store.find(unit, user_id)
            memberships = await self._people.memberships(unit, user_id)
        ids = tuple(membership.organization_id for membership in memberships)
        return _Meant(None if person is None else person.id, password, ids)

    async def _renew(self, user_id: UserId, old: str, password: str) -> None:
        encoded = await self._hasher.hash(password)
        async with self._units.begin() as unit:
            await self._store.renew(unit, user_id, old, encoded.reveal())
