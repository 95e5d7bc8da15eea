"""The letters that tell of decisions, to whoever asked for more."""

from typing import Final

import structlog

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.unit import Units
from antechamber.features.limits.model.increases import IncreaseRequest, RequestStatus
from antechamber.features.limits.ports import Holders, IncreaseStore
from antechamber.features.organizations.model import Letter, MailNotSentError, Member
from antechamber.features.organizations.ports import Mail
from antechamber.features.organizations.service import mail_wait_seconds, send_due

# two days: what is older than that is no news any more
_MOST_ATTEMPTS: Final = 15
_log = structlog.get_logger("mail")


def write_letter(request: IncreaseRequest, member: Member) -> Letter:
    """Return the letter of a decision."""
    rest = "your new limit is in force" if request.status is RequestStatus.APPROVED else "your limits are as they were"
    text = f"Your request for a higher {request.period} spend limit was {request.status}; {rest}.\n"
    return Letter(request.id, member.email, f"Your request for a higher spend limit was {request.status}", text)


class IncreaseMail:
    """Sends what is due; a letter goes out at least once, under one message id."""

    def __init__(self, store: IncreaseStore, holders: Holders, units: Units, clock: Clock, mail: Mail) -> None:
        self._store = store
        self._holders = holders
        self._units = units
        self._clock = clock
        self._mail = mail

    async def send_due(self) -> int:
        """Attempt every letter that is due; returns how many went out."""
        return await send_due(self._units, self._clock, self._store.sweep_mail_due, self._attempt)

    async def _attempt(self, request: IncreaseRequest, attempts: int) -> bool:
        why: str | None = None
        try:
            # who has left meanwhile is told nothing
            for member in await self._holders.members_among(request.organization_id, [request.user_id]):
                await self._mail.send(write_letter(request, member))
        except MailNotSentError as error:
            why = str(error)
        wait = None if why is None or attempts >= _MOST_ATTEMPTS else mail_wait_seconds(attempts)
        due_at = None if wait is None else self._clock.now() + wait * MICROSECONDS
        async with self._units.begin() as unit:
            await self._store.note_mail(unit, request.organization_id, request.id, due_at=due_at, attempts=attempts)
        if why is not None:
            _log.warning("a letter did not go out", increase_request=request.id, note=why, again_in_seconds=wait)
        return why is None
