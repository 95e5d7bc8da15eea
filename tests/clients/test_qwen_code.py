"""Qwen Code, unchanged, against a live server: both protocols that it speaks with us, and where it looks for keys."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clients.agents import Person
from tests.live import LiveServer
from tests.visiting import operate

WORDS = "This is sim-1's simulated answer"


@pytest.fixture
def person(live: LiveServer, tmp_path: Path) -> Person:
    return Person(tmp_path, live)


def openai(person: Person) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": person.server.api_key,
        "OPENAI_BASE_URL": f"{person.server.base_url}/v1",
        "OPENAI_MODEL": "sim-1",
    }


def env_file(variables: dict[str, str]) -> str:
    return "".join(f'{name}="{value}"\n' for name, value in variables.items())


def test_the_openai_protocol_takes_its_three_variables(person: Person) -> None:
    person.variables |= openai(person)
    done = person.ask_qwen("--auth-type", "openai")
    assert (done.returncode, WORDS in done.stdout) == (0, True), done.stderr
    assert person.requests("/v1/chat/completions")[-1]["status"] == 200


def test_the_anthropic_protocol_takes_its_three_variables(person: Person) -> None:
    person.variables |= {
        "ANTHROPIC_API_KEY": person.server.api_key,
        "ANTHROPIC_BASE_URL": person.server.base_url,
        "ANTHROPIC_MODEL": "claude-sim-1",
    }
    done = person.ask_qwen("--auth-type", "anthropic")
    assert (done.returncode, WORDS in done.stdout) == (0, True), done.stderr
    assert person.requests("/v1/messages")[-1]["status"] == 200


@pytest.mark.parametrize("path", [".qwen/.env", ".env"])
def test_the_home_folders_file_is_found(person: Person, path: str) -> None:
    person.write(path, env_file(openai(person)), 0o600)
    done = person.ask_qwen("--auth-type", "openai")
    assert (done.returncode, WORDS in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("path", ["project/.qwen/.env", "project/.env"])
def test_the_project_folders_file_is_found(person: Person, path: str) -> None:
    person.write(path, env_file(openai(person)), 0o600)
    done = person.ask_qwen("--auth-type", "openai")
    assert (done.returncode, WORDS in done.stdout) == (0, True), done.stderr


def test_a_bad_key_ends_it(person: Person) -> None:
    person.variables |= {**openai(person), "OPENAI_API_KEY": "sk-ant-api03-nobody"}
    done = person.ask_qwen("--auth-type", "openai")
    assert done.returncode != 0
    assert "401" in done.stdout + done.stderr


def test_a_quota_that_is_used_up_ends_it_at_once(person: Person) -> None:
    server = person.server
    member = operate(server, "people.add", email="qwen@example.com", role="developer")
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2026-10-21"}

    def post(path: str, **body: object) -> Any:  # noqa: ANN401 - whatever JSON holds
        answer = server.ask("POST", f"/v1/organizations/{path}", headers, json.dumps(body))
        assert answer.status == 200, answer.body
        return answer.json()

    key = post("api_keys", name="Qwen", user_id=member["id"])["secret"]
    post("quotas", user_id=member["id"], requests_per_day=1)
    person.variables |= {**openai(person), "OPENAI_API_KEY": key}
    time.sleep(1)  # what a change of limits takes to be in force
    person.ask_qwen("--auth-type", "openai")
    asked = len(person.requests("/v1/chat/completions"))
    done = person.ask_qwen("--auth-type", "openai")
    assert done.returncode != 0
    assert "Quota exhausted" in done.stdout + done.stderr
    refused = person.requests("/v1/chat/completions")[asked:]
    assert [line["status"] for line in refused] == [429] * len(refused)


def test_nothing_configured_says_what_to_set(person: Person) -> None:
    done = person.ask_qwen()
    assert done.returncode == 1
    assert "auth type" in done.stderr
