"""The use-cases of passwords: setting and changing one, and the operator's link for who has lost theirs."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest, NotFound, PermissionDenied, RateLimited
from antechamber.base.ids import Kind, UserId, mint
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import (
    PASSWORD_LINK_SECONDS,
    BrowserSession,
    LinkStatus,
    LoggedIn,
    PasswordLink,
    Proven,
    Reason,
    Refused,
    Way,
    check_password,
)
from antechamber.features.accounts.ports import PasswordHasher, PasswordStore, WayIn
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.accounts.service.journal import Journal, acting
from antechamber.features.accounts.service.logins import Logins
from antechamber.features.accounts.service.proving import PasswordEvidence
from antechamber.features.accounts.service.sessions import Sessions
from antechamber.features.audit.model import ActivityType
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import People

_LONGEST_SECRET: Final = 200


class NewPasswords:
    """Checks new passwords and hashes them; `common` returns those that guessers try first, case-folded."""

    def __init__(self, hasher: PasswordHasher, common: Callable[[], AbstractSet[str]]) -> None:
        self._hasher = hasher
        self._common = common

    async def hashed(self, text: str, known: Iterable[str]) -> Secret:
        """Return the encoded hash of a new password; InvalidRequest if it is a weak one (`model.check_password`)."""
        return await self._hasher.hash(check_password(text, known, self._common()))


class Passwords:
    """Sets and changes passwords; a change ends every other session, and its own gets another secret."""

    def __init__(
        self,
        store: PasswordStore,
        people: People,
        sessions: Sessions,
        logins: Logins,
        journal: Journal,
        ground: Ground,
        made: NewPasswords,
        by_password: WayIn[PasswordEvidence],
    ) -> None:
        self._store = store
        self._people = people
        self._sessions = sessions
        self._logins = logins
        self._journal = journal
        self._ground = ground
        self._units = ground.units
        self._clock = ground.clock
        self._made = made
        self._by_password = by_password

    async def hashed(self, text: str, known: Iterable[str]) -> Secret:
        """Return the encoded hash of a new password; InvalidRequest if it is a weak one (`model.check_password`)."""
        return await self._made.hashed(text, known)

    async def has(self, user_id: UserId) -> bool:
        """Say whether a person has a password."""
        async with self._units.read() as unit:
            return await self.is_set(unit, user_id)

    async def is_set(self, unit: Unit, user_id: UserId) -> bool:
        """Say whether a person has a password, within the caller's transaction."""
        return await self._store.find(unit, user_id) is not None

    async def keep(self, unit: Unit, user_id: UserId, encoded: Secret) -> None:
        """Keep a new hash in the caller's transaction, and void the links by which another could be set."""
        await self._store.keep(unit, user_id, encoded.reveal(), self._clock.now())
        await self._store.drop_links(unit, user_id)

    async def forget(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's password, and the links for another, in the caller's transaction."""
        await self._store.remove(unit, user_id)
        await self._store.drop_links(unit, user_id)

    async def change(self, session: BrowserSession, old: str | None, new: str, by: Actor) -> LoggedIn:
        """Set a person's new password; returns their session with its new secret, and every other one ends.

        InvalidRequest `wrong_password` or of a weak new one, RateLimited after too many wrong ones; who has no
        password yet must have logged in lately, PermissionDenied `log_in_again` otherwise.
        """
        if await self.has(session.user_id):
            await self._prove(session, old or "", by)
        elif not session.is_fresh(self._clock.now()):
            raise log_in_again()
        encoded = await self.hashed(new, (session.email, session.name))
        async with self._units.begin() as unit:
            rotated = await self._sessions.rotate(unit, session, is_proved=True)
            await self.keep(unit, session.user_id, encoded)
            ended = await self._sessions.end(unit, session.user_id, but=session.id)
            await self._journal.record(
                unit,
                session.user_id,
                acting(by, session.user_id),
                ActivityType.PASSWORD_CHANGED,
                email=session.email,
                ended_sessions=ended,
            )
        return rotated

    async def _prove(self, session: BrowserSession, old: str, by: Actor) -> None:
        proven = await self._by_password.prove(PasswordEvidence(session.email, Secret(old)), by)
        if isinstance(proven, Refused):
            if proven.reason is Reason.THROTTLED:
                message = "Too many wrong passwords; try again later."
                raise RateLimited(message, error_code="throttled", retry_after=proven.wait_seconds)
            message = "old password: is not right"
            raise InvalidRequest(message, error_code="wrong_password")

    async def create_link(self, member: Member, by: Actor) -> tuple[PasswordLink, Secret]:
        """Make the one link by which a member sets a new password; its secret is returned here and never again."""
        secret = mint_secret(SecretKind.PASSWORD_LINK, self._ground.chance)
        now = self._clock.now()
        link = PasswordLink(
            id=mint(Kind.PASSWORD_LINK, self._clock, self._ground.chance),
            user_id=member.id,
            email=member.email,
            created_at=now,
            expires_at=now + PASSWORD_LINK_SECONDS * MICROSECONDS,
            used_at=None,
        )
        async with self._units.begin() as unit:
            await self._store.add_link(unit, member.id, link, self._ground.digest(secret.reveal()))
            await self._journal.record(
                unit, member.id, by, ActivityType.PASSWORD_LINK_CREATED, email=member.email, link_id=link.id
            )
        return link, secret

    async def open_link(self, secret: str) -> PasswordLink | None:
        """Return the link that a secret opens, whatever its status; None for any other text."""
        if len(secret) > _LONGEST_SECRET:
            return None
        async with self._units.read() as unit:
            link = await self._store.resolve_link(unit, self._ground.digest(secret))
            person = None if link is None else await self._people.find(unit, link.user_id)
        if link is None or person is None:
            return None
        return PasswordLink(link.id, link.user_id, person.email, link.created_at, link.expires_at, link.used_at)

    async def use_link(self, secret: str, new: str, by: Actor) -> LoggedIn | Refused:
        """Set a new password by a link, once; every session of the person ends, and they are logged in.

        NotFound for a secret that opens nothing, InvalidRequest `link_used` or `link_expired`, or of a weak password.
        """
        link = await self.open_link(secret)
        if link is None:
            message = "This link opens nothing."
            raise NotFound(message)
        _refuse_closed(link.status(self._clock.now()))
        async with self._units.read() as unit:
            person = await self._people.find(unit, link.user_id)
        encoded = await self.hashed(new, (link.email, person.name if person else ""))
        async with self._units.begin() as unit:
            now = self._clock.now()
            _refuse_closed(link.status(now))
            if not await self._store.use_link(unit, link.user_id, link.id, now):
                _refuse_closed(LinkStatus.USED)
            await self._store.keep(unit, link.user_id, encoded.reveal(), now)
            ended = await self._sessions.end(unit, link.user_id)
            await self._journal.record(
                unit,
                link.user_id,
                acting(by, link.user_id),
                ActivityType.PASSWORD_CHANGED,
                email=link.email,
                ended_sessions=ended,
                link_id=link.id,
            )
        return await self._logins.enter(Proven(link.user_id, Way.LINK), by)


def log_in_again() -> PermissionDenied:
    """Return the refusal of a change to how one gets in, in a session whose log-in lies too far back."""
    message = "Log in again first: this changes how you get in."
    return PermissionDenied(message, error_code="log_in_again")


def _refuse_closed(status: LinkStatus) -> None:
    if status is not LinkStatus.OPEN:
        message = f"This link cannot be used any more: it is {status}."
        raise InvalidRequest(message, error_code=f"link_{status}")
