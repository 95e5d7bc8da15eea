"""Each control of the answer's length, pace and shape."""

import asyncio
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from antechamber.adapters.providers.simulated.answer import Refused
from antechamber.adapters.providers.simulated.scenario import (
    CALM,
    CONTROLS,
    Delay,
    apply,
    find_directive,
    parse_pairs,
    strip_directives,
)
from antechamber.adapters.providers.simulated.scenarios import ScenarioFileError, load_scenarios
from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.base.chance import SeededChance
from antechamber.base.clock import SystemClock
from tests.unit.simulated.caller import CHAT, MESSAGES, VERSION, Caller, Reply, check_grammar, message

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "simulated-models.md"


async def stream(caller: Caller, controls: str) -> Reply:
    return await caller.ask(MESSAGES, message(f"Why 狐狸🦊? [sim {controls}]", stream=True), VERSION)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunking=st.sampled_from(["auto", "event", "many", "all", "split-utf8", "split-line"]),
    events=st.integers(0, 40),
    size=st.integers(1, 60),
    filler=st.sampled_from(["ascii", "mixed"]),
    thinking=st.integers(0, 5),
    pings=st.integers(0, 5),
    comments=st.integers(0, 5),
    usage=st.sampled_from(["present", "omitted"]),
)
def test_every_calm_stream_keeps_the_grammar(**controls: object) -> None:
    async def run() -> None:
        server = SimulatedUpstream(clock=SystemClock())
        caller = Caller(await server.start())
        reply = await stream(caller, " ".join(f"{key}={value}" for key, value in names.items()))
        caller.close()
        await server.stop()
        check_grammar(reply.events())
        assert reply.body.count(b"text_delta") == controls["events"]
        assert reply.body.count(b": simulated comment") <= int(str(controls["comments"]))
        record = server.truth.records[0]
        assert (record.ended, record.produced) == ("complete", record.output_tokens)

    names = {{"size": "bytes"}.get(key, key): value for key, value in controls.items()}
    asyncio.run(run())


async def test_events_and_bytes_set_the_exact_length(caller: Caller, upstream: SimulatedUpstream) -> None:
    reply = await stream(caller, "events=50 bytes=20")
    assert len(reply.text()) == 1000
    assert upstream.truth.records[0].output_tokens == 250
    assert upstream.truth.records[0].delivered_events == 50


async def test_a_reply_can_be_given_word_for_word(caller: Caller) -> None:
    assert (await stream(caller, 'reply="two words"')).text() == "two words"


@pytest.mark.parametrize(
    ("chunking", "check"),
    [
        ("event", lambda chunks: all(chunk.count(b"\n\n") == 1 and chunk.endswith(b"\n\n") for chunk in chunks)),
        ("many", lambda chunks: len(chunks) == 2),
        ("all", lambda chunks: len(chunks) == 1),
        ("split-line", lambda chunks: any(chunk.endswith(b"da") for chunk in chunks)),
        ("split-utf8", lambda chunks: any(not _decodes(chunk) for chunk in chunks)),
    ],
)
async def test_chunking_cuts_the_stream_where_it_says(
    caller: Caller, chunking: str, check: Callable[[list[bytes]], bool]
) -> None:
    reply = await stream(caller, f"chunking={chunking} events=20 filler=mixed bytes=30")
    assert check(reply.chunks), [chunk[-20:] for chunk in reply.chunks]
    check_grammar(reply.events())


def _decodes(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


async def test_the_pace_is_kept(caller: Caller) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await stream(caller, "events=10 events_per_second=100 ttft=50 headers=50")
    assert loop.time() - begun >= 0.19
    begun = loop.time()
    await caller.ask(MESSAGES, message("[sim events=10 bytes=8 tokens_per_second=200 ttft=50]"), VERSION)
    assert loop.time() - begun >= 0.14


def test_drawn_delays_repeat_with_the_seed() -> None:
    for kind, low, high in (("lognormal", 0.01, 10), ("normal", 0, 1), ("uniform", 0.2, 0.3)):
        delay = apply(CALM, {"ttft": f"{kind}:200,{300 if kind == 'uniform' else 0.5}"}).ttft
        assert delay is not None
        first, again = (delay.seconds(lambda: SeededChance(7)) for _ in range(2))
        assert first == again
        assert low <= first <= high
    assert Delay("fixed", 250).seconds(lambda: SeededChance(1)) == 0.25


@pytest.mark.parametrize("path", [MESSAGES, CHAT])
async def test_usage_can_be_left_out_or_late(caller: Caller, path: str) -> None:
    body = message(stream=True, stream_options={"include_usage": True})
    if path == CHAT:
        omitted = await caller.ask(path, body, {"x-sim": "usage=omitted"})
    else:
        omitted = await caller.ask(path, body, VERSION | {"x-sim": "usage=omitted"})
    assert b'"usage"' not in omitted.body
    late = await caller.ask(path, body, VERSION | {"x-sim": "usage=late"})
    assert b'tokens":0' in late.body
    assert b'"usage"' in late.body


async def test_usage_can_be_left_out_of_a_whole_answer(caller: Caller) -> None:
    reply = await caller.ask(MESSAGES, message("[sim usage=omitted]"), VERSION)
    assert "usage" not in reply.json()


async def test_the_first_event_carries_only_a_placeholder_of_the_output(caller: Caller) -> None:
    events = (await stream(caller, "events=100")).events()
    assert events[0]["message"]["usage"]["output_tokens"] == 1
    assert events[-2]["usage"]["output_tokens"] == 300


async def test_pings_comments_and_heartbeats_are_interspersed(caller: Caller) -> None:
    reply = await stream(caller, "events=10 pings=4 comments=3 heartbeats=2")
    assert reply.body.count(b"event: ping") == 6
    assert reply.body.count(b": simulated comment") == 3
    assert reply.body.split(b"message_stop")[-1].count(b"event: ping") == 2


async def test_stop_reason_and_refusal_can_be_chosen(caller: Caller) -> None:
    paused = (await caller.ask(MESSAGES, message("[sim stop_reason=pause_turn]"), VERSION)).json()
    assert paused["stop_reason"] == "pause_turn"
    refused = (await caller.ask(MESSAGES, message("[sim refusal=cyber]"), VERSION)).json()
    assert (refused["stop_reason"], refused["content"]) == ("refusal", [])
    assert refused["stop_details"]["category"] == "cyber"
    chat = (await caller.ask(CHAT, message("[sim refusal=1]"))).json()
    assert chat["choices"][0]["finish_reason"] == "content_filter"


async def test_a_fault_can_come_only_the_first_times(caller: Caller) -> None:
    body = message("again [sim status=529 times=2]")
    assert [(await caller.ask(MESSAGES, body, VERSION)).status for _ in range(4)] == [529, 529, 200, 200]


async def test_a_fault_can_come_by_chance(caller: Caller) -> None:
    body = message("[sim status=500 probability=0.5]")
    seen = {(await caller.ask(MESSAGES, body, VERSION)).status for _ in range(40)}
    assert seen == {200, 500}


async def test_the_header_wins_over_the_prompt(caller: Caller) -> None:
    body = message("[sim status=500]")
    assert (await caller.ask(MESSAGES, body, VERSION | {"x-sim": "status=402; message=Pay first"})).status == 402


@pytest.mark.parametrize("control", ["colour=red", "events=-1", "status=200", "done=perhaps", "chunking=x", "args=x"])
async def test_an_unknown_control_is_refused_by_name(caller: Caller, control: str) -> None:
    reply = await caller.ask(MESSAGES, message(), VERSION | {"x-sim": control})
    assert reply.status == 400
    assert control.split("=", maxsplit=1)[0] in reply.json()["error"]["message"]


def test_directives_are_found_and_taken_out() -> None:
    assert find_directive('a [sim events=3 reply="x y"] b') == {"events": "3", "reply": "x y"}
    assert strip_directives("a [sim events=3] b") == "a  b"
    assert find_directive("a [simple] [sim] b") == {}
    with pytest.raises(Refused, match="not key=value"):
        parse_pairs("events")


def test_the_guide_explains_every_control() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in CONTROLS if f"`{name}=" not in text] == []


TOML = """
[defaults]
bytes = 5
[[rules]]
model = "sim-agent-*"
header = { "X-Team" = "red" }
[[rules.script]]
text = "First."
calls = [{ name = "read", input = { path = "a" } }, { name = "now" }]
[[rules.script]]
text = "Finished."
[[rules]]
prompt = "break"
path = "/v1/m*"
controls = { status = 503, retry_after = 2 }
"""


@pytest.mark.parametrize("kind", ["toml", "json"])
async def test_a_scenario_file_chooses_by_model_prompt_path_and_header(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"scenario.{kind}"
    file.write_text(TOML if kind == "toml" else json.dumps(tomllib.loads(TOML)))
    server = SimulatedUpstream(clock=SystemClock(), scenario_file=file)
    caller = Caller(await server.start())
    broken = await caller.ask(MESSAGES, message("please break"), VERSION)
    assert (broken.status, broken.headers["retry-after"]) == (503, "2")
    body = message("go", model="sim-agent-1")
    first = (await caller.ask(MESSAGES, body, VERSION | {"x-team": "red"})).json()
    assert [block["type"] for block in first["content"]] == ["text", "tool_use", "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": "x", "content": []}]
    turns = [*body["messages"], {"role": "assistant", "content": first["content"]}]
    body["messages"] = [*turns, {"role": "user", "content": results}]
    last = (await caller.ask(MESSAGES, body, VERSION | {"x-team": "red"})).json()
    assert (last["content"][0]["text"], last["stop_reason"]) == ("Finished.", "end_turn")
    assert len((await caller.ask(MESSAGES, message(stream=True), VERSION)).events()) > 10
    caller.close()
    await server.stop()


@pytest.mark.parametrize(
    "text", ["rules = 3", "[defaults]\nevents = 'x'", "[[rules]]\ncolour = 1", "=", "[defaults]\nx=1"]
)
def test_a_bad_scenario_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(ScenarioFileError, match=r"bad\.toml"):
        load_scenarios(file)
