"""Two generations of the openai package, unchanged, against a live server."""

from collections.abc import Callable

import pytest

from tests.clients.conftest import Told
from tests.live import LiveServer

GENERATIONS = ("openai-3", "openai-1")
NAMES = ["sim-1", "sim-agent-1", "claude-sim-1", "claude-sim-agent-1"]
ANSWER = "17 × 3 = 51"  # noqa: RUF001 - as the model writes it
COUNTED = ", ".join(map(str, range(1, 31))) + "."


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def told(generation: str, drive: Callable[[str, str], Told]) -> Told:
    return drive(generation, "openai_sdk")


def test_it_is_the_generation_that_it_should_be(told: Told, generation: str) -> None:
    assert told("version") == {"openai-3": "3.52.0", "openai-1": "1.109.1"}[generation]


@pytest.mark.parametrize("case", ["whole", "whole_async"])
def test_a_chat_is_answered(told: Told, case: str) -> None:
    answer = told(case)
    assert (answer["text"], answer["role"], answer["finish_reason"]) == (ANSWER, "assistant", "stop")
    assert (answer["object"], answer["model"]) == ("chat.completion", "sim-1")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > 0


def test_a_system_turn_and_sampling_are_taken(told: Told) -> None:
    assert told("system")["text"] == "thank you"


def test_a_streamed_chat_comes_in_pieces(told: Told) -> None:
    streamed = told("chunks")
    assert streamed["pieces"] > 3
    assert streamed["objects"] == ["chat.completion.chunk"]
    assert streamed["text"] == COUNTED
    assert streamed["finish"] == ["stop"]
    assert told("chunks_async") == ANSWER


def test_usage_is_streamed_only_when_asked_for(told: Told) -> None:
    assert told("chunks")["usage"] == []
    asked = told("chunks_with_usage")
    assert asked["choices"] == 0
    assert asked["others"] == []
    assert asked["usage"]["completion_tokens"] > 0


def test_the_stream_helper_adds_up(told: Told) -> None:
    streamed = told("stream_manager")
    assert streamed["text"] == streamed["final"] == COUNTED


def test_a_tool_is_called_and_its_result_taken(told: Told) -> None:
    turns = told("tools")
    assert (turns["finish"], turns["name"], turns["arguments"]) == ("tool_calls", "get_weather", {"city": "Paris"})
    assert turns["final"]["finish_reason"] == "stop"
    assert "14 degrees, rain" in turns["final"]["text"]


def test_a_tool_is_called_in_a_stream(told: Told) -> None:
    assert told("tools_streamed") == {"names": ["get_weather"], "arguments": {"city": "Paris"}}


def test_models_are_listed_and_retrieved_in_openai_shape(told: Told) -> None:
    models = told("models")
    assert models["ids"] == told("models_async") == NAMES
    assert models["objects"] == ["model"]
    assert models["one"][:2] == ["claude-sim-1", "model"]


def test_headers_say_request_organization_and_workspace(told: Told, live: LiveServer) -> None:
    headers = told("raw_headers")
    assert headers["request-id"].startswith("req_01")
    assert headers["anthropic-organization-id"] == live.organization_id
    assert headers["anthropic-workspace-id"] == live.workspace_id
    assert headers["id"].startswith("chatcmpl-")


@pytest.mark.parametrize(
    ("case", "name", "status", "code"),
    [
        ("400", "BadRequestError", 400, None),
        ("401", "AuthenticationError", 401, "invalid_api_key"),
        ("401 models", "AuthenticationError", 401, "invalid_api_key"),
        ("403", "PermissionDeniedError", 403, "permission_denied"),
        ("404", "NotFoundError", 404, "model_not_found"),
        ("404 model", "NotFoundError", 404, "model_not_found"),
        ("413", "APIStatusError", 413, "request_too_large"),
    ],
)
def test_our_refusals_are_typed_exceptions(told: Told, case: str, name: str, status: int, code: str | None) -> None:
    error = told("refused_by_us")[case]
    assert (error["class"], error["status"], error["code"]) == (name, status, code)
    assert set(error["body"]) == {"error"}
    assert set(error["body"]["error"]) == {"message", "type", "param", "code"}
    assert error["header"].startswith("req_01")


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("400", "BadRequestError"),
        ("403", "PermissionDeniedError"),
        ("404", "NotFoundError"),
        ("409", "ConflictError"),
        ("413", "APIStatusError"),
        ("429", "RateLimitError"),
        ("500", "InternalServerError"),
        ("503", "InternalServerError"),
        ("529", "InternalServerError"),
    ],
)
def test_the_providers_refusals_pass_as_they_are(told: Told, status: str, name: str) -> None:
    error = told("refused_upstream")[status]
    assert (error["class"], error["status"]) == (name, int(status))
    assert error["body"]["error"]["message"] == f"Simulated error {status}"


def test_the_providers_401_is_not_told_as_the_callers(told: Told) -> None:
    error = told("refused_upstream")["401"]
    assert (error["class"], error["status"]) == ("InternalServerError", 500)


def test_errors_in_a_stream_are_exceptions_too(told: Told) -> None:
    errors = told("refused_stream")
    assert (errors["start"]["class"], errors["start"]["status"]) == ("InternalServerError", 529)
    assert (errors["middle"]["class"], errors["middle"]["message"]) == ("APIError", "Simulated error in the stream")
    assert errors["cut"]["class"] == "APIError"


def test_retries_do_as_the_answer_says(told: Told) -> None:
    retries = told("retries")
    assert retries["succeeded"]["text"] == "again"
    assert (retries["told_not_to"]["should_retry"], retries["told_not_to"]["retries"]) == ("false", "0")
