"""Bytes in, bytes out: what reaches a provider and what comes back, apart from what is only ours."""

import asyncio
import json
from typing import Any, NoReturn

import pytest

from tests.api.conftest import House
from tests.api.recorder import http
from tests.asgi import call, scope_of
from tests.unit.simulated.caller import until

BODY = (
    b'{ "model" : "claude-x",\t"max_tokens":1, "messages":[],  '
    b'"unheard": [1.0, 1e5, "\\u00e9\xc3\xa9"], "x":{"model":"best"} }'
)
STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
    b': a comment\n\nevent: ping\ndata: {"type": "ping"}\n\n'
    b'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"h\xc3\xa9"}}\r\n\r\n'
    b'event: unheard\ndata: {"x":1}\n\n'
    b'event: message_delta\ndata: {"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


@pytest.mark.parametrize("target", ["/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens?beta=true"])
async def test_a_body_reaches_the_provider_byte_for_byte_with_its_query(house: House, target: str) -> None:
    answer = await house.post([BODY[:30], BODY[30:]], target)
    assert answer.status == 200, answer.body
    head, body = house.recorder.requests[-1]
    assert head.startswith(f"POST {target} HTTP/1.1\r\n")
    assert body == BODY


async def test_only_an_alias_is_replaced(house: House) -> None:
    await house.post(BODY.replace(b'"claude-x"', b'"best"'))
    assert house.recorder.requests[-1][1] == BODY.replace(b'"claude-x"', b'"real"')


async def test_the_callers_credentials_never_reach_the_provider(house: House) -> None:
    sent = {"authorization": f"Bearer {house.api_key}", "cookie": "canary", "proxy-authorization": "canary"}
    sent |= {"anthropic-workspace-id": house.founded.workspace_id, "x-forwarded-for": "canary", "host": "canary"}
    sent |= {"anthropic-beta": "new-2031-01-01", "x-stainless-os": "Linux", "user-agent": "SDK/9"}
    await house.post(BODY, **sent)
    head = house.recorder.requests[-1][0].lower()
    for secret in (house.api_key.lower(), "canary", house.founded.workspace_id.lower()):
        assert secret not in head
    lines = head.split("\r\n")
    for line in (
        "x-api-key: sk-provider",
        "x-team: a",
        "anthropic-beta: new-2031-01-01",
        "anthropic-version: 2023-06-01",
        "x-stainless-os: linux",
        "user-agent: sdk/9",
        "content-type: application/json",
        "accept-encoding: identity",
    ):
        assert lines.count(line) == 1, head
    assert sum(line.startswith("x-antechamber-request-id: req_") for line in lines) == 1


async def test_an_openai_provider_gets_a_bearer_and_its_path_once(house: House) -> None:
    house.recorder.answer = http(b'{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}')
    answer = await house.post(b'{"model":"gpt-1","messages":[]}', "/v1/chat/completions")
    assert answer.status == 200
    head = house.recorder.requests[-1][0]
    assert head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert "authorization: bearer sk-chats" in head.lower()


async def test_an_answer_comes_back_byte_for_byte_under_our_request_id(house: House) -> None:
    body = b'{ "type":"message", "usage":{"input_tokens":1,"output_tokens":2}, "new": "\xc3\xa9" }'
    house.recorder.answer = http(body, "200 OK", "application/json", "request-id: req_up", "x-new: 1", "set-cookie: c")
    answer = await house.post(BODY)
    assert answer.body == body
    names = [name for name, _ in answer.headers]
    assert answer.header("x-upstream-request-id") == "req_up"
    assert answer.header("x-new") == "1"
    assert "set-cookie" not in names
    assert names.count("request-id") == names.count("content-length") == 1
    assert answer.header("anthropic-workspace-id") == house.founded.workspace_id


async def test_a_stream_comes_back_byte_for_byte_pings_comments_and_all(house: House) -> None:
    house.recorder.answer = http(STREAM, "200 OK", "text/event-stream")
    answer = await house.post(BODY.replace(b'"max_tokens"', b'"stream":true,"max_tokens"'))
    assert answer.body == STREAM
    assert answer.header("content-type") == "text/event-stream"


@pytest.mark.parametrize(("status", "words"), [("400 Bad Request", "x"), ("429 Too Many Requests", "slow down")])
async def test_a_refusal_comes_back_as_it_is(house: House, status: str, words: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": words}}).encode()
    house.recorder.answer = http(body, status, "application/json", "retry-after: 7")
    answer = await house.post(BODY)
    assert (answer.status, answer.body) == (int(status[:3]), body)
    assert answer.header("retry-after") == "7"


async def test_a_stream_that_is_cut_ends_with_an_error_event(house: House) -> None:
    house.recorder.answer = http(STREAM.partition(b"event: message_delta")[0], "200 OK", "text/event-stream")
    answer = await house.post(BODY)
    assert answer.status == 200
    relayed, _, last = answer.body.partition(b"event: error\ndata: ")
    assert STREAM.startswith(relayed)
    told = json.loads(last)
    assert told["error"]["type"] == "api_error"
    assert told["request_id"] == answer.header("request-id")


async def test_an_error_that_begins_a_stream_is_an_answer_of_its_status(house: House) -> None:
    event = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    house.recorder.answer = http(event, "200 OK", "text/event-stream")
    answer = await house.post(BODY)
    assert (answer.status, answer.json()["error"]["type"]) == (529, "overloaded_error")


async def test_a_caller_who_leaves_cancels_the_provider_at_once(house: House) -> None:
    leaves = asyncio.Event()
    body = json.dumps(
        {
            "model": "sim-1",
            "max_tokens": 9,
            "stream": True,
            "messages": [{"role": "user", "content": "[sim events=inf events_per_second=20] go"}],
        }
    ).encode()
    headers = {"x-api-key": house.api_key, "anthropic-version": "2023-06-01"}
    waiting = asyncio.create_task(
        call(house.app.shell, "POST", "/v1/messages", headers=headers, body=body, leaves=leaves)
    )
    truth = house.app.simulated.truth
    await until(lambda: bool(truth.records) and truth.records[-1].delivered_events > 0)
    leaves.set()
    await waiting
    await until(lambda: truth.records[-1].saw_disconnect)
    assert house.app.admission.open == 0


async def test_nothing_is_dispatched_beyond_what_the_server_carries(house: House) -> None:
    house.app.admission.requests._most = 0
    answer = await house.post(BODY)
    assert (answer.status, answer.json()["error"]["type"]) == (529, "overloaded_error")
    assert answer.header("retry-after") == "1"
    assert house.recorder.requests == []


async def test_metrics_are_refused_to_other_machines(house: House) -> None:
    there = await call(house.app.shell, "GET", "/metrics", client=("203.0.113.9", 5))
    here = await call(house.app.shell, "GET", "/metrics", client=("127.0.0.1", 5))
    assert (there.status, here.status) == (403, 200)
    assert scope_of("GET", "/x?y", {})["query_string"] == b"y"


async def test_a_database_that_is_away_is_529_for_strangers_and_nothing_for_known_keys(house: House) -> None:
    database = house.app.storage.database
    busy: Any = database.engine.sync_engine.pool
    await until(lambda: busy.checkedout() == 0)  # what comes back to a pool that is closed is closed by nobody
    await database.close()
    pool = database.engine.sync_engine.pool

    def refuse(*_: object) -> NoReturn:
        message = "away"
        raise OSError(message)

    kept, pool._creator = pool._creator, refuse
    try:
        assert (await house.post(BODY)).status == 200
        assert (await house.post(BODY, x_api_key="unknown")).status == 529
        ready = await call(house.app.shell, "GET", "/health/ready")
        assert (ready.status, set(ready.json()["problems"])) == (503, {"database"})
        assert (await call(house.app.shell, "GET", "/health/live")).status == 200
    finally:
        pool._creator = kept


async def test_a_draining_server_is_not_ready(house: House) -> None:
    house.app.is_draining = True
    ready = await call(house.app.shell, "GET", "/health/ready")
    assert (ready.status, ready.json()["problems"]) == (503, {"drain": "the server is stopping"})
