"""The use-cases of log-in: a way of proving who one is on the one side, a browser session on the other."""

from collections.abc import Sequence
from typing import TypeVar

from antechamber.base.actor import Actor
from antechamber.base.ids import UserId
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.features.accounts.model import BrowserSession, LoggedIn, Proven, Reason, Refused, Way
from antechamber.features.accounts.ports import PasswordStore, WayIn
from antechamber.features.accounts.service.journal import Journal, acting
from antechamber.features.accounts.service.proving import PasswordEvidence
from antechamber.features.accounts.service.sessions import Sessions
from antechamber.features.audit.model import ActivityType
from antechamber.features.organizations.model import Membership
from antechamber.features.organizations.service import People

Evidence = TypeVar("Evidence")

_ACTS = {
    Way.LINK: ActivityType.LOGIN_SUCCEEDED,
    Way.PASSKEY: ActivityType.PASSKEY_LOGIN_SUCCEEDED,
    Way.PASSWORD: ActivityType.PASSWORD_LOGIN_SUCCEEDED,
}


class Logins:
    """Lets people in, by whichever way they prove who they are, and out."""

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        journal: Journal,
        units: Units,
        passwords: PasswordStore,
        by_password: WayIn[PasswordEvidence],
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._journal = journal
        self._units = units
        self._passwords = passwords
        self._by_password = by_password

    async def log_in(self, email: str, password: str, by: Actor, previous: str | None = None) -> LoggedIn | Refused:
        """Log a person in by password; `by` is the unauthenticated caller, `previous` the secret in their cookie.

        The session of `previous` ends. Whoever it is that does not exist, or has no password, is WRONG as a wrong
        password is, after the same work.
        """
        return await self.through(self._by_password, PasswordEvidence(email, Secret(password)), by, previous)

    async def through(
        self, way: WayIn[Evidence], evidence: Evidence, by: Actor, previous: str | None = None
    ) -> LoggedIn | Refused:
        """Log a person in by whichever way."""
        proven = await way.prove(evidence, by)
        return proven if isinstance(proven, Refused) else await self.enter(proven, by, previous)

    async def enter(self, proven: Proven, by: Actor, previous: str | None = None) -> LoggedIn | Refused:
        """Open a session for who has proved who they are; NO_MEMBERSHIP for who is a member nowhere any more."""
        async with self._units.begin() as unit:
            person = await self._people.find(unit, proven.user_id)
            if person is None or not await self._people.memberships(unit, proven.user_id):
                return Refused(Reason.NO_MEMBERSHIP)
            if await self._has_changed(unit, proven):
                return Refused(Reason.WRONG)
            await self._sessions.forget(unit, previous)
            entered = await self._sessions.open(unit, person, by)
            await self._journal.record(
                unit,
                person.id,
                acting(by, person.id),
                _ACTS[proven.way],
                email=person.email,
                session_id=entered.session.id,
                failed_attempts=proven.failures,
            )
        return entered

    async def _has_changed(self, unit: Unit, proven: Proven) -> bool:
        """Say whether the password was changed after it was checked, which ended the sessions that there were."""
        if proven.password_set_at is None:
            return False
        kept = await self._passwords.hold(unit, proven.user_id)
        return kept is None or kept.set_at != proven.password_set_at

    async def log_out(self, session: BrowserSession, by: Actor) -> None:
        """End a session; one that has ended already is none the worse."""
        async with self._units.begin() as unit:
            if await self._sessions.close(unit, session):
                actor = acting(by, session.user_id)
                await self._journal.record(
                    unit, session.user_id, actor, ActivityType.LOGGED_OUT, email=session.email, session_id=session.id
                )

    async def memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Return where a person is a member now."""
        async with self._units.read() as unit:
            return await self._people.memberships(unit, user_id)
