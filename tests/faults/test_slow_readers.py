"""Callers who do not read: they slow the upstream down, and cost the server no memory."""

import asyncio
import socket

import pytest

from tests.faults.accounts import check_cut, rows_for
from tests.faults.calls import MESSAGES, ask, body_for, headers_for, until
from tests.faults.conftest import Rig
from tests.unit.simulated.caller import Caller, request

pytestmark = pytest.mark.faults

_MEBIBYTE = 1 << 20
_FLOOD = "events=inf; bytes=4000"
# what the kernel keeps between three processes, with room: its buffers grow to 4 and 6 MiB a connection
_MOST_PRODUCED = 24 * _MEBIBYTE
_MOST_MEMORY_EACH = 2 * _MEBIBYTE


class Sleeper:
    """A caller who sends a request and never reads."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._link = socket.socket()
        # small buffers of its own, so that the server feels it early
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)

    def begin(self) -> None:
        self._link.connect(("127.0.0.1", self._rig.server.port))
        headers = headers_for(self._rig.server.key, _FLOOD)
        self._link.sendall(request(MESSAGES, body_for(MESSAGES, "flood"), headers))

    def leave(self) -> None:
        self._link.close()


async def _produced(rig: Rig) -> dict[str, int]:
    """Return how many bytes of text the upstream has produced for each stream that is open."""
    caller = Caller(rig.upstream.port)
    records = (await caller.ask("/sim/truth", method="GET")).json()["data"]
    caller.close()
    return {record["request_id"]: record["produced_bytes"] for record in records if record["ended"] == "open"}


async def _standstill(rig: Rig, count: int) -> dict[str, int]:
    """Return what was produced once nothing more is."""
    before: dict[str, int] = {}
    async with asyncio.timeout(30):
        while True:
            now = await _produced(rig)
            if now == before and len(now) == count and min(now.values()) > 0:
                return now
            before = now
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("count", [1, 50])
async def test_those_who_do_not_read_stop_the_upstream(rig: Rig, count: int) -> None:
    await ask(rig.server, MESSAGES, body_for(MESSAGES, "warm up"))
    memory = rig.server.resident_bytes()
    sleepers = [Sleeper(rig) for _ in range(count)]
    try:
        for sleeper in sleepers:
            sleeper.begin()
        produced = await _standstill(rig, count)
        grown = rig.server.resident_bytes() - memory
        most = max(produced.values())
        print(f"{count}: at most {most / _MEBIBYTE:.1f} MiB produced for one, {grown / _MEBIBYTE:.1f} MiB of memory")
        assert most < _MOST_PRODUCED
        assert grown < 16 * _MEBIBYTE + count * _MOST_MEMORY_EACH
        # those who read are served as before
        reply = await ask(rig.server, MESSAGES, body_for(MESSAGES, "beside them"))
        assert reply.ended == "whole"
    finally:
        for sleeper in sleepers:
            sleeper.leave()
    await until(lambda: all(rig.upstream.truth()[name]["ended"] != "open" for name in produced), "the upstream stops")
    rows = rows_for(rig.server.data, produced)
    for name in produced:
        assert rows[name]["ended"] == "caller_left"
        check_cut(rows[name], rig.upstream.truth()[name], 0)


async def test_one_who_reads_late_gets_every_byte(rig: Rig) -> None:
    caller = Caller(rig.server.port)
    headers = headers_for(rig.server.key, "events=4000; bytes=4000")
    await caller.send(request(MESSAGES, body_for(MESSAGES, "late", max_tokens=8_000_000), headers))
    await asyncio.sleep(1.5)
    reply = await caller.reply()
    caller.close()
    assert reply.ended == "whole"
    assert len(reply.text()) == 4000 * 4000
    real = rig.upstream.truth()[reply.headers["request-id"]]
    assert real["ended"] == "complete"
