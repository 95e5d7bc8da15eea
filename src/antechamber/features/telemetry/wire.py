"""Destinations on the wire (SDK type `beta.organization.BetaTelemetryDestination` and its neighbours)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import TelemetryDestinationId, WorkspaceId
from antechamber.features.telemetry.model.destinations import (
    ContentMode,
    Destination,
    DestinationChange,
    DestinationDraft,
    DisabledReason,
    Keep,
    Kept,
    Scope,
    ScopeDraft,
    TracesDraft,
)
from antechamber.features.telemetry.model.standing import Failure
from antechamber.features.telemetry.ports import Entry
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

ModeName: TypeAlias = Literal["metadata_only", "content"]


class AllWorkspacesBody(Body):
    """`{type: "all"}`: every workspace, those to come included."""

    type: Literal["all"]

    def read(self) -> ScopeDraft:
        """Return which workspaces are to be covered."""
        return ScopeDraft(Scope.ALL)


class ListedWorkspacesBody(Body):
    """`{type, workspace_ids?}`: only those on a list, or all but those."""

    type: Literal["include", "exclude"]
    workspace_ids: list[str] | None = Field(default=None, json_schema_extra={"maxItems": 100})

    def read(self) -> ScopeDraft:
        """Return which workspaces are to be covered."""
        ids = None if self.workspace_ids is None else tuple(map(WorkspaceId, self.workspace_ids))
        return ScopeDraft(Scope(self.type), ids)


ScopeField: TypeAlias = Annotated[AllWorkspacesBody | ListedWorkspacesBody, Field(discriminator="type")]


class TracesField(Body):
    """The settings for traces; what is left out stays, or has its default in a new destination."""

    enabled: bool = True
    content_mode: ModeName | None = None
    endpoint_url: str | None = None
    max_content_bytes: int | None = None

    def read(self) -> TracesDraft:
        """Return what is said of them."""
        said = self.model_fields_set
        mode: ContentMode | Kept | None = Keep.IT
        if "content_mode" in said:
            mode = None if self.content_mode is None else ContentMode(self.content_mode)
        return TracesDraft(
            enabled=self.enabled if "enabled" in said else Keep.IT,
            content_mode=mode,
            endpoint_url=self.endpoint_url if "endpoint_url" in said else Keep.IT,
            max_content_bytes=self.max_content_bytes if "max_content_bytes" in said else Keep.IT,
        )


class StateField(Body):
    """`{type}`: whether a destination is to take traces."""

    type: Literal["enabled", "disabled"]


class CreateBody(Body):
    """`{endpoint_url, workspaces, display_name?, headers?, traces?}`."""

    endpoint_url: str
    workspaces: ScopeField
    display_name: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    traces: TracesField = TracesField()

    def draft(self) -> DestinationDraft:
        """Return what is to be made."""
        return DestinationDraft(
            endpoint_url=self.endpoint_url,
            scope=self.workspaces.read(),
            display_name=self.display_name,
            headers=self.headers,
            traces=self.traces.read(),
        )


class UpdateBody(Body):
    """Any of the fields of a destination; what is left out stays."""

    display_name: str | None = None
    endpoint_url: str = ""
    headers: dict[str, str | None] = Field(default_factory=dict)
    state: StateField = StateField(type="enabled")
    traces: TracesField | None = None
    workspaces: ScopeField = AllWorkspacesBody(type="all")

    def change(self) -> DestinationChange:
        """Return what is to become of it."""
        said = self.model_fields_set
        traces: TracesDraft | Kept | None = Keep.IT
        if "traces" in said:
            traces = None if self.traces is None else self.traces.read()
        return DestinationChange(
            display_name=self.display_name if "display_name" in said else Keep.IT,
            endpoint_url=self.endpoint_url if "endpoint_url" in said else Keep.IT,
            headers=self.headers if "headers" in said else Keep.IT,
            enabled=self.state.type == "enabled" if "state" in said else Keep.IT,
            traces=traces,
            scope=self.workspaces.read() if "workspaces" in said else Keep.IT,
        )


class HealthBody(BaseModel):
    """The latest deliveries."""

    last_error: str | None
    last_error_at: str | None
    last_success_at: str | None


class EnabledBody(BaseModel):
    """It takes traces."""

    type: Literal["enabled"] = "enabled"


class ReasonBody(BaseModel):
    """Who or what disabled it."""

    type: Literal["caller", "invalid_address", "redirect", "sustained_failure"]


class DisabledBody(BaseModel):
    """It takes none."""

    type: Literal["disabled"] = "disabled"
    reason: ReasonBody


class TracesBody(BaseModel):
    """The settings for traces."""

    content_mode: ModeName
    enabled: bool
    endpoint_url: str | None
    max_content_bytes: int | None


class ScopeBody(BaseModel):
    """`{type}`; the list itself is at `/workspaces`."""

    type: Literal["all", "include", "exclude"]


class DestinationBody(BaseModel):
    """A destination; the values of its headers are shown to nobody."""

    id: str
    type: Literal["telemetry_destination"] = "telemetry_destination"
    display_name: str | None
    endpoint_url: str
    header_names: list[str]
    traces: TracesBody
    workspaces: ScopeBody
    state: Annotated[EnabledBody | DisabledBody, Field(discriminator="type")]
    delivery_health: HealthBody
    created_at: str
    updated_at: str


class DeletedBody(BaseModel):
    """What is left of a destination that was removed."""

    id: str
    type: Literal["telemetry_destination_deleted"] = "telemetry_destination_deleted"


class EntryBody(BaseModel):
    """A workspace on a destination's list."""

    type: Literal["telemetry_destination_workspace"] = "telemetry_destination_workspace"
    telemetry_destination_id: str
    workspace_id: str
    created_at: str


class RemovedBody(BaseModel):
    """A workspace that is on a destination's list no more."""

    type: Literal["telemetry_destination_workspace_deleted"] = "telemetry_destination_workspace_deleted"
    telemetry_destination_id: str
    workspace_id: str


class SuccessBody(BaseModel):
    """The destination took the span."""

    type: Literal["success"] = "success"


class FailureBody(BaseModel):
    """It did not, and why."""

    type: Literal["failure"] = "failure"
    error: str


class TestBody(BaseModel):
    """How a test went."""

    type: Literal["telemetry_destination_test"] = "telemetry_destination_test"
    result: Annotated[SuccessBody | FailureBody, Field(discriminator="type")]


def show(known: Destination) -> DestinationBody:
    """Return the wire's shape of a destination."""
    traces, health = known.traces, known.health
    return DestinationBody(
        id=known.id,
        display_name=known.display_name,
        endpoint_url=known.endpoint_url,
        header_names=list(known.header_names),
        traces=TracesBody(
            content_mode=traces.content_mode.value,
            enabled=traces.enabled,
            endpoint_url=traces.endpoint_url,
            max_content_bytes=traces.max_content_bytes,
        ),
        workspaces=ScopeBody(type=known.scope.value),
        state=_show_state(known.disabled_reason),
        delivery_health=HealthBody(
            last_error=health.last_error,
            last_error_at=show_instant(health.last_error_at),
            last_success_at=show_instant(health.last_success_at),
        ),
        created_at=to_rfc3339(known.created_at),
        updated_at=to_rfc3339(known.updated_at),
    )


def show_entry(destination_id: TelemetryDestinationId, entry: Entry) -> EntryBody:
    """Return the wire's shape of a workspace on a list."""
    return EntryBody(
        telemetry_destination_id=destination_id,
        workspace_id=entry.workspace_id,
        created_at=to_rfc3339(entry.created_at),
    )


def show_test(failure: Failure | None) -> TestBody:
    """Return the wire's shape of how a test went."""
    return TestBody(result=SuccessBody() if failure is None else FailureBody(error=failure.message))


def _show_state(reason: DisabledReason | None) -> EnabledBody | DisabledBody:
    return EnabledBody() if reason is None else DisabledBody(reason=ReasonBody(type=reason.value))
