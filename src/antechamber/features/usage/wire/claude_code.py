"""The Claude Code report on the wire (wire-admin.md 3.3)."""

import datetime as dt
import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import EPOCH, MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.money import NANO_PER_DOLLAR
from antechamber.features.usage.model.claude_code import TOOLS, Core, ModelUse, Record, RecordPage, ToolUse

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NANO_PER_CENT: Final = NANO_PER_DOLLAR // 100


class UserActorBody(BaseModel):
    """A person, by e-mail address."""

    type: Literal["user_actor"]
    email_address: str


class ApiActorBody(BaseModel):
    """An API key without an owner, by name."""

    type: Literal["api_actor"]
    api_key_name: str


class LinesBody(BaseModel):
    """Lines of code that Claude Code added and removed."""

    added: int
    removed: int


class CoreMetricsBody(BaseModel):
    """`{num_sessions, lines_of_code, commits_by_claude_code, pull_requests_by_claude_code}`."""

    num_sessions: int
    lines_of_code: LinesBody
    commits_by_claude_code: int
    pull_requests_by_claude_code: int


class ToolActionBody(BaseModel):
    """Edits that a tool proposed, by what became of them."""

    accepted: int
    rejected: int


class TokensBody(BaseModel):
    """Tokens by kind; `input` without what was read from or written to a cache."""

    input: int
    output: int
    cache_read: int
    cache_creation: int


class EstimatedCostBody(BaseModel):
    """What they cost: `amount` is a number, in cents."""

    amount: float
    currency: Literal["USD"]


class ModelBreakdownBody(BaseModel):
    """Tokens and cost of one model."""

    model: str
    tokens: TokensBody
    estimated_cost: EstimatedCostBody


class RecordBody(BaseModel):
    """What one actor did in one kind of terminal, local or remote, on one day."""

    date: str
    actor: Annotated[UserActorBody | ApiActorBody, Field(discriminator="type")]
    organization_id: str
    customer_type: Literal["api", "subscription"]
    subscription_type: Literal["enterprise", "team"] | None
    terminal_type: str
    is_remote: bool
    core_metrics: CoreMetricsBody
    tool_actions: dict[str, ToolActionBody]
    model_breakdown: list[ModelBreakdownBody]


class ClaudeCodeBody(BaseModel):
    """`{data, has_more, next_page}`."""

    data: list[RecordBody]
    has_more: bool
    next_page: str | None


def read_day(text: str) -> int:
    """Return the start of the UTC day that `starting_at` names, microseconds; InvalidRequest for anything else."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError  # noqa: TRY301 - one message for both
        day = dt.date.fromisoformat(text)
    except ValueError:
        message = f"starting_at: {text[:40]!r} is not a date such as 2026-01-31"
        raise InvalidRequest(message) from None
    return (day - EPOCH.date()).days * 86_400 * MICROSECONDS


def fields_of(page: RecordPage, organization_id: str) -> dict[str, object]:
    """Return a page's fields by their names on the wire, those of ClaudeCodeBody."""
    date = to_rfc3339(page.day)
    return {
        "data": [_show_record(record, date, organization_id) for record in page.records],
        "has_more": page.next_page is not None,
        "next_page": page.next_page,
    }


def _show_record(record: Record, date: str, organization_id: str) -> dict[str, object]:
    person = {"type": "user_actor", "email_address": record.actor}
    return {
        "date": date,
        "actor": person if record.is_person else {"type": "api_actor", "api_key_name": record.actor},
        "organization_id": organization_id,
        "customer_type": "api",
        "subscription_type": None,
        "terminal_type": record.key.terminal_type,
        "is_remote": record.key.is_remote,
        "core_metrics": _show_core(record.core),
        # the four that the reference names are always there
        "tool_actions": {
            name: _show_tool(record.tools.get(name, ToolUse())) for name in sorted({*TOOLS.values(), *record.tools})
        },
        "model_breakdown": [_show_model(model, use) for model, use in sorted(record.models.items())],
    }


def _show_core(core: Core) -> dict[str, object]:
    return {
        "num_sessions": core.sessions,
        "lines_of_code": {"added": core.lines_added, "removed": core.lines_removed},
        "commits_by_claude_code": core.commits,
        "pull_requests_by_claude_code": core.pull_requests,
    }


def _show_tool(use: ToolUse) -> dict[str, object]:
    return {"accepted": use.accepted, "rejected": use.rejected}


def _show_model(model: str, use: ModelUse) -> dict[str, object]:
    return {
        "model": model,
        "tokens": {
            "input": use.input,
            "output": use.output,
            "cache_read": use.cache_read,
            "cache_creation": use.cache_creation,
        },
        "estimated_cost": {"amount": use.cost / _NANO_PER_CENT, "currency": "USD"},
    }
