"""The use-cases of links: the first admin's set-up link, and accepting an invite."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from antechamber.base.ids import Kind, OrganizationId, UserId, mint
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import (
    SETUP_SECONDS,
    BrowserSession,
    ChallengePurpose,
    Invitation,
    LinkStatus,
    LoggedIn,
    Proven,
    Refused,
    SetupLink,
    Way,
    Welcome,
    check_passkey_name,
)
from antechamber.features.accounts.ports import SetupLinkStore
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.accounts.service.journal import acting
from antechamber.features.accounts.service.logins import Logins
from antechamber.features.accounts.service.passkeys import NewPasskey, Passkeys
from antechamber.features.accounts.service.passwords import Passwords
from antechamber.features.accounts.service.sessions import Sessions
from antechamber.features.organizations.model import Invite, InviteStatus, Member, check_email, key_of
from antechamber.features.organizations.service import Invites, Members, Organizations, People

_LONGEST_SECRET: Final = 200
_STATUSES: Final = {
    InviteStatus.ACCEPTED: LinkStatus.USED,
    InviteStatus.DELETED: LinkStatus.DELETED,
    InviteStatus.EXPIRED: LinkStatus.EXPIRED,
    InviteStatus.PENDING: LinkStatus.OPEN,
}


@dataclass(frozen=True, slots=True)
class Rooms:
    """What newcomers pass through."""

    organizations: Organizations
    people: People
    members: Members
    invites: Invites
    sessions: Sessions
    logins: Logins
    passwords: Passwords
    passkeys: Passkeys


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """What somebody will get in with from now on: either of the two."""

    password: Secret | None
    passkey: NewPasskey | None


class Accounts:
    """Makes set-up links, and lets newcomers in by them and by invites.

    A link is used exactly once, however many try at once. Who has a way in already logs in and uses the link in their
    session: no link sets another password for them.
    """

    def __init__(self, store: SetupLinkStore, ground: Ground, rooms: Rooms) -> None:
        self._store = store
        self._ground = ground
        self._units = ground.units
        self._clock = ground.clock
        self._chance = ground.chance
        self._rooms = rooms

    async def create_setup_link(
        self, unit: Unit, organization_id: OrganizationId, email: str | None
    ) -> tuple[SetupLink, Secret]:
        """Make a link in the caller's transaction; InvalidRequest. Its secret is returned here and never again."""
        secret = mint_secret(SecretKind.SETUP, self._chance)
        now = self._clock.now()
        link = SetupLink(
            id=mint(Kind.SETUP, self._clock, self._chance),
            organization_id=organization_id,
            email=None if email is None else check_email(email, "admin_email"),
            created_at=now,
            expires_at=now + SETUP_SECONDS * MICROSECONDS,
            used_at=None,
        )
        await self._store.add(unit, organization_id, link, self._ground.digest(secret.reveal()))
        return link, secret

    async def open_setup_link(self, secret: str) -> SetupLink | None:
        """Return the link that a secret opens, if it can still be used."""
        async with self._units.read() as unit:
            link = await self._store.resolve_link(unit, self._ground.digest(secret))
        return link if link is not None and link.is_open(self._clock.now()) else None

    async def welcome(self, secret: str) -> Welcome | None:
        """Return what the page of a set-up link shows; None for a text that opens nothing."""
        if len(secret) > _LONGEST_SECRET:
            return None
        async with self._units.read() as unit:
            link = await self._store.resolve_link(unit, self._ground.digest(secret))
            if link is None:
                return None
            has_account = link.email is not None and await self._has_account(unit, link.email)
        organization = await self._rooms.organizations.me(link.organization_id)
        return Welcome(link.status(self._clock.now()), organization.name, link.email, has_account)

    async def use_setup_link(
        self,
        secret: str,
        email: str,
        name: str,
        password: str | None,
        by: Actor,
        *,
        passkey: str | None = None,
    ) -> LoggedIn | Refused:
        """Make whoever holds a link an admin, with a password or a passkey (`begin_passkey`), and log them in.

        NotFound for a secret that opens nothing; InvalidRequest `link_used`, `link_expired`, `other_email`, or of the
        address, name, password or passkey; Conflict `log_in_first` for who has a way in already.
        """
        link = await self._open(secret)
        address = check_email(email)
        _refuse_other(link.email, address)
        newcomer = await self._newcomer(secret, address, name, password, passkey)
        async with self._rooms.members.changing(link.organization_id) as unit:
            await self._refuse_known(unit, address, is_addressed=link.email is not None)
            await self._use(unit, link)
            member = await self._admit(unit, link.organization_id, address, name, by)
            await self._settle(unit, member, newcomer)
        return await self._rooms.logins.enter(Proven(member.id, Way.LINK), by)

    async def use_setup_link_as(self, secret: str, session: BrowserSession, by: Actor) -> LoggedIn:
        """Make a logged-in person an admin by a link; returns their session with a new secret. Errors as above."""
        link = await self._open(secret)
        _refuse_other(link.email, session.email)
        async with self._rooms.members.changing(link.organization_id) as unit:
            await self._use(unit, link)
            await self._admit(unit, link.organization_id, session.email, session.name, acting(by, session.user_id))
            return await self._rooms.sessions.rotate(unit, session, is_proved=False)

    async def invitation(self, secret: str) -> Invitation | None:
        """Return what the page of an invite shows; None for a text that opens nothing."""
        if len(secret) > _LONGEST_SECRET:
            return None
        async with self._units.read() as unit:
            invite = await self._rooms.invites.resolve(unit, secret)
            if invite is None:
                return None
            has_account = await self._has_account(unit, invite.email)
        organization = await self._rooms.organizations.me(invite.organization_id)
        status = _STATUSES[invite.status(self._clock.now())]
        return Invitation(status, organization.name, invite.email, invite.role, invite.expires_at, has_account)

    async def accept_invite(
        self, secret: str, name: str, password: str | None, by: Actor, *, passkey: str | None = None
    ) -> LoggedIn | Refused:
        """Make whoever holds an invite a member under its address, and log them in. Errors as `use_setup_link`."""
        invite = await self._pending(secret)
        newcomer = await self._newcomer(secret, invite.email, name, password, passkey)
        async with self._rooms.members.changing(invite.organization_id) as unit:
            await self._refuse_known(unit, invite.email, is_addressed=True)
            member = await self._rooms.invites.take(unit, invite.organization_id, invite.id, name, by)
            await self._settle(unit, member, newcomer)
        return await self._rooms.logins.enter(Proven(member.id, Way.LINK), by)

    async def accept_invite_as(self, secret: str, session: BrowserSession, by: Actor) -> LoggedIn:
        """Accept an invite as the person who is logged in; returns their session with a new secret.

        PermissionDenied `other_email` if the invite is for another address.
        """
        invite = await self._pending(secret)
        _refuse_other(invite.email, session.email)
        async with self._rooms.members.changing(invite.organization_id) as unit:
            actor = acting(by, session.user_id)
            await self._rooms.invites.take(unit, invite.organization_id, invite.id, session.name, actor)
            return await self._rooms.sessions.rotate(unit, session, is_proved=False)

    async def begin_passkey(self, secret: str, email: str, name: str) -> Mapping[str, object]:
        """Return creation options for the passkey that a set-up link or an invite is to be used with."""
        invitation = await self.invitation(secret)
        if invitation is None:
            _refuse_other((await self._open(secret)).email, address := check_email(email))
        else:
            address = (await self._pending(secret)).email
        return self._rooms.passkeys.welcome_options(self._place(secret, address), address, name.strip() or address)

    def _place(self, secret: str, email: str) -> str:
        return self._ground.digest(f"{secret} {key_of(email)}").hex()

    async def _newcomer(
        self, secret: str, email: str, name: str, password: str | None, passkey: str | None
    ) -> _Newcomer:
        if passkey is not None:
            place = self._place(secret, email)
            return _Newcomer(None, self._rooms.passkeys.made(passkey, ChallengePurpose.WELCOME, place))
        # work for nobody who turns out to be known
        async with self._units.read() as unit:
            if await self._has_account(unit, email):
                raise _log_in_first()
        return _Newcomer(await self._rooms.passwords.hashed(password or "", (email, name)), None)

    async def _settle(self, unit: Unit, member: Member, newcomer: _Newcomer) -> None:
        # who was here before and a member nowhere since starts anew: the mailbox may be another person's by now
        await self._rooms.passwords.forget(unit, member.id)
        await self._rooms.passkeys.forget(unit, member.id)
        await self._rooms.sessions.end(unit, member.id)
        if newcomer.password is not None:
            await self._rooms.passwords.keep(unit, member.id, newcomer.password)
        if newcomer.passkey is not None:
            name = check_passkey_name("")
            await self._rooms.passkeys.keep(unit, member.id, member.email, newcomer.passkey, name)

    async def _open(self, secret: str) -> SetupLink:
        async with self._units.read() as unit:
            link = await self._store.resolve_link(unit, self._ground.digest(secret))
        if link is None:
            message = "This link opens nothing."
            raise NotFound(message)
        _refuse_closed(link.status(self._clock.now()))
        return link

    async def _use(self, unit: Unit, link: SetupLink) -> None:
        now = self._clock.now()
        _refuse_closed(link.status(now))
        if not await self._store.use(unit, link.organization_id, link.id, now):
            _refuse_closed(LinkStatus.USED)

    async def _pending(self, secret: str) -> Invite:
        async with self._units.read() as unit:
            invite = await self._rooms.invites.resolve(unit, secret)
        if invite is None:
            message = "This link opens nothing."
            raise NotFound(message)
        _refuse_closed(_STATUSES[invite.status(self._clock.now())])
        return invite

    async def _admit(self, unit: Unit, organization_id: OrganizationId, email: str, name: str, by: Actor) -> Member:
        """Make somebody an admin, a member too whom the operator has added already."""
        known = await self._rooms.members.find_by_email(unit, organization_id, email)
        if known is None:
            return await self._rooms.members.join(unit, organization_id, email, name, OrganizationRole.ADMIN, by)
        return await self._rooms.members.raise_to(unit, known, OrganizationRole.ADMIN, by)

    async def _has_account(self, unit: Unit, email: str) -> bool:
        person = await self._rooms.people.find_by_email(unit, email)
        return person is not None and await self._is_member(unit, person.id) and await self._gets_in(unit, person.id)

    async def _is_member(self, unit: Unit, user_id: UserId) -> bool:
        return bool(await self._rooms.people.memberships(unit, user_id))

    async def _gets_in(self, unit: Unit, user_id: UserId) -> bool:
        return await self._rooms.passwords.is_set(unit, user_id) or await self._rooms.passkeys.has_any(unit, user_id)

    async def _refuse_known(self, unit: Unit, email: str, *, is_addressed: bool) -> None:
        """Refuse members of any organisation who have a way in, or whose address the link was not sent to."""
        person = await self._rooms.people.find_by_email(unit, email)
        if person is None or not await self._is_member(unit, person.id):
            return
        if not is_addressed or await self._gets_in(unit, person.id):
            raise _log_in_first()


def _refuse_closed(status: LinkStatus) -> None:
    if status is not LinkStatus.OPEN:
        message = f"This link cannot be used any more: it is {status}."
        raise InvalidRequest(message, error_code=f"link_{status}")


def _refuse_other(email: str | None, address: str) -> None:
    if email is not None and key_of(email) != key_of(address):
        message = f"This link is for {email}."
        raise PermissionDenied(message, error_code="other_email")


def _log_in_first() -> Conflict:
    message = "You have an account on this server already. Log in, then open the link again."
    return Conflict(message, error_code="log_in_first")
