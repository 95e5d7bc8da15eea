"""Events on the wire (SDK types `beta.sessions.BetaManagedAgentsSessionEvent` and `event_send_params`)."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from antechamber.features.sessions.model.events import Event, EventDraft
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

Content = list[dict[str, Any]]


class ToolResultBody(Body):
    """What a built-in tool returned."""

    type: Literal["user.tool_result"]
    tool_use_id: Annotated[str, Field(max_length=64)]
    content: Content | None = None
    is_error: bool | None = None


class CustomToolResultBody(Body):
    """What a custom tool returned."""

    type: Literal["user.custom_tool_result"]
    custom_tool_use_id: Annotated[str, Field(max_length=64)]
    content: Content | None = None
    is_error: bool | None = None


class OtherBody(BaseModel):
    """An event of another type, which is refused by its name."""

    type: str


class SendBody(Body):
    """`{events}`."""

    events: list[ToolResultBody | CustomToolResultBody | OtherBody]


class SentBody(BaseModel):
    """`{data}`: what was added, with its ids."""

    data: list[dict[str, Any]]


def read_drafts(body: SendBody) -> list[EventDraft]:
    """Return what was sent."""
    return [EventDraft(event.type, event.model_dump(exclude={"type"}, exclude_none=True)) for event in body.events]


def show(event: Event) -> dict[str, Any]:
    """Return an event as the wire shows it."""
    return {
        "id": event.id,
        "type": event.type,
        **event.fields,
        "processed_at": show_instant(event.processed_at),
    }


def frame(event: Event | None) -> bytes:
    """Return an event as a frame of a stream, `ping` for a sign of life (wire-agents.md 1: each names its event)."""
    name, data = ("ping", {"type": "ping"}) if event is None else (event.type, show(event))
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
