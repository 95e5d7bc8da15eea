"""Destinations, what may be said of them, and the rules (SDK type `beta.organization.BetaTelemetryDestination`)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, TelemetryDestinationId, WorkspaceId

MOST_DESTINATIONS: Final = 10
MOST_LISTED: Final = 1000
MOST_AT_ONCE: Final = 100
# beyond this many entries a list is changed one workspace at a time
MOST_REPLACED: Final = 750
MOST_CONTENT_BYTES: Final = 1 << 20
_LONGEST_NAME: Final = 255
_LONGEST_URL: Final = 2048
_SIGNAL: Final = "/v1/traces"
_PORTS: Final = {"http": 80, "https": 443}

Value = TypeVar("Value")


class ContentMode(StrEnum):
    """What exported spans contain."""

    CONTENT = "content"
    METADATA_ONLY = "metadata_only"


class Scope(StrEnum):
    """How a destination's list says which workspaces it covers."""

    ALL = "all"
    EXCLUDE = "exclude"
    INCLUDE = "include"


class DisabledReason(StrEnum):
    """Who or what disabled a destination."""

    CALLER = "caller"
    INVALID_ADDRESS = "invalid_address"
    REDIRECT = "redirect"
    SUSTAINED_FAILURE = "sustained_failure"


class Keep(Enum):
    """What a change says of what it does not mention."""

    IT = "it"


Kept: TypeAlias = Literal[Keep.IT]


@dataclass(frozen=True, slots=True)
class Traces:
    """The settings for traces; `endpoint_url` is where they go instead of the endpoint's `/v1/traces`."""

    enabled: bool = True
    content_mode: ContentMode = ContentMode.METADATA_ONLY
    endpoint_url: str | None = None
    max_content_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The latest deliveries; instants in microseconds."""

    last_success_at: int | None = None
    last_error: str | None = None
    last_error_at: int | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination; instants in microseconds, `disabled_reason` None while it is enabled."""

    id: TelemetryDestinationId
    organization_id: OrganizationId
    display_name: str | None
    endpoint_url: str
    header_names: tuple[str, ...]
    traces: Traces
    scope: Scope
    disabled_reason: DisabledReason | None
    created_at: int
    updated_at: int
    health: Health = Health()

    @property
    def address(self) -> str:
        """Where traces are posted to."""
        return self.traces.endpoint_url or self.endpoint_url.rstrip("/") + _SIGNAL


@dataclass(frozen=True, slots=True)
class ScopeDraft:
    """Which workspaces are to be covered; `workspace_ids` None is not said."""

    scope: Scope
    workspace_ids: tuple[WorkspaceId, ...] | None = None


@dataclass(frozen=True, slots=True)
class TracesDraft:
    """What is said of the traces' settings; null is the default of each."""

    enabled: bool | Kept = Keep.IT
    content_mode: ContentMode | Kept | None = Keep.IT
    endpoint_url: str | Kept | None = Keep.IT
    max_content_bytes: int | Kept | None = Keep.IT


@dataclass(frozen=True, slots=True)
class DestinationDraft:
    """A destination that is to be made."""

    endpoint_url: str
    scope: ScopeDraft
    display_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    traces: TracesDraft = TracesDraft()


@dataclass(frozen=True, slots=True)
class DestinationChange:
    """What is to become of one; a header that is None is removed, traces that are None get their defaults."""

    display_name: str | Kept | None = Keep.IT
    endpoint_url: str | Kept = Keep.IT
    headers: Mapping[str, str | None] | Kept = Keep.IT
    enabled: bool | Kept = Keep.IT
    traces: TracesDraft | Kept | None = Keep.IT
    scope: ScopeDraft | Kept = Keep.IT

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return all(getattr(self, each.name) is Keep.IT for each in dataclasses.fields(self))


def kept(said: Value | Kept, known: Value) -> Value:
    """Return what is said, and what is known where nothing is."""
    return known if isinstance(said, Keep) else said


def apply_traces(known: Traces, said: TracesDraft | None) -> Traces:
    """Return the settings as they are to be; InvalidRequest past the rules."""
    if said is None:
        return Traces()
    mode = kept(said.content_mode, known.content_mode) or ContentMode.METADATA_ONLY
    if mode is ContentMode.CONTENT:
        message = (
            "traces.content_mode: this server keeps no prompts and no responses, so it has none to export; send "
            "metadata_only"
        )
        raise InvalidRequest(message, error_code="content_mode_not_available")
    most = kept(said.max_content_bytes, known.max_content_bytes)
    if most is not None and not 1 <= most <= MOST_CONTENT_BYTES:
        message = f"traces.max_content_bytes: must be from 1 to {MOST_CONTENT_BYTES}"
        raise InvalidRequest(message)
    url = kept(said.endpoint_url, known.endpoint_url)
    return Traces(kept(said.enabled, known.enabled), mode, url, most)


def check_name(name: str | None) -> str | None:
    """Return a display name; InvalidRequest if it is empty or longer than 255 characters."""
    if name is not None and not 1 <= len(name) <= _LONGEST_NAME:
        message = f"display_name: must have from 1 to {_LONGEST_NAME} characters"
        raise InvalidRequest(message)
    return name


def check_urls(endpoint_url: str, traces_url: str | None) -> None:
    """Refuse addresses with a query, or of two origins; which hosts may be named is the guard's business."""
    for name, url in (("endpoint_url", endpoint_url), ("traces.endpoint_url", traces_url)):
        if url is not None and len(url) > _LONGEST_URL:
            message = f"{name}: must have at most {_LONGEST_URL} characters"
            raise InvalidRequest(message)
        if url is not None and "?" in url:
            message = f"{name}: must have no query string"
            raise InvalidRequest(message)
    if traces_url is not None and origin(traces_url) != origin(endpoint_url):
        message = "traces.endpoint_url: must have the scheme, the host and the port of endpoint_url"
        raise InvalidRequest(message)


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address that the guard has let through."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)


def check_scope(said: ScopeDraft) -> None:
    """Refuse a list that is too long, and one for a scope that has none."""
    if said.workspace_ids is None:
        return
    if said.scope is Scope.ALL:
        message = "workspaces.workspace_ids: the type `all` has no list of workspaces"
        raise InvalidRequest(message)
    if len(said.workspace_ids) > MOST_AT_ONCE:
        message = f"workspaces.workspace_ids: at most {MOST_AT_ONCE} in a request"
        raise InvalidRequest(message)


def covers(scope: Scope, *, listed: bool) -> bool:
    """Say whether a destination covers a workspace that is on its list, or is not."""
    return scope is Scope.ALL or (scope is Scope.INCLUDE) == listed


def shown(destination: Destination) -> dict[str, object]:
    """Return what the audit log tells of a destination: never a header's value."""
    traces = destination.traces
    return {
        "display_name": destination.display_name,
        "endpoint_url": destination.endpoint_url,
        "header_names": list(destination.header_names),
        "state": "enabled" if destination.disabled_reason is None else "disabled",
        "traces.enabled": traces.enabled,
        "traces.content_mode": traces.content_mode.value,
        "traces.endpoint_url": traces.endpoint_url,
        "traces.max_content_bytes": traces.max_content_bytes,
        "workspaces": destination.scope.value,
    }
