"""Endpoints: where events are sent to, and which."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind, OrganizationId, WebhookId, is_id

MAX_ENDPOINTS: Final = 32
_LONGEST_NAME: Final = 256
_LONGEST_DESCRIPTION: Final = 2048


class EventType(StrEnum):
    """What can be told; the wire's own (SDK `beta.organization.webhook_create_params`), and ours as `EXTENSIONS`."""

    EXTERNAL_KEY_FAILED = "external_key.failed"
    EXTERNAL_KEY_RECOVERED = "external_key.recovered"
    SPEND_LIMIT_THRESHOLD_CROSSED = "spend_limit.threshold_crossed"
    USER_PROFILE_ENFORCEMENT_ACTION_OPENED = "user_profile.enforcement_action_opened"
    USER_PROFILE_ENFORCEMENT_ACTION_RESOLVED = "user_profile.enforcement_action_resolved"
    USER_PROFILE_PROGRAM_STATUS_UPDATED = "user_profile.program_status_updated"


EXTENSIONS: Final = (EventType.SPEND_LIMIT_THRESHOLD_CROSSED,)
WIRE_EVENTS: Final = tuple(event for event in EventType if event not in EXTENSIONS)


class State(StrEnum):
    """Whether deliveries are sent."""

    DISABLED = "disabled"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an endpoint is to be; in a change, None leaves as it is."""

    url: str | None = None
    events: tuple[EventType, ...] | None = None
    extensions: tuple[EventType, ...] | None = None
    name: str | None = None
    description: str | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint; `disabled_reason` says why the server switched it off, and is empty otherwise.

    `failures` attempts in a row came to nothing, since `failing_since`; instants in microseconds.
    """

    id: WebhookId
    organization_id: OrganizationId
    url: str
    name: str
    description: str
    events: tuple[EventType, ...]
    state: State
    disabled_reason: str
    created_at: int
    updated_at: int
    failures: int = 0
    failing_since: int | None = None

    @property
    def wire_events(self) -> tuple[EventType, ...]:
        """What it asked for that clients of the wire know."""
        return tuple(event for event in self.events if event in WIRE_EVENTS)

    @property
    def extensions(self) -> tuple[EventType, ...]:
        """What it asked for besides."""
        return tuple(event for event in self.events if event in EXTENSIONS)

    @property
    def is_enabled(self) -> bool:
        """Whether deliveries are sent."""
        return self.state is State.ENABLED


def check_draft(draft: Draft) -> None:
    """Check the texts of a draft; InvalidRequest."""
    for field, text, longest in (
        ("name", draft.name, _LONGEST_NAME),
        ("description", draft.description, _LONGEST_DESCRIPTION),
    ):
        if text is not None and len(text) > longest:
            message = f"{field}: must be at most {longest} characters"
            raise InvalidRequest(message)


def events_of(events: Sequence[EventType], extensions: Sequence[EventType]) -> tuple[EventType, ...]:
    """Return what is asked for in the order of the wire, each once; InvalidRequest for nothing at all."""
    asked = tuple(event for event in EventType if event in {*events, *extensions})
    if not asked:
        message = "enabled_events: must list at least one event, unless extension_events does"
        raise InvalidRequest(message)
    return asked


def changed(endpoint: Endpoint, draft: Draft, now: int) -> Endpoint:
    """Return an endpoint after a change; InvalidRequest if it would ask for nothing any more.

    An empty list of the wire's events leaves them as they are (SDK `webhook_update_params`), one of extensions takes
    them away. Another address, or being enabled, is a new beginning.
    """
    events = draft.events or endpoint.wire_events
    extensions = endpoint.extensions if draft.extensions is None else draft.extensions
    after = dataclasses.replace(
        endpoint,
        url=endpoint.url if draft.url is None else draft.url,
        name=endpoint.name if draft.name is None else draft.name,
        description=endpoint.description if draft.description is None else draft.description,
        events=events_of(events, extensions),
        state=draft.state or endpoint.state,
    )
    if after.url != endpoint.url or draft.state is State.ENABLED:
        after = dataclasses.replace(after, failures=0, failing_since=None)
    if draft.state is not None:
        after = dataclasses.replace(after, disabled_reason="" if after.is_enabled else endpoint.disabled_reason)
    return after if after == endpoint else dataclasses.replace(after, updated_at=now)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the list was asked: at most `limit` (0 means 20) after one id, or the first of those before another."""

    limit: int = 0
    after_id: str | None = None
    before_id: str | None = None
    ascending: bool = False

    def __post_init__(self) -> None:
        if self.after_id is not None and self.before_id is not None:
            message = "after_id, before_id: only one of the two may be given"
            raise InvalidRequest(message)
        for field, text in (("after_id", self.after_id), ("before_id", self.before_id)):
            if text is not None and not is_id(Kind.WEBHOOK, text):
                message = f"{field}: there is no {text}"
                raise InvalidRequest(message)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the list, and whether there is more in the direction that was asked for."""

    items: tuple[Endpoint, ...]
    has_more: bool


def part_of(endpoints: Sequence[Endpoint], asked: Listing) -> Part:
    """Return the part that is asked for; ids grow with time, so the one that a cursor names may be gone by now."""
    ordered = sorted(endpoints, key=lambda each: each.id, reverse=not asked.ascending)
    if asked.after_id is not None:
        ordered = [each for each in ordered if _stands_before(asked.after_id, each.id, asked)]
    elif asked.before_id is not None:
        ordered = [each for each in ordered if _stands_before(each.id, asked.before_id, asked)]
    limit = asked.limit or 20
    return Part(tuple(ordered[:limit]), len(ordered) > limit)


def _stands_before(one: str, other: str, asked: Listing) -> bool:
    return one < other if asked.ascending else one > other
