"""curl, as someone types it who reads documentation: headers left out, bodies as `--data`, brackets in queries."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveServer, clean_environment


@dataclass(frozen=True)
class Typed:
    """What curl wrote: status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return json.loads(self.body)

    def data(self) -> list[Any]:
        """Return the data of the events of a stream."""
        lines = [line.removeprefix("data: ") for line in self.body.splitlines() if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line != "[DONE]"]


Curl = Callable[[str], Typed]


@pytest.fixture
def curl(live: LiveServer) -> Curl:
    """Type a command into a shell; `$URL` stands where a document says https://api.anthropic.com."""
    variables = {"URL": live.base_url, "ANTHROPIC_API_KEY": live.api_key, "ANTHROPIC_ADMIN_KEY": live.admin_key,
                 "ADMIN_API_KEY": live.admin_key, "HOME": os.devnull}  # fmt: skip

    def run(command: str) -> Typed:
        assert command.lstrip().startswith("curl ")
        line = command.strip().replace("curl ", "curl --silent --show-error --include --max-time 30 ", 1)
        done = subprocess.run(
            ["sh", "-c", line], env=clean_environment(variables), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
        while head.startswith("HTTP/1.1 100"):
            head, _, body = body.partition("\n\n")
        first, *lines = head.splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Typed(int(first.split()[1]), headers, body)

    return run


def until(ask: Callable[[], Typed], is_there: Callable[[Typed], Any]) -> Typed:
    """Ask again until it is there, for at most ten seconds."""
    give_up_at = time.monotonic() + 10
    while not is_there(answer := ask()) and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return answer


def test_the_organization_as_published(curl: Curl, live: LiveServer) -> None:
    answer = curl(r"""
curl "$URL/v1/organizations/me" \
  --header "anthropic-version: 2023-06-01" \
  --header "x-api-key: $ADMIN_API_KEY"
""")
    assert answer.status == 200
    assert answer.json() == {"id": live.organization_id, "type": "organization", "name": "Acme"}
    assert answer.headers["request-id"].startswith("req_01")
    assert answer.headers["anthropic-organization-id"] == live.organization_id
    assert "anthropic-workspace-id" not in answer.headers


def test_an_admin_endpoint_asks_for_the_version(curl: Curl) -> None:
    answer = curl('curl "$URL/v1/organizations/me" --header "x-api-key: $ADMIN_API_KEY"')
    assert answer.status == 400
    assert "anthropic-version" in answer.json()["error"]["message"]


def test_a_message_in_the_documents_words(curl: Curl, live: LiveServer) -> None:
    answer = curl(r"""
curl $URL/v1/messages \
     --header "x-api-key: $ANTHROPIC_API_KEY" \
     --header "anthropic-version: 2023-06-01" \
     --header "content-type: application/json" \
     --data \
'{
    "model": "sim-1",
    "max_tokens": 1024,
    "messages": [
        {"role": "user", "content": "say Hello, world"}
    ]
}'
""")
    assert answer.status == 200
    [block] = answer.json()["content"]
    assert (block["type"], block["text"]) == ("text", "Hello, world")
    assert answer.headers["anthropic-workspace-id"] == live.workspace_id


@pytest.mark.parametrize("kind", ["", "-H 'content-type: text/plain'", "-H 'content-type: Application/JSON;charset=x'"])
def test_a_message_whatever_the_content_type_says(curl: Curl, kind: str) -> None:
    answer = curl(f"""
curl $URL/v1/messages -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" {kind} \
  -d '{{"model": "sim-1", "max_tokens": 9, "messages": [{{"role": "user", "content": "say hello"}}]}}'
""")
    assert answer.json()["content"][0]["text"] == "hello"


def test_a_body_that_is_sent_in_chunks(curl: Curl) -> None:
    answer = curl(r"""
curl "$URL/v1/messages?beta=true" -H "Authorization: Bearer $ANTHROPIC_API_KEY" -H "anthropic-version: 2026-10-21" \
  -H "transfer-encoding: chunked" \
  -d '{"model": "claude-sim-1", "max_tokens": 9, "messages": [{"role": "user", "content": "say hello"}]}'
""")
    assert answer.json()["content"][0]["text"] == "hello"


def test_a_stream_comes_as_events_from_start_to_stop(curl: Curl) -> None:
    answer = curl(r"""
curl $URL/v1/messages -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" --no-buffer \
  -d '{"model": "sim-1", "max_tokens": 99, "stream": true, "messages": [{"role": "user", "content": "say hello"}]}'
""")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.data()
    assert events[0]["type"] == "message_start"
    assert events[-1] == {"type": "message_stop"}
    texts = [event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta"]
    assert "".join(texts) == "hello"


def test_tokens_are_counted_without_a_model_being_asked(curl: Curl) -> None:
    answer = curl(r"""
curl $URL/v1/messages/count_tokens -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" \
  -d '{"model": "sim-1", "messages": [{"role": "user", "content": "hello"}]}'
""")
    assert answer.json().keys() == {"input_tokens"}


@pytest.mark.parametrize("credential", ["x-api-key: $ANTHROPIC_API_KEY", "Authorization: Bearer $ANTHROPIC_API_KEY"])
@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_models_with_either_header_in_either_version(curl: Curl, credential: str, version: str) -> None:
    answer = curl(f'curl "$URL/v1/models?limit=1" -H "{credential}" -H "anthropic-version: {version}"')
    page = answer.json()
    assert (page["has_more"], page["first_id"], page["last_id"]) == (True, "sim-1", "sim-1")
    one = curl(f'curl "$URL/v1/models/sim-1" -H "{credential}" -H "anthropic-version: {version}"')
    assert one.json() == page["data"][0]


def test_models_with_bracketed_names(curl: Curl) -> None:
    typed = (
        'curl --globoff "$URL/v1/models?lifecycle[]=active&lifecycle[]=deprecated" -H "anthropic-version: 2026-10-21"'
    )
    answer = curl(f'{typed} -H "x-api-key: $ANTHROPIC_API_KEY"')
    assert len(answer.json()["data"]) == 4


def test_models_in_openai_shape_without_a_version(curl: Curl) -> None:
    answer = curl('curl "$URL/v1/models" -H "Authorization: Bearer $ANTHROPIC_API_KEY"')
    assert answer.json()["object"] == "list"
    assert {model["object"] for model in answer.json()["data"]} == {"model"}


def test_a_legacy_completion_without_a_version(curl: Curl) -> None:
    answer = curl(r"""
curl $URL/v1/complete -H "x-api-key: $ANTHROPIC_API_KEY" \
  -d '{"model": "claude-2.1", "max_tokens_to_sample": 99, "prompt": "\n\nHuman: What is 17 * 3?\n\nAssistant:"}'
""")
    assert answer.json()["type"] == "completion"
    assert "51" in answer.json()["completion"]


def test_a_chat_completion(curl: Curl) -> None:
    answer = curl(r"""
curl $URL/v1/chat/completions -H "Content-Type: application/json" -H "Authorization: Bearer $ANTHROPIC_API_KEY" \
  -d '{"model": "sim-1", "messages": [{"role": "user", "content": "say hello"}]}'
""")
    assert answer.json()["choices"][0]["message"]["content"] == "hello"


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_a_probe_without_any_header(curl: Curl, path: str) -> None:
    answer = curl(f'curl --head "$URL{path}"')
    assert answer.status == 200
    assert answer.headers["request-id"].startswith("req_01")
    assert answer.body == ""


def test_the_usage_report_with_bracketed_names(curl: Curl, live: LiveServer) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day, next_day = (f"{at:%Y-%m-%d}T00:00:00Z" for at in (today, today + timedelta(days=1)))
    sent = curl(r"""
curl $URL/v1/messages -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" \
  -d '{"model": "sim-agent-1", "max_tokens": 9, "messages": [{"role": "user", "content": "say hello"}]}'
""")
    assert sent.status == 200
    typed = f"""
curl --globoff "$URL/v1/organizations/usage_report/messages?starting_at={day}&ending_at={next_day}\
&group_by[]=model&group_by[]=workspace_id&models[]=sim-agent-1&bucket_width=1d" \
  --header "anthropic-version: 2023-06-01" \
  --header "x-api-key: $ANTHROPIC_ADMIN_KEY"
"""
    answer = until(lambda: curl(typed), lambda found: found.json()["data"][0]["results"])
    report = answer.json()
    [bucket] = report["data"]
    [result] = bucket["results"]
    assert (bucket["starting_at"], bucket["ending_at"]) == (day, next_day)
    assert (result["model"], result["api_key_id"]) == ("sim-agent-1", None)
    assert result["workspace_id"] in {None, live.workspace_id}
    assert result["uncached_input_tokens"] > 0
    assert result["output_tokens"] > 0
    assert (report["has_more"], report["next_page"]) == (False, None)


def test_a_misspelt_query_is_refused_by_name(curl: Curl) -> None:
    asked = "$URL/v1/organizations/usage_report/messages?starting_at=2026-11-01T00:00:00Z&group_bye[]=model"
    answer = curl(f'curl --globoff "{asked}" -H "anthropic-version: 2023-06-01" -H "x-api-key: $ANTHROPIC_ADMIN_KEY"')
    assert answer.status == 400
    assert "group_bye" in answer.json()["error"]["message"]


def test_a_key_that_is_forgotten_or_wrong(curl: Curl) -> None:
    forgotten = curl('curl "$URL/v1/models" -H "anthropic-version: 2023-06-01"')
    wrong = curl('curl "$URL/v1/models" -H "anthropic-version: 2023-06-01" -H "x-api-key: $NO_SUCH_VARIABLE_1"')
    assert (forgotten.status, wrong.status) == (401, 401)
    assert forgotten.json()["error"]["type"] == wrong.json()["error"]["type"] == "authentication_error"


def test_a_path_that_is_not_there(curl: Curl) -> None:
    answer = curl('curl "$URL/v1/mesages" -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01"')
    assert answer.status == 404
    assert answer.json()["error"]["type"] == "not_found_error"
    assert answer.json()["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize("protocol", ["--http1.1", "--http1.1 -H Expect:", "--http2-prior-knowledge"])
def test_a_refusal_reaches_a_caller_who_is_still_sending(curl: Curl, tmp_path: Path, protocol: str) -> None:
    large = tmp_path / "large"
    large.write_bytes(b" " * (33 << 20))
    # On a starved machine the HTTP/2 library may reset the upload's stream around the answer; curl tries again then.
    again = "--retry 3 --retry-all-errors --retry-delay 1" if "http2" in protocol else ""
    for credential, status in (("$ANTHROPIC_API_KEY", 413), ("made-up", 401)) * 3:
        answer = curl(f"""
curl {protocol} {again} $URL/v1/messages -H "x-api-key: {credential}" -H "anthropic-version: 2023-06-01" \\
  --data-binary @{large}
""")
        assert answer.status == status
        assert answer.json()["request_id"] == answer.headers["request-id"]
