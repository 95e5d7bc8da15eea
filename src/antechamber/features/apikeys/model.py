"""What a key is, and the rules by which it changes."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from ipaddress import ip_network
from typing import Final, Generic, TypeVar
from unicodedata import category

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.base.permissions import SCOPES
from antechamber.base.principal import Network
from antechamber.base.secret import Secret

MAX_NAME: Final = 500
MAX_MODELS: Final = 100
MAX_MODEL_NAME: Final = 256
MAX_NETWORKS: Final = 100
DAY: Final = 86_400_000_000  # microseconds
MAX_OVERLAP: Final = 30 * DAY
DEFAULT_OVERLAP: Final = DAY
MAX_LIVE_SECRETS: Final = 10
# how long before its end a key that was given so long a life is announced, the longest first (wire-admin.md 2.6)
_NOTICES: Final = ((14 * DAY, 7 * DAY), (7 * DAY, DAY))
# an end given as a length is reckoned from when the request came in, which is before the key is made
_SLACK: Final = 60_000_000
# what an admin key can be limited to: a person's scopes are not for it, and it makes no further admin keys
KEY_SCOPES: Final = frozenset(scope for scope in SCOPES if not scope.startswith("user:")) - {"write:admin_keys"}

Thing = TypeVar("Thing")


class Status(StrEnum):
    """Whether a key opens anything; `expired` is computed, never stored (wire-admin.md 2.6)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    EXPIRED = "expired"
    INACTIVE = "inactive"


class Keep(Enum):
    """What a change leaves as it is."""

    IT = "keep"


# Nobody changes it. It is not frozen, for that would double what it takes to make one, and a page may have a thousand.
@dataclass(slots=True)
class StoredApiKey:
    """A workspace's key without its secret.

    `user_id` is the person whom a personal key acts as, `created_by` the one who made it; both None when nobody.
    `hint` is of the newest secret. `models` and `networks` limit where it opens; None lets everything through.
    """

    id: ApiKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    default_workspace: bool
    name: str
    status: Status
    hint: str
    user_id: UserId | None
    created_at: int
    expires_at: int | None
    created_by: UserId | None = None
    models: tuple[str, ...] | None = None
    networks: tuple[Network, ...] | None = None

    def at(self, now: int) -> "StoredApiKey":
        """Return it with the status that it has at an instant (microseconds)."""
        ended = self.expires_at is not None and self.expires_at <= now and self.status is not Status.ARCHIVED
        return dataclasses.replace(self, status=Status.EXPIRED) if ended else self


@dataclass(frozen=True, slots=True)
class ExpiryNotice:
    """That a key is about to expire, at this instant; `told` are the persons to whom the letter went out."""

    key: StoredApiKey
    expires_at: int
    told: frozenset[UserId] = frozenset()


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One of a key's secrets, without its text; it opens until `revoke_at`, and the key's own end at the latest."""

    hint: str
    created_at: int
    revoke_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Rotated:
    """A key with its new secret, and until when (microseconds) the earlier ones open."""

    key: StoredApiKey
    secret: Secret
    revoke_at: int


@dataclass(frozen=True, slots=True)
class Unused(Generic[Thing]):
    """Something that has not been used for a while, and when it last was, if ever."""

    thing: Thing
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class StoredAdminKey:
    """An organisation's admin key without its secret; without scopes it holds the whole administration."""

    id: AdminKeyId
    organization_id: OrganizationId
    name: str
    status: Status
    hint: str
    created_at: int
    expires_at: int | None
    scopes: tuple[str, ...] = ()
    created_by: UserId | None = None
    last_used_at: int | None = None

    def at(self, now: int) -> "StoredAdminKey":
        """Return it with the status that it has at an instant (microseconds)."""
        ended = self.expires_at is not None and self.expires_at <= now and self.status is Status.ACTIVE
        return dataclasses.replace(self, status=Status.EXPIRED) if ended else self


@dataclass(frozen=True, slots=True)
class Draft:
    """A key that is to be made; without a workspace it belongs to the Default one, without a person to nobody."""

    name: str
    workspace_id: WorkspaceId | None = None
    user_id: UserId | None = None
    expires_at: int | None = None
    models: tuple[str, ...] | None = None
    networks: tuple[Network, ...] | None = None


@dataclass(frozen=True, slots=True)
class AdminDraft:
    """An admin key that is to be made; without scopes it holds the whole administration."""

    name: str
    scopes: tuple[str, ...] = ()
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a key; None lifts a limit."""

    name: str | Keep = Keep.IT
    status: Status | Keep = Keep.IT
    expires_at: int | Keep | None = Keep.IT
    models: tuple[str, ...] | Keep | None = Keep.IT
    networks: tuple[Network, ...] | Keep | None = Keep.IT


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which keys a list shows."""

    status: Status | None = None
    workspace_id: str | None = None
    created_by: str | None = None
    of_person: UserId | None = None  # those that act as a person, and those that they made
    archived: bool = True  # whether archived ones are among them


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key as its person sees it; `last_used_at` None if it never was."""

    key: StoredApiKey
    workspace_name: str
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many keys may be active at once, in the organisation and in each workspace; None for any number."""

    organization: int | None = None
    workspace: int | None = None


_CHANGES: Final = tuple(field.name for field in dataclasses.fields(Change))
_LIVING: Final = frozenset({Status.ACTIVE, Status.INACTIVE})


def revise(key: StoredApiKey, change: Change, now: int) -> StoredApiKey:
    """Return the key as a change makes it; InvalidRequest for what its status forbids.

    An archived key changes no more; an expired one can be renamed or archived, not revived (wire-admin.md 2.6). What
    would change nothing is let through. An end that has passed means now.
    """
    wanted = {name: value for name in _CHANGES if (value := getattr(change, name)) is not Keep.IT}
    status = key.at(now).status
    ends = wanted.get("expires_at")
    if isinstance(ends, int) and ends <= now:
        wanted["expires_at"] = now
        if status is Status.EXPIRED:
            del wanted["expires_at"]
    changed = {name for name, value in wanted.items() if getattr(key, name) != value}
    if status is Status.ARCHIVED and changed:
        message = "status: an archived API key cannot be changed any more; create a new one"
        raise InvalidRequest(message)
    if status is Status.EXPIRED and ("expires_at" in wanted or wanted.get("status") in _LIVING):
        message = "status: an expired API key cannot be revived; create a new one"
        raise InvalidRequest(message)
    if isinstance(change.name, str):
        check_name(change.name)
    return dataclasses.replace(key, **wanted)


def check_name(name: str) -> str:
    """Return the name; InvalidRequest unless it has 1 to 500 characters, not only space and none of control."""
    if not 1 <= len(name) <= MAX_NAME or not name.strip() or any(category(sign) == "Cc" for sign in name):
        message = f"name: must be 1 to {MAX_NAME} characters, with no control characters"
        raise InvalidRequest(message)
    return name


def check_models(models: Sequence[str]) -> tuple[str, ...]:
    """Return a key's models, each once; InvalidRequest unless they are 1 to 100 names or globs."""
    if not 1 <= len(models) <= MAX_MODELS:
        message = f"models: must be 1 to {MAX_MODELS} names or globs; null lets every model through"
        raise InvalidRequest(message)
    for model in models:
        if not 1 <= len(model) <= MAX_MODEL_NAME or not model.isprintable():
            message = f"models: each must be 1 to {MAX_MODEL_NAME} printable characters"
            raise InvalidRequest(message)
    return tuple(dict.fromkeys(models))


def check_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return a key's networks, each once; InvalidRequest unless they are 1 to 100 IPv4 or IPv6 addresses or CIDRs."""
    if not 1 <= len(texts) <= MAX_NETWORKS:
        message = f"allowed_ips: must be 1 to {MAX_NETWORKS} addresses or networks; null lets every address through"
        raise InvalidRequest(message)
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            message = f"allowed_ips: {error}; write an address or a network, as 192.0.2.0/24 or 2001:db8::/32"
            raise InvalidRequest(message) from None
    return tuple(dict.fromkeys(found))


def check_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    """Return an admin key's scopes, each once; InvalidRequest for one that no admin key has."""
    for scope in scopes:
        if scope not in KEY_SCOPES:
            message = f"scopes: {scope!r} is not one of: {', '.join(sorted(KEY_SCOPES))}"
            raise InvalidRequest(message)
    return tuple(dict.fromkeys(scopes))


def check_expiry(expires_at: int | None, now: int) -> int | None:
    """Return a new key's end (microseconds); InvalidRequest unless it lies ahead."""
    if expires_at is not None and expires_at <= now:
        message = "expires_at: must lie in the future"
        raise InvalidRequest(message)
    return expires_at


def notice_at(created_at: int, expires_at: int | None) -> int | None:
    """Return when a key's end is to be announced (microseconds); None for no end, and for a life under 7 days."""
    if expires_at is None:
        return None
    life = expires_at - created_at + _SLACK
    return next((expires_at - before for least, before in _NOTICES if life >= least), None)


def check_rotation(key: StoredApiKey, secrets: Sequence[StoredSecret], revoke_at: int | None, now: int) -> int:
    """Return when a rotated key's earlier secrets end: in a day, or as asked (now, if that has passed).

    InvalidRequest for a key that is archived or has expired, for an end over 30 days ahead, and for an eleventh secret
    that would open at once with the others.
    """
    if key.status in {Status.ARCHIVED, Status.EXPIRED}:
        message = f"This API key is {key.status}; create a new one."
        raise InvalidRequest(message)
    until = now + DEFAULT_OVERLAP if revoke_at is None else max(revoke_at, now)
    if until > now + MAX_OVERLAP:
        message = "revoke_at: must be within 30 days"
        raise InvalidRequest(message)
    live = sum(1 for secret in secrets if min(secret.revoke_at or until, until) > now)
    if live >= MAX_LIVE_SECRETS:
        message = f"This API key has {MAX_LIVE_SECRETS} secrets that still open; wait, or pass revoke_at to end them."
        raise InvalidRequest(message)
    return until
