"""Intents and outcomes to test with."""

from dataclasses import replace
from typing import Any

from antechamber.features.usage.model import Ending, Intent, Outcome, TokenUsage, UsageRow, context_window

ORGANIZATION = "7d6a2c1e-52a5-4b51-9f0c-0a3a5b1d2c3e"
NOON = 1_764_590_400_000_000  # 2025-12-01T12:00:00Z
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def intent(number: int, **changes: Any) -> Intent:  # noqa: ANN401 - any field
    made = Intent(
        request_id=f"req_01{number:022d}",
        started_at=NOON + number,
        organization_id=ORGANIZATION,
        workspace_id="wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ",
        default_workspace=False,
        key_id="apikey_01Rj2N8SVvo6BePZj99NhmiT",
        user_id=None,
        service_account_id=None,
        endpoint="messages",
        model_asked="claude-sonnet",
        model_served="claude-sonnet-4-5",
        provider="anthropic",
        estimated_input=1000,
    )
    return replace(made, **changes)


def outcome(usage: TokenUsage | None = None, **changes: Any) -> Outcome:  # noqa: ANN401 - any field
    used = usage or TokenUsage(uncached_input=10, cache_write_5m=4, cache_write_1h=3, cache_read=2, output=7)
    made = Outcome(
        usage=used,
        status=200,
        service_tier="standard",
        inference_geo="global",
        speed="standard",
        context_window=context_window(used.total_input),
        stop_reason="end_turn",
        duration_us=1_500_000,
        first_token_us=200_000,
        ended=Ending.COMPLETE,
        estimated=False,
    )
    return replace(made, **changes)


def row(number: int, usage: TokenUsage | None = None, **changes: Any) -> UsageRow:  # noqa: ANN401 - any field of the intent
    return UsageRow(intent(number, **changes), outcome(usage))
