"""Three generations of the anthropic package, unchanged, against a live server."""

from collections.abc import Callable

import pytest

from tests.clients.conftest import Told
from tests.live import LiveServer

GENERATIONS = ("anthropic-2", "anthropic-1", "anthropic-0")
NAMES = ["sim-1", "sim-agent-1", "claude-sim-1", "claude-sim-agent-1"]
ANSWER = "17 × 3 = 51"  # noqa: RUF001 - as the model writes it
COUNTED = ", ".join(map(str, range(1, 31))) + "."
EVENTS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def told(generation: str, drive: Callable[[str, str], Told]) -> Told:
    return drive(generation, "anthropic_sdk")


def test_each_generation_says_its_version_and_sends_its_key_its_way(told: Told, generation: str) -> None:
    assert (
        told("version")
        == {
            "anthropic-2": {"library": "2.11.0", "version": "2026-10-21", "credential": "authorization"},
            "anthropic-1": {"library": "1.17.0", "version": "2023-06-01", "credential": "x-api-key"},
            "anthropic-0": {"library": "0.125.0", "version": "2023-06-01", "credential": "x-api-key"},
        }[generation]
    )


@pytest.mark.parametrize("case", ["whole", "whole_async"])
def test_a_message_is_answered(told: Told, case: str) -> None:
    message = told(case)
    assert message["text"] == ANSWER
    assert (message["model"], message["role"], message["stop_reason"]) == ("sim-1", "assistant", "end_turn")
    assert message["input_tokens"] > 0
    assert message["output_tokens"] > 0


def test_an_answer_says_its_request_id(told: Told) -> None:
    assert told("whole")["request_id"].startswith("req_01")
    assert told("text_stream")["request_id"].startswith("req_01")


@pytest.mark.parametrize("case", ["text_stream", "text_stream_async"])
def test_a_stream_of_text_adds_up_to_the_final_message(told: Told, case: str) -> None:
    final = told(case)
    assert len(final["parts"]) > 1
    assert "".join(final["parts"]) == final["text"] == COUNTED
    assert final["stop_reason"] == "end_turn"
    assert final["output_tokens"] == -(-len(COUNTED) // 4)


@pytest.mark.parametrize("case", ["events", "events_async"])
def test_the_events_come_in_their_order(told: Told, case: str) -> None:
    assert told(case) == EVENTS


def test_a_hundred_streams_run_beside_one_another(told: Told) -> None:
    assert told("hundred_at_once") == 100


def test_earlier_turns_a_system_prompt_and_an_alias_are_understood(told: Told) -> None:
    message = told("system_and_turns")
    assert (message["text"], message["model"]) == ("thank you", "sim-1")


def test_tokens_are_counted(told: Told) -> None:
    count = told("counted")
    assert 0 < count["counted"] <= count["used"]
    assert told("counted_async") == count["counted"]


def test_models_are_listed_page_by_page(told: Told) -> None:
    models = told("models")
    assert models["first"] == NAMES[:1]
    assert models["more"]
    assert models["all"] == models["at_once"] == told("models_async") == NAMES


def test_models_are_listed_backwards(told: Told) -> None:
    assert told("models_backwards")["before_last"] == NAMES[-2::-1]


def test_a_model_is_retrieved(told: Told) -> None:
    models = told("models")
    assert (models["one"], models["kind"]) == ("claude-sim-1", "model")


def test_a_tool_is_called_and_its_result_taken(told: Told) -> None:
    turns = told("tools")
    assert turns["asked"]["stop_reason"] == "tool_use"
    assert (turns["name"], turns["input"]) == ("get_weather", {"city": "Paris"})
    assert turns["final"]["stop_reason"] == "end_turn"
    assert "14 degrees, rain" in turns["final"]["text"]


def test_two_tools_are_called_in_one_stream(told: Told) -> None:
    streamed = told("tools_streamed")
    assert streamed["stop_reason"] == "tool_use"
    assert streamed["inputs"] == [{"city": "Paris"}] * 2
    assert streamed["partial"] == '{"city":"Paris"}' * 2


def test_a_tool_can_be_forced(told: Told) -> None:
    message = told("tool_forced")
    assert (message["name"], message["stop_reason"]) == ("get_weather", "tool_use")


def test_the_tool_runner_runs_to_its_end(told: Told) -> None:
    run = told("tool_runner")
    assert run["calls"] == 1
    assert "14 degrees, rain" in run["final"]["text"]


def test_thinking_is_signed_and_taken_back(told: Told) -> None:
    turns = told("thinking")
    assert turns["first"]["blocks"] == turns["second"]["blocks"] == ["thinking", "text"]
    assert turns["signed"]
    assert turns["second"]["text"] == "thank you"


def test_thinking_is_streamed(told: Told) -> None:
    message = told("thinking_streamed")
    assert message["seen"] == ["thinking", "signature", "text"]
    assert message["signed"]
    assert message["text"] == ANSWER


def test_beta_methods_work_whatever_betas_are_named(told: Told) -> None:
    beta = told("beta")
    assert beta["whole"]["text"] == beta["streamed"]["text"] == ANSWER
    assert beta["counted"] > 0
    assert beta["models"] == NAMES


def test_legacy_completions_work_where_the_package_has_them(told: Told, generation: str) -> None:
    completion = told("completion")
    if generation != "anthropic-0":
        assert completion is None
        return
    assert completion["completion"].strip() == completion["streamed"].strip() == ANSWER
    assert (completion["type"], completion["stop_reason"]) == ("completion", "stop_sequence")
    assert "写一首关于春天的俳句" in told("completion_async")["completion"]


@pytest.mark.parametrize("case", ["raw_headers", "streamed_headers"])
def test_headers_say_request_organization_and_workspace(told: Told, case: str, live: LiveServer) -> None:
    headers = told(case)
    assert headers["request-id"].startswith("req_01")
    assert headers["anthropic-organization-id"] == live.organization_id
    assert headers["anthropic-workspace-id"] == live.workspace_id
    kind = "application/json" if case == "raw_headers" else "text/event-stream"
    assert headers["content-type"].startswith(kind)


def test_an_admin_key_reads_its_organization(told: Told, generation: str, live: LiveServer) -> None:
    found = told("organization")
    if generation == "anthropic-0":
        assert found is None
    else:
        assert found == {"id": live.organization_id, "name": "Acme", "type": "organization"}


@pytest.mark.parametrize(
    ("case", "name", "status", "kind"),
    [
        ("400", "BadRequestError", 400, "invalid_request_error"),
        ("400 field", "BadRequestError", 400, "invalid_request_error"),
        ("400 query", "BadRequestError", 400, "invalid_request_error"),
        ("400 version", "BadRequestError", 400, "invalid_request_error"),
        ("401", "AuthenticationError", 401, "authentication_error"),
        ("403", "PermissionDeniedError", 403, "permission_error"),
        ("404", "NotFoundError", 404, "not_found_error"),
        ("404 model", "NotFoundError", 404, "not_found_error"),
        ("413", "ContentTooLargeError", 413, "request_too_large"),
    ],
)
def test_our_refusals_are_typed_exceptions(
    told: Told, generation: str, case: str, name: str, status: int, kind: str
) -> None:
    error = told("refused_by_us")[case]
    if generation != "anthropic-2":
        name = {"ContentTooLargeError": "RequestTooLargeError"}.get(name, name)
    assert (error["class"], error["status"]) == (name, status)
    assert error["body"]["type"] == "error"
    assert error["body"]["error"]["type"] == kind
    assert error["request_id"] == error["header"] == error["body"]["request_id"]


def test_an_unknown_model_has_a_stable_code_and_a_hint(told: Told, generation: str) -> None:
    error = told("refused_by_us")["404"]
    assert error["body"]["error"]["message"] == "model: claude-none-1; did you mean claude-sim-1?"
    assert error["body"]["error"]["details"] == {"error_code": "model_not_found"}
    assert error["error_code"] == ("model_not_found" if generation == "anthropic-2" else None)


def test_an_admin_key_may_not_send_messages_and_is_told_what_may(told: Told) -> None:
    assert "api_key" in told("refused_by_us")["403"]["body"]["error"]["message"]


def test_an_api_key_may_not_read_the_organization(told: Told) -> None:
    error = told("organization_with_an_api_key")
    assert (error["class"], error["status"]) == ("PermissionDeniedError", 403)


@pytest.mark.parametrize(
    ("status", "name", "oldest"),
    [
        ("400", "BadRequestError", "BadRequestError"),
        ("402", "PaymentRequiredError", "APIStatusError"),
        ("403", "PermissionDeniedError", "PermissionDeniedError"),
        ("404", "NotFoundError", "NotFoundError"),
        ("409", "ConflictError", "ConflictError"),
        ("413", "ContentTooLargeError", "RequestTooLargeError"),
        ("429", "RateLimitError", "RateLimitError"),
        ("500", "InternalServerError", "InternalServerError"),
        ("503", "ServiceUnavailableError", "InternalServerError"),
        ("504", "GatewayTimeoutError", "InternalServerError"),
        ("529", "OverloadedError", "OverloadedError"),
    ],
)
def test_the_providers_refusals_pass_as_they_are(
    told: Told, generation: str, status: str, name: str, oldest: str
) -> None:
    error = told("refused_upstream")[status]
    assert error["status"] == int(status)
    assert name in error["bases"] or (generation != "anthropic-2" and oldest in error["bases"])
    assert error["body"]["error"]["message"] == f"Simulated error {status}"
    assert error["request_id"].startswith("req_01")


def test_the_providers_401_is_not_told_as_the_callers(told: Told) -> None:
    error = told("refused_upstream")["401"]
    assert (error["class"], error["status"]) == ("InternalServerError", 500)


def test_errors_in_a_stream_are_exceptions_too(told: Told) -> None:
    errors = told("refused_stream")
    assert (errors["start"]["class"], errors["start"]["status"]) == ("OverloadedError", 529)
    assert errors["middle"]["body"]["error"]["type"] == "overloaded_error"
    assert errors["cut"]["body"]["error"]["type"] == "api_error"
    assert errors["cut"]["request_id"] == errors["cut"]["body"]["request_id"]


def test_retries_do_as_the_answer_says(told: Told) -> None:
    retries = told("retries")
    assert retries["succeeded"]["text"] == "again"
    assert (retries["exhausted"]["class"], retries["exhausted"]["retries"]) == ("OverloadedError", "1")
    assert (retries["told_not_to"]["should_retry"], retries["told_not_to"]["retries"]) == ("false", "0")


def test_sampling_parameters_are_refused_only_in_the_new_version(told: Told, generation: str) -> None:
    error = told("sampling")
    if generation == "anthropic-2":
        assert error["body"]["error"]["message"] == "temperature: Extra inputs are not permitted"
    else:
        assert error["class"] is None
