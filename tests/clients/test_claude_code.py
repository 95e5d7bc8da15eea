"""Claude Code, unchanged, against a live server: every way of giving it a credential that needs no browser."""

import time
from pathlib import Path

import pytest

from tests.clients.agents import Person, claude
from tests.live import LiveServer

WORDS = "This is sim-1's simulated answer"
PATIENCE_SECONDS = 20


@pytest.fixture
def person(live: LiveServer, tmp_path: Path) -> Person:
    return Person(tmp_path, live, {"ANTHROPIC_BASE_URL": live.base_url})


def test_an_api_key_of_the_environment_is_enough(person: Person) -> None:
    person.variables["ANTHROPIC_API_KEY"] = person.server.api_key
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert WORDS in told["result"]
    assert list(told["modelUsage"]) == ["claude-sim-1"]


def test_an_api_key_may_be_given_as_a_bearer_token(person: Person) -> None:
    person.variables["ANTHROPIC_AUTH_TOKEN"] = person.server.api_key
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told


def test_a_helper_prints_the_key_which_is_sent_in_both_headers(person: Person) -> None:
    person.write(".claude/settings.json", {"apiKeyHelper": f"echo {person.server.api_key}"})
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told


def test_a_helper_is_asked_again_when_its_key_has_stopped(person: Person) -> None:
    # 401 says nothing of trying again, or Claude Code would not
    person.variables["CLAUDE_CODE_MAX_RETRIES"] = "3"
    asked = person.home / "asked"
    script = f"echo x >> {asked}; test $(wc -l < {asked}) = 1 && echo {person.server.api_key[:-4]}2222 || echo "
    person.write("helper.sh", f"{script}{person.server.api_key}\n")
    person.write(".claude/settings.json", {"apiKeyHelper": f"sh {person.home}/helper.sh"})
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert asked.read_text(encoding="utf-8").count("x") > 1


def test_a_gateway_session_without_log_in_asks_with_a_bearer_and_finds_the_models(person: Person) -> None:
    person.variables |= {
        "ANTHROPIC_AUTH_TOKEN": person.server.api_key,
        "CLAUDE_CODE_USE_GATEWAY": "1",
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
    }
    before = len(person.requests("/v1/models"))
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert [line["status"] for line in person.requests("/v1/models")[before:]] == [200]


def test_a_bad_key_is_named_as_the_reason(person: Person) -> None:
    person.variables["ANTHROPIC_API_KEY"] = "sk-ant-api03-nobody"
    told = person.ask_claude()
    assert (told["code"], told["is_error"], told["api_error_status"]) == (1, True, 401)
    assert "Invalid API key" in told["result"]


def test_a_model_that_there_is_not_is_named(person: Person) -> None:
    person.variables["ANTHROPIC_API_KEY"] = person.server.api_key
    done = person.run([*claude(), "-p", "hi", "--model", "claude-none-1"])
    assert done.returncode == 1
    assert "claude-none-1" in done.stdout


def test_a_tool_call_goes_to_its_machine_and_back(person: Person) -> None:
    person.variables["ANTHROPIC_API_KEY"] = person.server.api_key
    told = person.ask_claude("look", "--tools", "Read", "--allowedTools", "Read", model="claude-sim-agent-1")
    assert (told["code"], told["is_error"], told["num_turns"]) == (0, False, 2), told
    assert "The tool returned" in told["result"]


def test_metrics_logs_and_traces_are_taken(person: Person) -> None:
    person.variables |= {
        "ANTHROPIC_API_KEY": person.server.api_key,
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": person.server.base_url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {person.server.api_key}",
    }
    told = person.ask_claude()
    assert told["code"] == 0, told
    until = time.monotonic() + PATIENCE_SECONDS
    for path in ("/v1/metrics", "/v1/logs", "/v1/traces"):
        while not (lines := person.requests(path)):
            assert time.monotonic() < until, f"nothing came to {path}"
            time.sleep(0.1)
        assert {line["status"] for line in lines} == {200}, path
