"""The ledger: tokens, intents, outcomes, and the pure rules about them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.features.usage.model.prices import Cost
from antechamber.features.usage.model.tokens import TokenUsage

# beyond this a number from an upstream is nonsense, and no database or JSON client would carry it exactly
LARGEST: Final = 2**53 - 1
LONGEST: Final = 256
_CONTEXT_BORDER: Final = 200_000


class Ending(StrEnum):
    """How a request's stream ended."""

    COMPLETE = "complete"
    CALLER_LEFT = "caller_left"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_RESET = "upstream_reset"
    UPSTREAM_TRUNCATED = "upstream_truncated"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_REFUSED = "upstream_refused"
    LOST = "lost"
    REFUSED = "refused"


class Endpoint(StrEnum):
    """The model endpoint that was asked."""

    MESSAGES = "messages"
    COMPLETE = "complete"
    CHAT_COMPLETIONS = "chat_completions"


# Nobody changes these three. They are not frozen, for that would double what they take of a request's time.
@dataclass(slots=True)
class Intent:
    """A request that is about to be dispatched.

    `started_at` in microseconds; `estimated_input` in tokens. The tags at the end are what the caller said of itself.
    New fields go to the end, with a default: spools of older versions are still read.
    """

    request_id: str
    started_at: int
    organization_id: str
    workspace_id: str
    default_workspace: bool
    key_id: str | None
    user_id: str | None
    service_account_id: str | None
    endpoint: str
    model_asked: str
    model_served: str
    provider: str
    estimated_input: int
    session_id: str | None = None
    agent_id: str | None = None
    parent_agent_id: str | None = None
    end_user: str | None = None
    user_profile_id: str | None = None
    tag: str | None = None

    @property
    def account_id(self) -> str | None:
        """The person whom reports name: only of traffic with a token, never of a key (wire-admin.md 3.1)."""
        return self.user_id if self.key_id is None else None


@dataclass(slots=True)
class Outcome:
    """How it ended; durations in microseconds, `status` as the caller saw it.

    `estimated` marks a cut request: what was delivered <= these numbers <= what the upstream produced.
    New fields go to the end, with a default: spools of older versions are still read.
    """

    usage: TokenUsage
    status: int
    service_tier: str
    inference_geo: str
    speed: str
    context_window: str
    stop_reason: str | None
    duration_us: int
    first_token_us: int | None
    ended: Ending
    estimated: bool


@dataclass(slots=True)
class UsageRow:
    """One row of the ledger: an intent, its outcome, and its cost once it is known."""

    intent: Intent
    outcome: Outcome
    cost: Cost | None = None


def context_window(total_input: int) -> str:
    """Return the context window that a request falls into, by every token that the model read."""
    return "0-200k" if total_input <= _CONTEXT_BORDER else "200k-1M"


def lost(intent: Intent, seen: TokenUsage | None) -> Outcome:
    """Return the outcome of an intent that nobody settled: what its progress shows, else the estimate of its input."""
    usage = seen if seen is not None else TokenUsage(uncached_input=intent.estimated_input)
    return Outcome(
        usage=usage,
        status=0,
        service_tier="standard",
        inference_geo="not_available",
        speed="standard",
        context_window=context_window(usage.total_input),
        stop_reason=None,
        duration_us=0,
        first_token_us=None,
        ended=Ending.LOST,
        estimated=True,
    )


def clean_text(text: str) -> str:
    """Return what a caller or an upstream said, cut to 256 characters and without what databases refuse in text."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:LONGEST]
    )


def clean_number(number: int) -> int:
    """Return a count between 0 and 2**53 - 1."""
    return min(max(int(number), 0), LARGEST)
