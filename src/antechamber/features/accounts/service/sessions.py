"""The use-cases of browser sessions."""

import base64
import dataclasses
from typing import Final

from antechamber.base.actor import SYSTEM, Actor
from antechamber.base.errors import AuthenticationFailed, NotFound, Unavailable
from antechamber.base.ids import BrowserSessionId, Kind, UserId, is_id, mint
from antechamber.base.secret import SecretKind, mint_secret, redact
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import (
    MOST_SESSIONS,
    BrowserSession,
    LoggedIn,
    SessionRules,
    StoredSession,
)
from antechamber.features.accounts.ports import SessionStore
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.accounts.service.journal import Journal
from antechamber.features.audit.model import ActivityType
from antechamber.features.organizations.model import Person
from antechamber.features.organizations.service import People

_LONGEST_SECRET: Final = 200
_LONGEST_AGENT: Final = 500
_LONGEST_ADDRESS: Final = 64


class Sessions:
    """Opens, finds and ends browser sessions; a session of who is a member nowhere opens nothing."""

    def __init__(
        self,
        store: SessionStore,
        people: People,
        journal: Journal,
        ground: Ground,
        rules: SessionRules,
    ) -> None:
        self._store = store
        self._people = people
        self._journal = journal
        self._ground = ground
        self._units = ground.units
        self._clock = ground.clock
        self._chance = ground.chance
        self._rules = rules

    def now(self) -> int:
        """Return the instant by which sessions are judged."""
        return self._clock.now()

    async def resolve(self, secret: str) -> BrowserSession | None:
        """Return the live session that a cookie's secret opens, and note its use at most once a minute."""
        if not secret or len(secret) > _LONGEST_SECRET:
            return None
        now = self._clock.now()
        async with self._units.read() as unit:
            stored = await self._store.resolve_session(unit, self._ground.digest(secret))
            if stored is None or not self._rules.is_live(stored, now):
                return None
            person = await self._people.find(unit, stored.user_id)
            if person is None or not await self._people.memberships(unit, stored.user_id):
                return None
        if self._rules.is_to_touch(stored, now):
            stored = await self._touch(stored, now)
        return self._shown(stored, person, self._csrf(secret))

    async def listing(self, user_id: UserId) -> list[BrowserSession]:
        """Return a person's live sessions, the last used first."""
        now = self._clock.now()
        async with self._units.read() as unit:
            person = await self._people.find(unit, user_id)
            kept = await self._store.listing(unit, user_id)
        if person is None:
            return []
        return [self._shown(stored, person) for stored in kept if self._rules.is_live(stored, now)]

    async def revoke(self, user_id: UserId, session_id: BrowserSessionId, by: Actor = SYSTEM) -> None:
        """End one of a person's sessions; NotFound for any other's."""
        async with self._units.begin() as unit:
            known = is_id(Kind.BROWSER_SESSION, session_id)
            if not known or not await self._store.remove(unit, user_id, session_id):
                message = "Session not found."
                raise NotFound(message)
            await self._journal.record(unit, user_id, by, ActivityType.SESSION_REVOKED, session_id=session_id)

    async def revoke_all(self, user_id: UserId, by: Actor = SYSTEM, but: BrowserSessionId | None = None) -> int:
        """End a person's sessions, all or all but one; returns how many there were."""
        async with self._units.begin() as unit:
            count = await self.end(unit, user_id, but)
            if count:
                await self._journal.record(unit, user_id, by, ActivityType.SESSION_REVOKED, sessions=count)
        return count

    async def end(self, unit: Unit, user_id: UserId, but: BrowserSessionId | None = None) -> int:
        """End a person's sessions in the caller's transaction, which records why; returns how many there were."""
        return await self._store.remove_of(unit, user_id, but)

    async def leave(self, unit: Unit, user_id: UserId) -> None:
        """End the sessions of who is a member nowhere any more."""
        if not await self._people.memberships(unit, user_id):
            await self._store.remove_of(unit, user_id)

    async def open(self, unit: Unit, person: Person, by: Actor) -> LoggedIn:
        """Open a session in the caller's transaction, for who has proved who they are."""
        secret = mint_secret(SecretKind.BROWSER_SESSION, self._chance)
        now = self._clock.now()
        stored = StoredSession(
            id=BrowserSessionId(mint(Kind.BROWSER_SESSION, self._clock, self._chance)),
            user_id=person.id,
            created_at=now,
            proved_at=now,
            last_seen_at=now,
            ends_at=self._rules.ends_at(now),
            address=_cleaned(by.ip_address, _LONGEST_ADDRESS),
            user_agent=_cleaned(by.user_agent, _LONGEST_AGENT),
        )
        await self._store.add(unit, person.id, stored, self._ground.digest(secret.reveal()), MOST_SESSIONS)
        return LoggedIn(self._shown(stored, person, self._csrf(secret.reveal())), secret)

    async def rotate(self, unit: Unit, session: BrowserSession, *, is_proved: bool) -> LoggedIn:
        """Give a session another secret in the caller's transaction, noting a new proof if there was one.

        AuthenticationFailed if it has ended meanwhile.
        """
        secret = mint_secret(SecretKind.BROWSER_SESSION, self._chance)
        proved_at = self._clock.now() if is_proved else session.proved_at
        key = self._ground.digest(secret.reveal())
        if not await self._store.rotate(unit, session.user_id, session.id, key, proved_at):
            raise AuthenticationFailed
        rotated = dataclasses.replace(session, proved_at=proved_at, csrf=self._csrf(secret.reveal()))
        return LoggedIn(rotated, secret)

    async def forget(self, unit: Unit, secret: str | None) -> StoredSession | None:
        """End the session of a secret, such as the one that a log-in takes the place of; returns which it was."""
        if not secret or len(secret) > _LONGEST_SECRET:
            return None
        stored = await self._store.resolve_session(unit, self._ground.digest(secret))
        if stored is not None:
            await self._store.remove(unit, stored.user_id, stored.id)
        return stored

    async def close(self, unit: Unit, session: BrowserSession) -> bool:
        """End a session in the caller's transaction; False if it has ended already."""
        return await self._store.remove(unit, session.user_id, session.id)

    async def _touch(self, stored: StoredSession, now: int) -> StoredSession:
        try:
            async with self._units.begin() as unit:
                await self._store.touch(unit, stored.user_id, stored.id, now)
        except Unavailable:
            # that others hold the database is no reason to log somebody out
            return stored
        return dataclasses.replace(stored, last_seen_at=now)

    def _shown(self, stored: StoredSession, person: Person, csrf: str = "") -> BrowserSession:
        return BrowserSession(
            id=stored.id,
            user_id=stored.user_id,
            email=person.email,
            name=person.name,
            created_at=stored.created_at,
            proved_at=stored.proved_at,
            last_seen_at=stored.last_seen_at,
            expires_at=self._rules.expires_at(stored),
            address=stored.address,
            user_agent=stored.user_agent,
            csrf=csrf,
        )

    def _csrf(self, secret: str) -> str:
        value = self._ground.digest(f"antechamber csrf {secret}")
        return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _cleaned(text: str | None, longest: int) -> str | None:
    """Return what a caller may write at will as it is kept: no secrets, nothing that can't be shown, and not much."""
    if text is None:
        return None
    return "".join(character for character in redact(text)[:longest] if character.isprintable())
