"""Events of a session: its append-only log, and what a caller may add to it (wire-agents.md 4b)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import EventId, OrganizationId, SessionId

MOST_SENT: Final = 50
TOOL_USE: Final = "agent.tool_use"
CUSTOM_TOOL_USE: Final = "agent.custom_tool_use"
TOOL_RESULT: Final = "user.tool_result"
CUSTOM_TOOL_RESULT: Final = "user.custom_tool_result"
SESSION_DELETED: Final = "session.deleted"
SESSION_ERROR: Final = "session.error"
# which event an answer answers, and the field that names it
_ANSWERS: Final = {
    TOOL_RESULT: (TOOL_USE, "tool_use_id"),
    CUSTOM_TOOL_RESULT: (CUSTOM_TOOL_USE, "custom_tool_use_id"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `sequence` counts from 1 in its session without a gap, `fields` are the wire's own besides."""

    id: EventId
    organization_id: OrganizationId
    session_id: SessionId
    sequence: int
    type: str
    created_at: int
    processed_at: int | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event that is to be added."""

    type: str
    fields: Mapping[str, Any]

    @property
    def answers(self) -> str | None:
        """The id of the tool call that it answers, if it answers one."""
        rule = _ANSWERS.get(self.type)
        return None if rule is None else self.fields[rule[1]]


def check_answer(draft: EventDraft, known: Mapping[str, str], answered: Collection[str], *, self_hosted: bool) -> None:
    """Raise InvalidRequest for an answer to no tool call of the session, to another kind of one, or to one answered.

    `known` are the types of the session's events by id. What tools of an environment of ours return is not the
    caller's to say (SDK type `BetaManagedAgentsUserToolResultEventParams`).
    """
    rule = _ANSWERS.get(draft.type)
    if rule is None:
        message = f"events: {draft.type} is not taken yet; a session's loop comes with a later version"
        raise InvalidRequest(message)
    asked, name = rule
    call = draft.fields[name]
    if draft.type == TOOL_RESULT and not self_hosted:
        message = f"events: {TOOL_RESULT} is for sessions of self_hosted environments"
        raise InvalidRequest(message)
    if known.get(call) != asked:
        message = f"events.{name}: {call} is no {asked} of this session"
        raise InvalidRequest(message)
    if call in answered:
        message = f"events.{name}: {call} has its result already"
        raise InvalidRequest(message)
