"""The truth ledger, disconnects and back-pressure."""

import asyncio
import socket
from pathlib import Path

import msgspec
import pytest

from antechamber.adapters.providers.simulated import truth
from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.adapters.providers.simulated.truth import TruthLedger, TruthRecord
from antechamber.base.clock import ManualClock
from tests.unit.simulated.caller import MESSAGES, SECONDS, VERSION, Caller, message, request, until

PACED = "[sim events=1000 events_per_second=100]"


def lines(file: Path) -> list[TruthRecord]:
    return [msgspec.json.decode(line, type=TruthRecord) for line in file.read_bytes().splitlines()]


async def test_a_request_is_entered_when_it_begins_and_when_it_ends(
    caller: Caller, upstream: SimulatedUpstream, tmp_path: Path
) -> None:
    headers = VERSION | {"x-antechamber-request-id": "req_ours"}
    reply = await caller.ask(MESSAGES, message("say four", stream=True), headers)
    begun, ended = lines(tmp_path / "truth.jsonl")
    assert (begun.id, begun.ended) == (reply.headers["request-id"], "open")
    assert (ended.id, ended.ended, ended.produced, ended.request_id) == (begun.id, "complete", 1, "req_ours")
    assert upstream.truth.records == [ended]


@pytest.mark.parametrize("half", [False, True])
async def test_a_caller_that_leaves_is_noted_at_once(
    caller: Caller, upstream: SimulatedUpstream, *, half: bool
) -> None:
    await caller.send(request(MESSAGES, message(PACED, stream=True), VERSION))
    assert caller.reader is not None
    assert caller.writer is not None
    await caller.reader.readuntil(b"text_delta")
    if half:
        caller.writer.write_eof()
    else:
        caller.abort()
    await until(lambda: upstream.truth.records[0].ended != "open")
    record = upstream.truth.records[0]
    assert (record.ended, record.saw_disconnect) == ("disconnect", True)
    assert record.disconnect_at is not None
    assert record.disconnect_at - record.at < SECONDS * 1_000_000
    produced = record.produced
    assert 0 < produced < 3000
    await asyncio.sleep(0.05)
    assert record.produced_bytes == produced * 4


async def test_a_caller_that_leaves_before_a_whole_answer_gets_nothing_produced(
    caller: Caller, upstream: SimulatedUpstream
) -> None:
    await caller.send(request(MESSAGES, message("[sim ttft=5000]"), VERSION))
    await asyncio.sleep(0.02)
    caller.abort()
    await until(lambda: upstream.truth.records[0].ended != "open")
    assert (upstream.truth.records[0].ended, upstream.truth.records[0].produced) == ("disconnect", 0)


async def test_a_slow_reader_stops_production(upstream: SimulatedUpstream) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", upstream.port))
        body = message("[sim events=1000000 bytes=100]", stream=True, max_tokens=1_000_000_000)
        await loop.sock_sendall(client, request(MESSAGES, body, VERSION))
        seen = -1
        async with asyncio.timeout(SECONDS):
            while not upstream.truth.records or (produced := upstream.truth.records[0].produced) != seen or not seen:
                seen = upstream.truth.records[0].produced if upstream.truth.records else -1
                await asyncio.sleep(0.05)
        assert 0 < produced * 4 < 4_000_000
        for _ in range(50):
            await loop.sock_recv(client, 65536)
            await asyncio.sleep(0.001)
        assert upstream.truth.records[0].produced > produced


async def test_the_ledger_is_read_and_emptied_over_http(caller: Caller, upstream: SimulatedUpstream) -> None:
    await caller.ask(MESSAGES, message(), VERSION)
    shown = (await caller.ask("/sim/truth", method="GET")).json()["data"]
    assert [record["ended"] for record in shown] == ["complete"]
    await caller.ask("/sim/truth", method="DELETE")
    assert (await caller.ask("/sim/truth", method="GET")).json() == {"data": []}
    assert upstream.truth.records == []


async def test_counts_and_refusals_are_entered_too(caller: Caller, upstream: SimulatedUpstream) -> None:
    await caller.ask(f"{MESSAGES}/count_tokens", message(), VERSION)
    await caller.ask(MESSAGES, message(model="x"), VERSION)
    assert [(record.model, record.ended, record.output_tokens) for record in upstream.truth.records] == [
        ("sim-1", "complete", 0),
        ("x", "error", 0),
    ]


async def test_stopping_ends_what_is_open(upstream: SimulatedUpstream, tmp_path: Path) -> None:
    caller = Caller(upstream.port)
    await caller.send(request(MESSAGES, message(PACED, stream=True), VERSION))
    assert caller.reader is not None
    await caller.reader.readuntil(b"text_delta")
    await upstream.stop()
    assert [record.ended for record in lines(tmp_path / "truth.jsonl")] == ["open", "error"]
    caller.close()


def test_memory_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "KEPT_IN_MEMORY", 3)
    ledger = TruthLedger(ManualClock())
    for number in range(5):
        ledger.open(TruthRecord(id=str(number), request_id=None, at=0, path="/", model="m"))
    assert [record.id for record in ledger.records] == ["2", "3", "4"]
