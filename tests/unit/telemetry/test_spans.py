"""A row of the ledger as a span, and what of it never becomes one."""

import dataclasses
from typing import Any

import pytest

from antechamber.base.ids import OrganizationId
from antechamber.features.telemetry.model.spans import Status, span_of, trial_span
from antechamber.features.usage.model import Cost, Ending, Intent, Outcome, PriceSource, TokenUsage, UsageRow

STARTED = 1_795_262_400_000_000


def row(**fields: Any) -> UsageRow:  # noqa: ANN401 - of an intent or an outcome
    intent = Intent(
        request_id="req_1",
        started_at=STARTED,
        organization_id="org",
        workspace_id="wrkspc_1",
        default_workspace=False,
        key_id="apikey_1",
        user_id=None,
        service_account_id=None,
        endpoint="messages",
        model_asked="best",
        model_served="claude-sim-1",
        provider="simulated",
        estimated_input=10,
    )
    outcome = Outcome(
        usage=TokenUsage(uncached_input=1, cache_write_5m=2, cache_write_1h=3, cache_read=4, output=5),
        status=200,
        service_tier="standard",
        inference_geo="us",
        speed="standard",
        context_window="0-200k",
        stop_reason="end_turn",
        duration_us=1_500_000,
        first_token_us=250_000,
        ended=Ending.COMPLETE,
        estimated=False,
    )
    names = {field.name for field in dataclasses.fields(Intent)}
    intent = dataclasses.replace(intent, **{name: value for name, value in fields.items() if name in names})
    outcome = dataclasses.replace(outcome, **{name: value for name, value in fields.items() if name not in names})
    return UsageRow(intent, outcome)


def test_a_request_becomes_a_span_with_the_conventions_names() -> None:
    span = span_of(row())
    assert (span.name, span.status) == ("anthropic.messages.create", Status.OK)
    assert (span.started_ns, span.ended_ns) == (STARTED * 1000, (STARTED + 1_500_000) * 1000)
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "simulated",
        "gen_ai.request.model": "best",
        "gen_ai.response.model": "claude-sim-1",
        "gen_ai.response.finish_reasons": ("end_turn",),
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_write.input_tokens": 5,
        "anthropic.organization.id": "org",
        "anthropic.workspace.id": "wrkspc_1",
        "anthropic.request.id": "req_1",
        "anthropic.message.stop_reason": "end_turn",
        "anthropic.response.service_tier": "standard",
        "http.request.method": "POST",
        "http.route": "/v1/messages",
        "http.response.status_code": 200,
        "antechamber.api_key.id": "apikey_1",
        "antechamber.ended": "complete",
        "antechamber.estimated": False,
        "antechamber.inference_geo": "us",
        "antechamber.speed": "standard",
    }


def test_a_span_sent_twice_is_the_same_and_another_requests_is_another() -> None:
    first, again, other = span_of(row()), span_of(row()), span_of(row(request_id="req_2"))
    assert (len(first.trace_id), len(first.span_id)) == (16, 8)
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert (first.trace_id, first.span_id) != (other.trace_id, other.span_id)


@pytest.mark.parametrize(
    ("ended", "status", "shown", "error"),
    [
        (Ending.COMPLETE, 200, Status.OK, None),
        (Ending.COMPLETE, 500, Status.ERROR, "500"),
        (Ending.UPSTREAM_RESET, 200, Status.ERROR, "upstream_reset"),
        (Ending.UPSTREAM_REFUSED, 429, Status.ERROR, "upstream_refused"),
        (Ending.LOST, 0, Status.ERROR, "lost"),
        (Ending.CALLER_LEFT, 200, Status.UNSET, None),
    ],
)
def test_the_status_says_how_it_ended(ended: Ending, status: int, shown: Status, error: str | None) -> None:
    span = span_of(row(ended=ended, status=status))
    assert (span.status, span.attributes.get("error.type")) == (shown, error)
    assert span.attributes.get("http.response.status_code") == (status or None)


@pytest.mark.parametrize(
    ("endpoint", "name", "operation", "route"),
    [
        ("complete", "anthropic.completions.create", "text_completion", "/v1/complete"),
        ("chat_completions", "openai.chat.completions.create", "chat", "/v1/chat/completions"),
    ],
)
def test_each_endpoint_has_its_name(endpoint: str, name: str, operation: str, route: str) -> None:
    span = span_of(row(endpoint=endpoint))
    attributes = span.attributes
    assert (span.name, attributes["gen_ai.operation.name"], attributes["http.route"]) == (name, operation, route)


def test_costs_and_what_callers_said_of_themselves_are_told() -> None:
    told = row(session_id="s", agent_id="a", end_user="u", tag="t", user_id="user_1")
    told.cost = Cost(1, 2, 3, 4, 5, 6, None, PriceSource.TABLE, "2026-01-01")
    attributes = span_of(told).attributes
    assert attributes["antechamber.cost.nano_usd"] == 21
    assert (attributes["gen_ai.conversation.id"], attributes["gen_ai.agent.id"]) == ("s", "a")
    assert [attributes[f"antechamber.{name}"] for name in ("end_user", "tag", "user.id")] == ["u", "t", "user_1"]


def test_a_test_has_a_span_of_its_own() -> None:
    span = trial_span(OrganizationId("org"), "tdst_1 5", 5)
    assert (span.name, span.started_ns, span.attributes) == (
        "anthropic.test",
        5000,
        {"anthropic.organization.id": "org"},
    )
