"""Mails: sent in the background; those of invites are written again at each attempt, and tried until they expire."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import structlog

from antechamber.base.clock import MICROSECONDS, Clock, to_rfc3339
from antechamber.base.errors import WireError
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.features.organizations.model import Invite, Letter, MailNotSentError, Organization
from antechamber.features.organizations.ports import InviteStore, Mail, OrganizationStore
from antechamber.features.organizations.service.invitation import secret_of

_BATCH: Final = 20
_POLL_SECONDS: Final = 15.0
# longer than an attempt takes: only after a crash is a mail claimed twice
_CLAIM_SECONDS: Final = 300
_FIRST_WAIT_SECONDS: Final = 60
_LONGEST_WAIT_SECONDS: Final = 6 * 3600
_log = structlog.get_logger("mail")

Letters = TypeVar("Letters")
# what is due and how often it was tried: by now, until when it is claimed, how many at most
Sweep: TypeAlias = Callable[[Unit, int, int, int], Awaitable[Sequence[tuple[Letters, int]]]]
Attempt: TypeAlias = Callable[[Letters, int], Awaitable[bool]]


def mail_wait_seconds(attempts: int) -> int:
    """Return how long to wait after so many failed attempts: a minute, then twice as long each time, up to 6 hours."""
    return int(min(_FIRST_WAIT_SECONDS * 2 ** (attempts - 1), _LONGEST_WAIT_SECONDS))


def accept_url(base_url: str, secret: Secret) -> str:
    """Return the link by which an invite is accepted."""
    return f"{base_url}/invite?token={secret.reveal()}"


def write_letter(invite: Invite, organization: Organization, url: str) -> Letter:
    """Return the mail that invites somebody."""
    until = to_rfc3339(invite.expires_at)[:10]
    text = (
        f"You are invited to join {organization.name} on Antechamber, with the role {invite.role}.\n"
        f"\n"
        f"Open this link to accept. It is for you alone, and works until {until}:\n"
        f"\n"
        f"{url}\n"
        f"\n"
        f"If you did not expect this, do nothing.\n"
    )
    return Letter(invite.id, invite.email, f"You are invited to join {organization.name}", text)


class Mailing:
    """Sends what is due of every kind, by what is called for each; woken by whoever has something new."""

    def __init__(self, kinds: Sequence[Callable[[], Awaitable[int]]]) -> None:
        self._kinds = kinds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for due mails now."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._wake.clear()
            for send in self._kinds:
                await _try(send)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()


async def _try(send: Callable[[], Awaitable[int]]) -> None:
    try:
        await send()
    except WireError as error:
        _log.warning("mails wait for the database", note=error.note)
    except Exception:  # noqa: BLE001 - one mail that cannot be written must not end all others
        _log.exception("mails could not be sent; trying again")


async def send_due(units: Units, clock: Clock, sweep: Sweep[Letters], attempt: Attempt[Letters]) -> int:
    """Attempt every mail of a kind that is due, those that `sweep` claims for a while; returns how many went out."""
    sent = 0
    while True:
        now = clock.now()
        async with units.begin() as unit:
            due = await sweep(unit, now, now + _CLAIM_SECONDS * MICROSECONDS, _BATCH)
        for one, attempts in due:
            sent += await attempt(one, attempts + 1)
        if len(due) < _BATCH:
            return sent


class InviteMail:
    """Sends the mails of invites that are due; one goes out at least once, under one message id."""

    def __init__(
        self,
        store: InviteStore,
        organizations: OrganizationStore,
        units: Units,
        clock: Clock,
        pepper: Secret,
        mail: Mail,
        base_url: str,
    ) -> None:
        self._store = store
        self._organizations = organizations
        self._units = units
        self._clock = clock
        self._pepper = pepper
        self._mail = mail
        self._base_url = base_url

    async def send_due(self) -> int:
        """Attempt every mail that is due; returns how many went out."""
        return await send_due(self._units, self._clock, self._store.sweep_mail_due, self._attempt)

    async def _attempt(self, invite: Invite, attempts: int) -> bool:
        why: str | None = None
        try:
            async with self._units.read() as unit:
                organization = await self._organizations.get(unit, invite.organization_id)
            if organization is not None:
                url = accept_url(self._base_url, secret_of(self._pepper, invite.id))
                await self._mail.send(write_letter(invite, organization, url))
        except MailNotSentError as error:
            why = str(error)
        now = self._clock.now()
        wait = mail_wait_seconds(attempts)
        async with self._units.begin() as unit:
            await self._store.note_mail(
                unit,
                invite.organization_id,
                invite.id,
                sent_at=now if why is None else None,
                due_at=None if why is None else now + wait * MICROSECONDS,
                attempts=attempts,
            )
        if why is not None:
            _log.warning("a mail did not go out", invite=invite.id, note=why, again_in_seconds=wait)
        return why is None
