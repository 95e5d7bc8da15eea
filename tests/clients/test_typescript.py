"""@anthropic-ai/sdk and axios on Node, unchanged, against a live server."""

from collections.abc import Callable

import pytest

from tests.clients.conftest import Told
from tests.live import LiveServer

NAMES = ["sim-1", "sim-agent-1", "claude-sim-1", "claude-sim-agent-1"]
ANSWER = "17 × 3 = 51"  # noqa: RUF001 - as the model writes it
COUNTED = ", ".join(map(str, range(1, 31))) + "."


@pytest.fixture
def told(drive: Callable[[str, str], Told]) -> Told:
    return drive("npm", "anthropic_sdk")


@pytest.fixture
def posted(drive: Callable[[str, str], Told]) -> Told:
    return drive("npm", "axios_posts")


def test_the_package_says_its_version_and_sends_its_key_as_a_bearer(told: Told) -> None:
    assert told("version") == {"library": "1.11.0", "version": "2026-10-21", "credential": "authorization"}


def test_a_message_is_answered(told: Told) -> None:
    message = told("whole")
    assert (message["text"], message["model"], message["stop_reason"]) == (ANSWER, "sim-1", "end_turn")
    assert message["request_id"].startswith("req_01")


def test_a_stream_of_text_adds_up_to_the_final_message(told: Told) -> None:
    final = told("text_stream")
    assert len(final["parts"]) > 1
    assert "".join(final["parts"]) == final["text"] == final["text_of_helper"] == COUNTED


def test_the_events_come_in_their_order(told: Told) -> None:
    events = told("events")
    assert (events[0], events[-1]) == ("message_start", "message_stop")
    assert [event for event in events if event != "ping"] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_stream_without_end_can_be_left(told: Told) -> None:
    assert told("left_early") == {"class": "APIUserAbortError", "parts": 3}


def test_a_hundred_streams_run_beside_one_another(told: Told) -> None:
    assert told("hundred_at_once") == 100


def test_tokens_are_counted(told: Told) -> None:
    assert told("counted") > 0


def test_models_are_listed_page_by_page_and_retrieved(told: Told) -> None:
    assert told("models") == {"first": NAMES[:1], "more": True, "all": NAMES, "one": "claude-sim-1"}


def test_a_tool_is_called_and_its_result_taken(told: Told) -> None:
    turns = told("tools")
    assert turns["asked"]["stop_reason"] == "tool_use"
    assert (turns["name"], turns["input"]) == ("get_weather", {"city": "Paris"})
    assert "14 degrees, rain" in turns["final"]["text"]


def test_two_tools_are_called_in_one_stream(told: Told) -> None:
    assert told("tools_streamed") == {"partial": '{"city":"Paris"}' * 2, "inputs": [{"city": "Paris"}] * 2}


def test_thinking_is_signed_and_taken_back(told: Told) -> None:
    turns = told("thinking")
    assert turns["first"]["blocks"] == turns["second"]["blocks"] == ["thinking", "text"]
    assert turns["signed"]
    assert turns["second"]["text"] == "thank you"


def test_beta_methods_work_whatever_betas_are_named(told: Told) -> None:
    beta = told("beta")
    assert beta["whole"]["text"] == beta["streamed"]["text"] == ANSWER
    assert beta["counted"] > 0
    assert beta["models"] == NAMES


def test_headers_say_request_organization_and_workspace(told: Told, live: LiveServer) -> None:
    headers = told("headers")
    assert headers["request-id"].startswith("req_01")
    assert headers["anthropic-organization-id"] == live.organization_id
    assert headers["anthropic-workspace-id"] == live.workspace_id


def test_the_package_has_no_completions_any_more(told: Told) -> None:
    assert told("completion") is None


def test_an_admin_key_reads_its_organization(told: Told, live: LiveServer) -> None:
    assert told("organization") == {"id": live.organization_id, "type": "organization", "name": "Acme"}


@pytest.mark.parametrize(
    ("case", "name", "kind"),
    [
        ("400", "BadRequestError", "invalid_request_error"),
        ("400 sampling", "BadRequestError", "invalid_request_error"),
        ("401", "AuthenticationError", "authentication_error"),
        ("403", "PermissionDeniedError", "permission_error"),
        ("404", "NotFoundError", "not_found_error"),
        ("404 model", "NotFoundError", "not_found_error"),
        ("413", "ContentTooLargeError", "request_too_large"),
    ],
)
def test_our_refusals_are_typed_exceptions(told: Told, case: str, name: str, kind: str) -> None:
    error = told("refused_by_us")[case]
    assert (error["class"], error["type"], error["status"]) == (name, kind, int(case[:3]))
    assert error["request_id"] == error["header"] == error["body"]["request_id"]
    assert error["error_code"] == ("model_not_found" if kind == "not_found_error" else None)


def test_a_refusal_reaches_a_caller_who_is_still_sending(told: Told) -> None:
    assert told("refused_while_sending") == ["ContentTooLargeError", "AuthenticationError"] * 5


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("400", "BadRequestError"),
        ("403", "PermissionDeniedError"),
        ("404", "NotFoundError"),
        ("409", "ConflictError"),
        ("413", "ContentTooLargeError"),
        ("429", "RateLimitError"),
        ("500", "InternalServerError"),
        ("503", "ServiceUnavailableError"),
        ("504", "GatewayTimeoutError"),
        ("529", "OverloadedError"),
    ],
)
def test_the_providers_refusals_pass_as_they_are(told: Told, status: str, name: str) -> None:
    error = told("refused_upstream")[status]
    assert (error["class"], error["status"]) == (name, int(status))
    assert error["body"]["error"]["message"] == f"Simulated error {status}"


def test_errors_in_a_stream_are_exceptions_too(told: Told) -> None:
    errors = told("refused_stream")
    assert (errors["start"]["class"], errors["start"]["status"]) == ("OverloadedError", 529)
    assert (errors["middle"]["class"], errors["middle"]["type"]) == ("APIError", "overloaded_error")
    assert (errors["cut"]["class"], errors["cut"]["type"]) == ("APIError", "api_error")


def test_retries_do_as_the_answer_says(told: Told) -> None:
    retries = told("retries")
    assert retries["succeeded"]["text"] == "again"
    assert (retries["told_not_to"]["class"], retries["told_not_to"]["should_retry"]) == ("InternalServerError", "false")


def test_axios_completes_as_the_published_guide_has_it(posted: Told) -> None:
    answer = posted("complete")
    assert answer["status"] == 200
    assert (answer["data"]["type"], answer["data"]["stop_reason"]) == ("completion", "stop_sequence")
    assert "翻译这段文字到英文" in answer["data"]["completion"]
    assert answer["header"].startswith("req_01")


def test_axios_streams_a_completion(posted: Told) -> None:
    streamed = posted("complete_streamed")
    assert streamed["kind"].startswith("text/event-stream")
    assert streamed["text"].strip() == ANSWER


def test_messages_without_a_version_are_refused_by_the_headers_name(posted: Told) -> None:
    error = posted("messages_without_a_version")
    assert error["status"] == 400
    assert "anthropic-version" in error["body"]["error"]["message"]


def test_axios_reads_why_it_was_refused(posted: Told) -> None:
    refused = posted("refused")
    assert [refused[case]["status"] for case in ("prompt", "key", "upstream")] == [400, 401, 429]
    assert refused["prompt"]["body"]["error"]["message"] == "prompt: Field required"
    assert refused["key"]["body"]["request_id"] == refused["key"]["header"]
