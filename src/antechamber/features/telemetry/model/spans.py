"""A row of the ledger as an OpenTelemetry span, with the semantic conventions for generative AI where they have a name.

Ids are derived from the request's: a span that is delivered twice is the same span. Source of the names: the hosted
span reference (API reference, opentelemetry/spans); ours begin with `antechamber.`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final, TypeAlias

from antechamber.base.ids import OrganizationId
from antechamber.features.usage.model import Ending, Endpoint, UsageRow

Attribute: TypeAlias = str | int | float | bool | tuple[str, ...]

TRIAL_NAME: Final = "anthropic.test"
_NAMES: Final = {
    Endpoint.MESSAGES: "anthropic.messages.create",
    Endpoint.COMPLETE: "anthropic.completions.create",
    Endpoint.CHAT_COMPLETIONS: "openai.chat.completions.create",
}
_ROUTES: Final = {
    Endpoint.MESSAGES: "/v1/messages",
    Endpoint.COMPLETE: "/v1/complete",
    Endpoint.CHAT_COMPLETIONS: "/v1/chat/completions",
}
_REFUSED_FROM: Final = 400
_SECOND: Final = 1_000_000


class Status(Enum):
    """How a span ended; unset is for what the caller broke off."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of a server's; instants in nanoseconds."""

    trace_id: bytes
    span_id: bytes
    name: str
    started_ns: int
    ended_ns: int
    status: Status
    attributes: Mapping[str, Attribute]


def span_of(row: UsageRow) -> Span:
    """Return a request as a span."""
    intent, outcome = row.intent, row.outcome
    endpoint = Endpoint(intent.endpoint)
    trace_id, span_id = _ids(intent.request_id)
    started = intent.started_at * 1000
    found = {**_asked(row, endpoint), **_used(row), **_ended(row), **_ours(row)}
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=_NAMES[endpoint],
        started_ns=started,
        ended_ns=started + outcome.duration_us * 1000,
        status=_status(row),
        attributes={name: value for name, value in found.items() if value is not None},
    )


def trial_span(organization_id: OrganizationId, mark: str, now: int) -> Span:
    """Return the span by which a destination is tried out."""
    trace_id, span_id = _ids(mark)
    attributes = {"anthropic.organization.id": str(organization_id)}
    return Span(trace_id, span_id, TRIAL_NAME, now * 1000, now * 1000, Status.OK, attributes)


def _ids(text: str) -> tuple[bytes, bytes]:
    drawn = sha256(b"antechamber span\0" + text.encode()).digest()
    return drawn[:16], drawn[16:24]


def _status(row: UsageRow) -> Status:
    ended = row.outcome.ended
    if ended is Ending.CALLER_LEFT:
        return Status.UNSET
    is_well = ended is Ending.COMPLETE and row.outcome.status < _REFUSED_FROM
    return Status.OK if is_well else Status.ERROR


def _asked(row: UsageRow, endpoint: Endpoint) -> dict[str, Attribute | None]:
    intent = row.intent
    return {
        "gen_ai.operation.name": "text_completion" if endpoint is Endpoint.COMPLETE else "chat",
        "gen_ai.provider.name": intent.provider,
        "gen_ai.request.model": intent.model_asked,
        "gen_ai.response.model": intent.model_served,
        "gen_ai.conversation.id": intent.session_id,
        "gen_ai.agent.id": intent.agent_id,
        "anthropic.organization.id": intent.organization_id,
        "anthropic.workspace.id": intent.workspace_id,
        "anthropic.request.id": intent.request_id,
        "http.request.method": "POST",
        "http.route": _ROUTES[endpoint],
        "http.response.status_code": row.outcome.status or None,
    }


def _used(row: UsageRow) -> dict[str, Attribute | None]:
    usage, first = row.outcome.usage, row.outcome.first_token_us
    return {
        "gen_ai.usage.input_tokens": usage.total_input,
        "gen_ai.usage.output_tokens": usage.output,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read,
        "gen_ai.usage.cache_write.input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "gen_ai.response.time_to_first_chunk": None if first is None else first / _SECOND,
    }


def _ended(row: UsageRow) -> dict[str, Attribute | None]:
    outcome = row.outcome
    failed = outcome.ended.value if outcome.ended is not Ending.COMPLETE else str(outcome.status)
    return {
        "gen_ai.response.finish_reasons": None if outcome.stop_reason is None else (outcome.stop_reason,),
        "anthropic.message.stop_reason": outcome.stop_reason,
        "anthropic.response.service_tier": outcome.service_tier,
        "error.type": failed if _status(row) is Status.ERROR else None,
    }


def _ours(row: UsageRow) -> dict[str, Attribute | None]:
    intent, outcome = row.intent, row.outcome
    return {
        "antechamber.api_key.id": intent.key_id,
        "antechamber.user.id": intent.user_id,
        "antechamber.service_account.id": intent.service_account_id,
        "antechamber.parent_agent.id": intent.parent_agent_id,
        "antechamber.user_profile.id": intent.user_profile_id,
        "antechamber.end_user": intent.end_user,
        "antechamber.tag": intent.tag,
        "antechamber.ended": outcome.ended.value,
        "antechamber.estimated": outcome.estimated,
        "antechamber.inference_geo": outcome.inference_geo,
        "antechamber.speed": outcome.speed,
        "antechamber.cost.nano_usd": None if row.cost is None else row.cost.total,
        "antechamber.web_search.requests": outcome.usage.web_search_requests or None,
    }
