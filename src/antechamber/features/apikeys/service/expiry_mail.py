"""The letters that announce the end of a key, to whoever is to replace it."""

import dataclasses
from collections.abc import Sequence

import structlog

from antechamber.base.clock import MICROSECONDS, Clock, to_rfc3339
from antechamber.base.ids import UserId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.model import ExpiryNotice, StoredApiKey
from antechamber.features.apikeys.ports import ExpiryNoticeStore
from antechamber.features.organizations.model import Letter, MailNotSentError, Member, Organization
from antechamber.features.organizations.ports import Mail, OrganizationStore
from antechamber.features.organizations.service import Members, mail_wait_seconds, send_due

# a line of a mail has at most 998 bytes (RFC 5322 §2.1.1), a name up to 500 characters
_SHOWN_NAME = 80
_log = structlog.get_logger("mail")


def write_letter(notice: ExpiryNotice, organization: Organization, member: Member) -> Letter:
    """Return the letter that announces a key's end to one person."""
    key, ends_at = notice.key, notice.expires_at
    # a name may hold characters that end a line
    name, end = " ".join(key.name[:_SHOWN_NAME].split()), to_rfc3339(ends_at // MICROSECONDS * MICROSECONDS)
    text = (
        f'The API key "{name}" of {organization.name} expires at {end}.\n'
        f"From then on requests with it are refused, and it cannot be revived.\n"
        f"\n"
        f"    {key.id}\n"
        f"    {key.hint}\n"
        f"\n"
        f"If it is still needed, create a new key, or give this one a later end before then.\n"
    )
    # of each end and person one of its own
    return Letter(f"{key.id}.{ends_at}.{member.id}", member.email, f'The API key "{name}" expires on {end[:10]}', text)


class ExpiryMail:
    """Sends the letters that are due, until the key ends; each goes out at least once, under one message id."""

    def __init__(
        self,
        store: ExpiryNoticeStore,
        organizations: OrganizationStore,
        members: Members,
        units: Units,
        clock: Clock,
        mail: Mail,
    ) -> None:
        self._store = store
        self._organizations = organizations
        self._members = members
        self._units = units
        self._clock = clock
        self._mail = mail

    async def send_due(self) -> int:
        """Attempt every notice that is due; returns how many went out."""
        return await send_due(self._units, self._clock, self._store.sweep_mail_due, self._attempt)

    async def _attempt(self, notice: ExpiryNotice, attempts: int) -> bool:
        key, told = notice.key, set(notice.told)
        why: str | None = None
        async with self._units.read() as unit:
            organization = await self._organizations.get(unit, key.organization_id)
            members = await self._recipients(unit, key)
        for member in members:
            if organization is None or member.id in told:
                continue
            try:
                await self._mail.send(write_letter(notice, organization, member))
            except MailNotSentError as error:
                why = str(error)
            else:
                told.add(member.id)
        wait = None if why is None else mail_wait_seconds(attempts)
        due_at = None if wait is None else self._clock.now() + wait * MICROSECONDS
        noted = dataclasses.replace(notice, told=frozenset(told))
        async with self._units.begin() as unit:
            await self._store.note_mail(unit, key.organization_id, noted, due_at=due_at, attempts=attempts)
        if why is not None:
            _log.warning("a letter did not go out", api_key=key.id, note=why, again_in_seconds=wait)
        return why is None

    async def _recipients(self, unit: Unit, key: StoredApiKey) -> Sequence[Member]:
        """Return as whom the key acts, or who made it; the organisation's admins if neither is a member now."""
        persons = [UserId(user_id) for user_id in (key.user_id, key.created_by) if user_id is not None]
        known = await self._members.names(unit, key.organization_id, persons)
        for person in persons:
            if person in known and known[person].removed_at is None:
                return [known[person]]
        return await self._members.by_role(unit, key.organization_id, [OrganizationRole.ADMIN])
