"""What the models answer, in each dialect, whole and streamed."""

from typing import Any

import pytest

from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.base.clock import SystemClock
from antechamber.base.tokens import estimate
from tests.unit.simulated.caller import CHAT, MESSAGES, VERSION, Caller, check_grammar, message, request

CHAT_BODY = {"model": "sim-1", "messages": [{"role": "user", "content": "hello"}]}
TOOLS = [
    {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}},
    {"name": "now", "input_schema": {"type": "object", "properties": {}}},
]


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("hello", "Hello!"),
        ("你好", "你好"),
        ("What is 17 * 3?", "51"),
        ("1/0?", "no value"),
        ("count to 4", "1, 2, 3, 4."),
        ("Say exactly 中文 and 🌍 please", "中文 and 🌍 please"),
        ("What is the capital of France?", "Paris"),
        ("为什么天是蓝的", "为什么天是蓝的"),
        ("Why?", "“Why?”"),
        ("x" * 10_000, "…"),
        ("", "no text"),
    ],
)
async def test_the_model_answers_sensibly_and_the_same_each_time(caller: Caller, prompt: str, part: str) -> None:
    first = await caller.ask(MESSAGES, message(prompt), VERSION)
    again = await caller.ask(f"{MESSAGES}?beta=true", message(prompt), VERSION)
    assert part in first.json()["content"][0]["text"]
    assert first.json()["content"] == again.json()["content"]


async def test_a_stream_says_what_the_whole_answer_says(caller: Caller) -> None:
    prompt = "Tell me about 狐狸 and 🦊"
    whole = (await caller.ask(MESSAGES, message(prompt), VERSION)).json()
    streamed = (await caller.ask(MESSAGES, message(prompt, stream=True), VERSION)).events()
    assert check_grammar(streamed) == whole["content"]
    assert streamed[-2]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]


async def test_tokens_follow_the_shared_rule(caller: Caller) -> None:
    raw = request(MESSAGES, message("say 狐狸"), VERSION)
    await caller.send(raw)
    usage = (await caller.reply()).json()["usage"]
    assert usage["input_tokens"] == estimate(len(raw.partition(b"\r\n\r\n")[2]))
    assert usage["output_tokens"] == estimate(len("狐狸".encode()))


async def test_counting_agrees_with_asking(caller: Caller) -> None:
    body = message("How many tokens?")
    counted = (await caller.ask(f"{MESSAGES}/count_tokens", body, VERSION)).json()
    asked = (await caller.ask(MESSAGES, body, VERSION)).json()
    assert counted == {"input_tokens": asked["usage"]["input_tokens"]}


async def test_an_alias_answers_under_the_canonical_name(caller: Caller) -> None:
    assert (await caller.ask(MESSAGES, message(model="claude-sim-1"), VERSION)).json()["model"] == "sim-1"


async def test_ids_repeat_with_the_seed_and_differ_without(caller: Caller) -> None:
    first = (await caller.ask(MESSAGES, message(), VERSION)).json()["id"]
    twin = SimulatedUpstream(clock=SystemClock(), seed="tests")
    other = Caller(await twin.start())
    assert (await other.ask(MESSAGES, message(), VERSION)).json()["id"] == first
    assert (await other.ask(MESSAGES, message(), VERSION)).json()["id"] != first
    other.close()
    await twin.stop()


@pytest.mark.parametrize(
    ("body", "headers", "status", "part"),
    [
        (message(), {}, 400, "anthropic-version"),
        (message(), {"anthropic-version": "1999-01-01"}, 400, "1999-01-01"),
        (message(temperature=1), {"anthropic-version": "2026-10-21"}, 400, "temperature: Extra inputs"),
        (message(temperature=1), VERSION, 200, ""),
        (message(max_tokens=None), VERSION, 400, "max_tokens: Field required"),
        (message(max_tokens=0), VERSION, 400, "max_tokens"),
        (message(messages=[]), VERSION, 400, "at least one message"),
        (message(messages=[{"role": "robot", "content": "x"}]), VERSION, 400, "robot"),
        (message(model="gpt-9"), VERSION, 404, "gpt-9"),
        (b"{", VERSION, 400, "JSON"),
        (b'{"model": 1}', VERSION, 400, "model"),
        (b'{"model": "\xff"}', VERSION, 400, "JSON"),
    ],
)
async def test_bad_requests_get_the_error_envelope(
    caller: Caller, body: object, headers: dict[str, str], status: int, part: str
) -> None:
    reply = await caller.ask(MESSAGES, body, headers)
    assert reply.status == status
    if status != 200:
        shown = reply.json()
        assert shown["type"] == "error"
        assert part in shown["error"]["message"]
        assert shown["request_id"] == reply.headers["request-id"]


async def test_max_tokens_cuts_between_characters(caller: Caller) -> None:
    body = message("say 狐狸狐狸狐狸", max_tokens=2)
    whole = (await caller.ask(MESSAGES, body, VERSION)).json()
    assert (whole["content"][0]["text"], whole["stop_reason"]) == ("狐狸", "max_tokens")
    assert whole["usage"]["output_tokens"] == 2
    events = (await caller.ask(MESSAGES, body | {"stream": True}, VERSION)).events()
    assert check_grammar(events)[0]["text"] == "狐狸"


async def test_a_stop_sequence_ends_the_text_before_it(caller: Caller) -> None:
    whole = (await caller.ask(MESSAGES, message("say one STOP two", stop_sequences=["x", "STOP"]), VERSION)).json()
    assert whole["content"][0]["text"] == "one "
    assert (whole["stop_reason"], whole["stop_sequence"]) == ("stop_sequence", "STOP")


async def test_thinking_is_signed_and_altered_thinking_is_refused(caller: Caller) -> None:
    body = message("Why?", thinking={"type": "adaptive"}, stream=True)
    said = check_grammar((await caller.ask(MESSAGES, body, VERSION)).events())
    assert [block["type"] for block in said] == ["thinking", "text"]
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": said}]
    turns.append({"role": "user", "content": "say ok"})
    assert (await caller.ask(MESSAGES, message(messages=turns), VERSION)).status == 200
    said[0]["thinking"] += " "
    refused = await caller.ask(MESSAGES, message(messages=turns), VERSION)
    assert refused.status == 400
    assert "messages.1.content.0: Invalid `signature`" in refused.json()["error"]["message"]


async def test_redacted_thinking_must_come_back_as_it_went(caller: Caller) -> None:
    said = (await caller.ask(MESSAGES, message("Why? [sim thinking=3 redacted=1]"), VERSION)).json()["content"]
    assert said[0]["type"] == "redacted_thinking"
    turns: list[dict[str, Any]] = [{"role": "assistant", "content": said}, {"role": "user", "content": "say ok"}]
    assert (await caller.ask(MESSAGES, message(messages=turns), VERSION)).status == 200
    said[0]["data"] = "QUJD" + said[0]["data"]
    assert (await caller.ask(MESSAGES, message(messages=turns), VERSION)).status == 400


async def test_the_agent_calls_tools_and_then_sums_up(caller: Caller) -> None:
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Paris? [sim turns=2 calls=2]"}]
    seen = []
    blocks: list[dict[str, Any]] = []
    for _ in range(3):
        body = message(model="sim-agent-1", messages=turns, tools=TOOLS, stream=True)
        events = (await caller.ask(MESSAGES, body, VERSION)).events()
        blocks = check_grammar(events)
        seen.append(events[-2]["delta"]["stop_reason"])
        calls = [block for block in blocks if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "21 °C"} for call in calls]
        turns += [{"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
        if calls:
            assert len({call["id"] for call in calls}) == 2
            assert {call["name"]: call["input"] for call in calls} == {"weather": {"city": "Paris"}, "now": {}}
    assert seen == ["tool_use", "tool_use", "end_turn"]
    assert "21 °C; 21 °C" in blocks[0]["text"]


async def test_a_forced_tool_is_called_by_any_model(caller: Caller) -> None:
    body = message(tools=TOOLS, tool_choice={"type": "tool", "name": "now", "disable_parallel_tool_use": True})
    content = (await caller.ask(MESSAGES, body, VERSION | {"x-sim": "calls=3"})).json()["content"]
    assert [block["name"] for block in content] == ["now"]
    assert content[0]["input"] == {}


async def test_huge_arguments_stream_as_one_json_value(caller: Caller) -> None:
    body = message("go [sim args=huge:300000]", model="sim-agent-1", tools=TOOLS, stream=True)
    blocks = check_grammar((await caller.ask(MESSAGES, body, VERSION)).events())
    assert len(blocks[1]["input"]["city"]) == 300_000


async def test_structured_output_satisfies_its_schema(caller: Caller) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}, "required": ["n"]}
    shape = {"format": {"type": "json_schema", "schema": schema}}
    said = (await caller.ask(MESSAGES, message(output_config=shape), VERSION)).json()["content"][0]["text"]
    assert said == '{"n":3}'


async def test_a_legacy_completion_is_one_string(caller: Caller) -> None:
    body = {"model": "sim-1", "prompt": "\n\nHuman: say hi there\n\nAssistant:", "max_tokens_to_sample": 50}
    whole = (await caller.ask("/v1/complete", body)).json()
    assert (whole["type"], whole["completion"], whole["stop_reason"]) == ("completion", "hi there", "stop_sequence")
    events = (await caller.ask("/v1/complete", body | {"stream": True}, VERSION)).events()
    assert "".join(event["completion"] for event in events) == "hi there"
    assert [event["stop_reason"] for event in events][-2:] == [None, "stop_sequence"]
    bare = (await caller.ask("/v1/complete", body | {"prompt": "say hi there"})).json()
    assert bare["completion"] == "hi there"


async def test_a_chat_completion_streams_what_it_says_whole(caller: Caller) -> None:
    whole = (await caller.ask(CHAT, CHAT_BODY)).json()
    options = {"stream": True, "stream_options": {"include_usage": True}}
    *events, usage, done = (await caller.ask(CHAT, CHAT_BODY | options)).events()
    text = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
    assert text == whole["choices"][0]["message"]["content"]
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], whole["usage"]["completion_tokens"])
    assert done == {"type": "[DONE]"}
    plain = (await caller.ask(CHAT, CHAT_BODY | {"stream": True})).events()
    assert not any("usage" in event for event in plain)


async def test_the_agent_calls_functions_in_chat_too(caller: Caller) -> None:
    tools = [{"type": "function", "function": {"name": t["name"], "parameters": t["input_schema"]}} for t in TOOLS]
    body = {"model": "sim-agent-1", "messages": [{"role": "user", "content": "go [sim calls=2]"}], "tools": tools}
    choice = (await caller.ask(CHAT, body)).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    events = (await caller.ask(CHAT, body | {"stream": True})).events()
    arguments = {0: "", 1: ""}
    for event in events[:-1]:
        for call in event["choices"][0]["delta"].get("tool_calls", ()):
            arguments[call["index"]] += call["function"]["arguments"]
    assert list(arguments.values()) == [call["function"]["arguments"] for call in choice["message"]["tool_calls"]]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "x"} for call in choice["message"]["tool_calls"]]
    ended = await caller.ask(CHAT, body | {"messages": [*body["messages"], choice["message"], *results]})
    assert ended.json()["choices"][0]["finish_reason"] == "stop"


async def test_chat_errors_have_the_other_envelope(caller: Caller) -> None:
    reply = await caller.ask(CHAT, CHAT_BODY | {"model": "nope"})
    assert reply.status == 404
    assert reply.json()["error"]["code"] == "model_not_found"


async def test_the_catalogue_has_two_shapes(caller: Caller) -> None:
    page = (await caller.ask("/v1/models?limit=3", headers=VERSION, method="GET")).json()
    assert (page["has_more"], page["last_id"]) == (True, "claude-sim-1")
    rest = (await caller.ask(f"/v1/models?after_id={page['last_id']}", headers=VERSION, method="GET")).json()
    assert (rest["has_more"], [model["id"] for model in rest["data"]]) == (False, ["claude-sim-agent-1"])
    back = (await caller.ask("/v1/models?limit=1&before_id=claude-sim-1", headers=VERSION, method="GET")).json()
    assert (back["has_more"], back["first_id"]) == (True, "sim-agent-1")
    openai = (await caller.ask("/v1/models", method="GET")).json()
    assert openai["object"] == "list"
    assert (await caller.ask("/v1/models/sim-1", method="GET")).json()["owned_by"] == "antechamber"
    assert (await caller.ask("/v1/models/sim-1", headers=VERSION, method="GET")).json()["lifecycle"] == "active"
    assert (await caller.ask("/v1/models/x", headers=VERSION, method="GET")).status == 404
    assert (await caller.ask("/v1/models?limit=x", headers=VERSION, method="GET")).status == 400


async def test_a_key_is_asked_for_when_one_is_set() -> None:
    server = SimulatedUpstream(clock=SystemClock(), key="sk-1")
    caller = Caller(await server.start())
    assert (await caller.ask(MESSAGES, message(), VERSION)).status == 401
    assert (await caller.ask(MESSAGES, message(), VERSION | {"x-api-key": "sk-1"})).status == 200
    assert (await caller.ask(CHAT, CHAT_BODY, {"authorization": "Bearer sk-1"})).status == 200
    caller.close()
    await server.stop()


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        (b"{", "parse"),
        ({"model": 1}, "model"),
        (CHAT_BODY | {"messages": []}, "empty array"),
        (CHAT_BODY | {"n": 2}, "'n'"),
        (CHAT_BODY | {"max_completion_tokens": 0}, "max_tokens"),
    ],
)
async def test_bad_chat_requests_are_refused(caller: Caller, fields: object, part: str) -> None:
    reply = await caller.ask(CHAT, fields)
    assert (reply.status, reply.json()["error"]["type"]) == (400, "invalid_request_error")
    assert part in reply.json()["error"]["message"]


async def test_chat_takes_parts_stops_formats_and_choices(caller: Caller) -> None:
    parts = [{"type": "text", "text": "say one STOP two"}, {"type": "image_url", "image_url": {"url": "x"}}]
    body = CHAT_BODY | {"messages": [{"role": "user", "content": parts}], "stop": "STOP"}
    assert (await caller.ask(CHAT, body)).json()["choices"][0]["message"]["content"] == "one "
    short = CHAT_BODY | {"max_tokens": 1}
    assert (await caller.ask(CHAT, short)).json()["choices"][0]["finish_reason"] == "length"
    shape = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "required": ["a"]}}}
    for asked, said in ((shape, '{"a":"sim"}'), ({"type": "json_object"}, '{"answer":"sim"}'), ({"type": "text"}, "H")):
        content = (await caller.ask(CHAT, CHAT_BODY | {"response_format": asked})).json()["choices"][0]["message"]
        assert content["content"].startswith(said)
    tools = [{"type": "function", "function": {"name": "f"}}]
    for choice in ("required", {"type": "function", "function": {"name": "f"}}):
        reply = await caller.ask(CHAT, CHAT_BODY | {"tools": tools, "tool_choice": choice})
        assert reply.json()["choices"][0]["finish_reason"] == "tool_calls"


async def test_chat_thinking_goes_out_as_reasoning(caller: Caller) -> None:
    body = CHAT_BODY | {"stream": True, "messages": [{"role": "user", "content": "Why? [sim thinking=3 pings=1]"}]}
    reply = await caller.ask(CHAT, body)
    assert reply.body.count(b"reasoning_content") == 3
    assert b": ping" in reply.body


@pytest.mark.parametrize(
    "fields", [b"{", {"model": 1}, {"max_tokens_to_sample": 0}, {"prompt": 5}, {"model": "claude-9"}]
)
async def test_bad_completions_are_refused(caller: Caller, fields: bytes | dict[str, object]) -> None:
    body: dict[str, object] = {"model": "sim-1", "prompt": "\n\nHuman: x\n\nAssistant:", "max_tokens_to_sample": 5}
    asked = fields if isinstance(fields, bytes) else body | fields
    assert (await caller.ask("/v1/complete", asked)).json()["type"] == "error"
    assert (await caller.ask("/v1/complete", body, {"anthropic-version": "1"})).status == 400
    pinged = body | {"stream": True, "prompt": "\n\nHuman: [sim comments=1 heartbeats=1 pings=2]\n\nAssistant:"}
    assert (await caller.ask("/v1/complete", pinged)).body.count(b"event: ping") == 3
