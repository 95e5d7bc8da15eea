"""What the pages of keys stand on: the services, whose organisation it is about, and the page itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Query, Request, Response

from antechamber.base.errors import NotFound, WireError
from antechamber.base.page import IdCursor
from antechamber.base.permissions import HELD, ROLES, Kind, Permission, granted
from antechamber.base.secret import SecretKind, is_ours
from antechamber.features.accounts.model import BrowserSession
from antechamber.features.accounts.service import Logins
from antechamber.features.apikeys.model import DAY, KEY_SCOPES
from antechamber.features.apikeys.service import AdminKeys, OwnKeys
from antechamber.features.organizations.model import Membership
from antechamber.http.browser import browser_of, visitor
from antechamber.http.pages import lead, render, words
from antechamber.http.pages.filled import Filled, Saying

KEYS: Final = "/account/keys"
ADMIN_KEYS: Final = "/account/keys/admin"
_NOTHING: Final = Filled()
_A_PAGE: Final = 50
_MOST_ADMIN_KEYS: Final = 1000
# days, and the text for each; a key without an end is there for who wants one
LASTING: Final[Mapping[str, str]] = {
    "7": "keys.days_7",
    "30": "keys.days_30",
    "90": "keys.days_90",
    "365": "keys.days_365",
    "": "keys.days_never",
}
# what an admin key can be given here: whatever lets one do something
OFFERED: Final = tuple(
    scope
    for scope in sorted(KEY_SCOPES)
    if scope.startswith(("read:", "write:")) and granted((scope,)) & HELD[Kind.ADMIN_KEY]
)
_SAID: Final = {
    "active": "keys.enabled",
    "archived": "keys.archived",
    "inactive": "keys.disabled",
    "revoked": "keys.revoked",
}
# what a service's refusal is about, by how it begins, and what is said there
_SAYINGS: Final[Mapping[str, tuple[str, str]]] = {
    "expires_at": ("days", "keys.days_wrong"),
    "models": ("models", "keys.models_wrong"),
    "name": ("name", "keys.name_wrong"),
    "org_api_key_limit_exceeded": ("", "keys.too_many"),
    "workspace_api_key_limit_exceeded": ("workspace", "keys.too_many_here"),
}

# who is logged in; anybody else is led to the log-in page
Guest: TypeAlias = Annotated[BrowserSession, Depends(visitor)]
Chosen = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """The services; `base_url` is how callers reach this server."""

    own: OwnKeys
    admin: AdminKeys
    logins: Logins
    base_url: str

    async def membership(self, visit: BrowserSession, chosen: str) -> tuple[Membership, Sequence[Membership]]:
        """Return the organisation that is meant, the first if none is named, and all; NotFound for a foreign one."""
        memberships = await self.logins.memberships(visit.user_id)
        for membership in memberships:
            if chosen in {"", membership.organization_id}:
                return membership, memberships
        message = "You are in no such organization."
        raise NotFound(message)


def holds(membership: Membership, permission: Permission) -> bool:
    """Say whether a person's role in an organisation holds a permission."""
    return permission in ROLES[membership.role]


def ends_at(days: str, now: int) -> int | None:
    """Return when a key that lasts so many days ends; None for never."""
    return now + int(days) * DAY if days else None


def wrong(fields: Mapping[str, str], error: WireError, prefix: str = "") -> Filled:
    """Return a form with what was typed, and a service's refusal beside its field, whose name has the prefix."""
    said = error.error_code or error.message.partition(":")[0]
    field, key = _SAYINGS.get(said, ("", ""))
    saying = Saying(key) if key else Saying("error.in_words", {"words": error.message})
    return Filled(fields, {f"{prefix}{field}" if field else "": saying})


def led_back(membership: Membership, said: str = "", anchor: str = "") -> Response:
    """Lead back to the page of the organisation's keys."""
    note = f"&said={said}" if said else ""
    return lead(f"{KEYS}?organization={membership.organization_id}{note}{anchor}")


async def page(
    request: Request,
    desk: KeyDesk,
    visit: BrowserSession,
    chosen: str,
    status: int = 200,
    filled: Filled = _NOTHING,
    *,
    after: str = "",
    said: str = "",
) -> Response:
    """Return the page; a secret that was just made is shown on it, once."""
    membership, memberships = await desk.membership(visit, chosen)
    organization_id = membership.organization_id
    keys = await desk.own.listing(organization_id, visit.user_id, IdCursor(_A_PAGE, after_id=after or None))
    sees_admin = holds(membership, Permission.ADMIN_KEYS_READ)
    admin = await desk.admin.listing(organization_id, IdCursor(_MOST_ADMIN_KEYS)) if sees_admin else None
    once = browser_of(request).once(request)
    response = await render(
        request,
        "apikeys/keys.html",
        status,
        filled=filled,
        here=membership,
        memberships=memberships,
        workspaces=[(each.id, each.name) for each in await desk.own.workspaces(organization_id, visit.user_id)],
        keys=keys.items,
        further=keys.items[-1].key.id if keys.has_more else "",
        sees_admin=sees_admin,
        makes_admin=holds(membership, Permission.ADMIN_KEYS_WRITE),
        admin_keys=admin.items if admin else (),
        offered=OFFERED,
        lasting=[(days, words(request, Saying(key))) for days, key in LASTING.items()],
        base_url=desk.base_url,
        secret=once if is_ours(once) else "",
        is_admin_secret=once.startswith(SecretKind.ADMIN_KEY),
        said=_SAID.get(said, ""),
    )
    return browser_of(request).forget_once(response) if once else response
