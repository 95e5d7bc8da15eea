"""What the operator does to what is stored: the same through a running server's socket and beside a stopped one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import BrowserSessionId, InviteId, OrganizationId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.accounts.model import BrowserSession
from antechamber.features.apikeys.model import AdminDraft
from antechamber.features.organizations.model import Member, check_email, check_name
from antechamber.features.organizations.service import accept_url
from antechamber.wiring.first_run import Founded
from antechamber.wiring.oauth_acts import (
    create_client,
    delete_client,
    get_client,
    list_clients,
    rotate_client_secret,
)
from antechamber.wiring.resealing import reseal_slice
from antechamber.wiring.storage import Storage

Asked: TypeAlias = Mapping[str, Any]
Act: TypeAlias = Callable[[Storage, Asked], Awaitable[Mapping[str, Any]]]


async def _mint_token(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    organization_id = await _organization(storage, asked)
    scope, seconds, email = str(asked["scope"]), int(asked["ttl_seconds"]), asked.get("email")
    token, secret = await storage.tokens.mint(organization_id, scope, seconds, OPERATOR, email=email)
    return {
        "access_token": secret.reveal(),
        "expires_at": token.expires_at,
        "scope": token.scope,
        "user_id": token.user_id,
        "organization_id": organization_id,
    }


async def _add_person(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    organization_id = await _organization(storage, asked)
    role, name = _role(asked), str(asked.get("name") or "")
    return _shown_member(await storage.members.add(organization_id, str(asked["email"]), name, role, OPERATOR))


async def _list_people(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    organization_id = await _organization(storage, asked)
    async with storage.database.read() as unit:
        found = await storage.members.by_role(unit, organization_id, list(OrganizationRole))
    return {"data": [_shown_member(member) for member in found]}


async def _appoint_person(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    member = await _member(storage, asked)
    return _shown_member(await storage.members.appoint(member.organization_id, member.id, _role(asked), OPERATOR))


async def _remove_person(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    member = await _member(storage, asked)
    await storage.members.dismiss(member.organization_id, member.id, OPERATOR)
    return {"id": member.id, "type": "user_deleted"}


async def _password_link(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    link, secret = await storage.passwords.create_link(await _member(storage, asked), OPERATOR)
    url = f"{storage.settings.base_url()}/password?token={secret.reveal()}"
    return {"url": url, "email": link.email, "expires_at": to_rfc3339(link.expires_at)}


async def _list_sessions(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    member = await _member(storage, asked)
    return {"data": [_shown_session(session) for session in await storage.sessions.listing(member.id)]}


async def _revoke_sessions(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    member, session_id = await _member(storage, asked), asked.get("session_id")
    if session_id is None:
        return {"revoked": await storage.sessions.revoke_all(member.id, OPERATOR)}
    await storage.sessions.revoke(member.id, BrowserSessionId(str(session_id)), OPERATOR)
    return {"revoked": 1}


async def _invite_link(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    organization_id = await _organization(storage, asked)
    secret = await storage.invites.secret(organization_id, InviteId(str(asked["invite_id"])))
    return {"url": accept_url(storage.settings.base_url(), secret)}


async def _make_admin_key(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    organization_id, seconds = await _organization(storage, asked), asked.get("expires_in_seconds")
    draft = AdminDraft(
        name=str(asked["name"]),
        scopes=tuple(asked.get("scopes") or ()),
        expires_at=None if seconds is None else storage.clock.now() + int(seconds) * MICROSECONDS,
    )
    async with storage.database.begin() as unit:
        key, secret = await storage.admin_keys.make(unit, organization_id, draft, OPERATOR)
    return {"id": key.id, "name": key.name, "scopes": list(key.scopes), "secret": secret.reveal()}


async def _make_claude_code_key(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    member = await _member(storage, asked)
    async with storage.database.begin() as unit:
        key, secret = await storage.api_keys.claude_code_key(unit, member.organization_id, member.id, OPERATOR)
    return {"id": key.id, "name": key.name, "user_id": key.user_id, "secret": secret.reveal()}


async def _create_organization(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    name, email = check_name(str(asked["name"])), check_email(str(asked["admin_email"]), "admin_email")
    made = await storage.founder.found(name, email, admin_key=True, api_key=True)
    return shown_founding(storage, made)


async def _list_organizations(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    del asked
    found = await storage.organizations.everyone()
    return {"data": [{"id": each.id, "type": "organization", "name": each.name} for each in found]}


def shown_founding(storage: Storage, made: Founded) -> Mapping[str, Any]:
    """Return what the operator learns of a new organisation, the secrets for the only time."""
    return {
        "organization_id": made.organization_id,
        "workspace_id": made.workspace_id,
        "admin_email": made.admin_email,
        "admin_key": made.admin_key.reveal() if made.admin_key else None,
        "api_key": made.api_key.reveal() if made.api_key else None,
        "setup_url": f"{storage.settings.base_url()}/setup?token={made.setup_secret.reveal()}",
    }


ACTS: Final[Mapping[str, Act]] = {
    "admin_key.make": _make_admin_key,
    "claude_code_key.make": _make_claude_code_key,
    "invite.link": _invite_link,
    "oauth_clients.create": create_client,
    "oauth_clients.delete": delete_client,
    "oauth_clients.get": get_client,
    "oauth_clients.list": list_clients,
    "oauth_clients.rotate_secret": rotate_client_secret,
    "organizations.create": _create_organization,
    "organizations.list": _list_organizations,
    "people.add": _add_person,
    "people.appoint": _appoint_person,
    "people.list": _list_people,
    "people.password_link": _password_link,
    "people.remove": _remove_person,
    "people.revoke_sessions": _revoke_sessions,
    "people.sessions": _list_sessions,
    "secrets.reseal": reseal_slice,
    "token.mint": _mint_token,
}


def bound_to(storage: Storage) -> dict[str, Callable[[Asked], Awaitable[Mapping[str, Any]]]]:
    """Return the acts as a running server's socket answers them."""

    def bind(act: Act) -> Callable[[Asked], Awaitable[Mapping[str, Any]]]:
        return lambda asked: act(storage, asked)

    return {name: bind(act) for name, act in ACTS.items()}


async def _organization(storage: Storage, asked: Asked) -> OrganizationId:
    return await storage.sole_organization(asked.get("organization_id"))


async def _member(storage: Storage, asked: Asked) -> Member:
    organization_id, email = await _organization(storage, asked), str(asked["email"])
    async with storage.database.read() as unit:
        member = await storage.members.find_by_email(unit, organization_id, email)
    if member is None:
        message = f"email: {email} is not a member of the organization"
        raise InvalidRequest(message)
    return member


def _role(asked: Asked) -> OrganizationRole:
    try:
        return OrganizationRole(asked["role"])
    except ValueError:
        message = f"role: must be one of: {', '.join(OrganizationRole)}"
        raise InvalidRequest(message) from None


def _shown_member(member: Member) -> Mapping[str, Any]:
    # with it comes what checks requests, which a server that serves models does without
    from antechamber.features.organizations.wire import member_fields  # noqa: PLC0415 - see above

    return member_fields(member)


def _shown_session(session: BrowserSession) -> Mapping[str, Any]:
    return {
        "id": session.id,
        "type": "browser_session",
        "created_at": to_rfc3339(session.created_at),
        "last_seen_at": to_rfc3339(session.last_seen_at),
        "expires_at": to_rfc3339(session.expires_at),
        "ip_address": session.address,
        "user_agent": session.user_agent,
    }
