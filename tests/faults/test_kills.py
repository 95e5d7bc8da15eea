"""A server that is killed, stopped or reloaded under load: nothing is lost, nothing counted twice."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.faults.accounts import check_cut, check_exact, check_roll_ups, rows_for, rows_of
from tests.faults.calls import CHAT, COMPLETE, MESSAGES, Running, ask, body_for, tokens_of, until
from tests.faults.conftest import Rig
from tests.faults.processes import Server, over, provider, wait_for
from tests.unit.simulated.caller import Reply

pytestmark = [pytest.mark.faults, pytest.mark.long]

_LONG = "events=5000; events_per_second=20"
_SHORT = "events=6; events_per_second=40"
_CACHED = [{"type": "text", "text": "a long preamble " * 40, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]


class Load:
    """Many callers at once: long streams, and loops of short requests that end all the time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._running: list[Running] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False
        self.replies: list[Reply] = []

    async def begin(self, streams: int, loops: int, controls: str = _LONG) -> None:
        for number in range(streams):
            path = (MESSAGES, MESSAGES, CHAT, COMPLETE)[number % 4]
            body = body_for(path, f"stream {number}")
            if number % 4 == 0:
                body["system"] = _CACHED
            running = Running(self._server, path, body, controls)
            self._running.append(await running.begin())
        self._tasks = [asyncio.create_task(self._loop(number)) for number in range(loops)]

    async def _loop(self, number: int) -> None:
        path = (MESSAGES, CHAT)[number % 2]
        turn = 0
        while not self._over:
            turn += 1
            body = body_for(path, f"loop {number} {turn}", stream=turn % 2 == 0)
            with contextlib.suppress(OSError):
                self.replies.append(await ask(self._server, path, body, _SHORT if turn % 2 == 0 else ""))

    def stop_looping(self) -> None:
        self._over = True

    async def end(self) -> list[Reply]:
        """Return every answer, as far as it came."""
        self.stop_looping()
        await asyncio.gather(*self._tasks)
        self.replies += [await running.done() for running in self._running]
        return self.replies

    def is_flowing(self) -> bool:
        """Say whether every stream has brought some text."""
        return all(tokens_of(running.seen) > 3 for running in self._running)


def check_ledger(rig: Rig, replies: Sequence[Reply]) -> Mapping[str, int]:
    """Hold the whole ledger against the whole truth; returns how many rows ended and how many were cut."""
    truth = rig.upstream.settled()
    rows = rows_for(rig.server.data, truth.keys())
    by_id = {reply.headers["request-id"]: reply for reply in replies if reply.status}
    assert {name for name, reply in by_id.items() if reply.status == 200} <= truth.keys()
    # what was killed between its intent and its dispatch has a row too, and nothing in it but its input
    assert all(rows[name]["ended"] == "lost" and not rows[name]["output"] for name in rows.keys() - truth.keys())
    counted = {"ended": 0, "cut": 0}
    for name, real in truth.items():
        reply, row = by_id.get(name), rows[name]
        if row["estimated"] and real["path"] != COMPLETE:
            counted["cut"] += 1
        else:
            counted["ended"] += 1
        _check_one(row, real, reply)
    check_roll_ups(rig.server.data)
    return counted


def _check_one(row: Mapping[str, Any], real: Mapping[str, Any], reply: Reply | None) -> None:
    delivered = tokens_of(reply) if reply is not None and real["stream"] else 0
    if row["ended"] == "complete":
        # the legacy wire says no usage, so its rows are counted from the text, and say so
        check_exact({**row, "estimated": row["estimated"] and real["path"] != COMPLETE}, real)
    elif real["status"] == 200:
        assert row["estimated"]
        assert delivered <= row["output"] <= real["produced"]
    if reply is not None and reply.ended == "whole" and reply.status == 200:
        assert row["output"] == real["produced"], "the caller has the whole answer"


async def test_a_kill_under_200_streams_loses_nothing_and_counts_nothing_twice(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    load = Load(rig.server)
    await load.begin(streams=180, loops=20)
    await until(load.is_flowing, "every stream flows", 30)
    await asyncio.sleep(0.5)
    rig.server.kill()
    replies = await load.end()
    rig.server.start()
    counted = check_ledger(rig, replies)
    print(counted)
    assert counted["cut"] >= 100
    assert counted["ended"] >= 20
    assert rig.server.stop() == 0
    check_ledger(rig, replies)


async def test_kills_one_after_the_other_lose_nothing(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    replies: list[Reply] = []
    for _ in range(2):
        load = Load(rig.server)
        await load.begin(streams=20, loops=8)
        await until(load.is_flowing, "every stream flows")
        rig.server.kill()
        replies += await load.end()
        # and again while it comes up: each time a little further
        for seconds in (0.3, 0.6, 0.9):
            rig.server.begin()
            await asyncio.sleep(seconds)
            rig.server.kill()
        rig.server.start()
    counted = check_ledger(rig, replies)
    assert counted["cut"] >= 20
    rig.server.kill()
    rig.server.start()
    check_ledger(rig, replies)


async def test_a_stopping_server_lets_open_requests_end(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(drain_seconds=20)
    load = Load(rig.server)
    await load.begin(streams=60, loops=0, controls="events=60; events_per_second=20")
    await until(load.is_flowing, "every stream flows")
    rig.server.signal(signal.SIGTERM)
    replies = await load.end()
    assert [reply.ended for reply in replies] == ["whole"] * 60
    assert rig.server.wait() == 0
    rows = rows_of(rig.server.data)
    assert len(rows) == 60
    assert {row["ended"] for row in rows.values()} == {"complete"}
    check_ledger(rig, replies)


async def test_what_outlasts_the_drain_is_cut_and_metered(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(drain_seconds=1)
    load = Load(rig.server)
    await load.begin(streams=20, loops=0)
    await until(load.is_flowing, "every stream flows")
    rig.server.signal(signal.SIGTERM)
    assert rig.server.wait() == 0
    replies = await load.end()
    truth = rig.upstream.settled()
    rows = rows_of(rig.server.data)
    assert rows.keys() == truth.keys(), "a stopped server has its rows in the database, without another start"
    for reply in replies:
        name = reply.headers["request-id"]
        check_cut(rows[name], truth[name], tokens_of(reply))
        assert b"The server is stopping" in reply.body, "a stream that is cut ends with an error event"


async def test_an_idle_connection_and_a_slow_upload_hold_up_no_stop(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    idle = Running(rig.server, MESSAGES, body_for(MESSAGES, "hello"))
    await idle.begin()
    await until(lambda: idle.seen.ended == "whole", "the answer is there and its connection stays open")
    upload = Running(rig.server, MESSAGES, b"{", content_length="1000")
    await upload.begin()
    rig.server.signal(signal.SIGTERM)
    assert rig.server.wait(15) == 0
    assert rows_of(rig.server.data).keys() == {idle.request_id}


@pytest.mark.parametrize("how", ["SIGHUP", "ante config reload"])
async def test_a_reload_drops_no_request(make_rig: Callable[..., Rig], how: str) -> None:
    rig = make_rig()
    server = rig.server
    load = Load(server)
    await load.begin(streams=30, loops=8, controls="events=60; events_per_second=20")
    await until(load.is_flowing, "every stream flows")
    for turn in range(3):
        more = provider("more", "anthropic", rig.upstream.url, [f"more-{turn}", "sim-*"])
        server.config.write_text(
            over(rig.upstream.url, more).replace("read_seconds = 60", f"read_seconds = {50 + turn}")
        )
        if how == "SIGHUP":
            server.signal(signal.SIGHUP)
            wait_for(lambda: server.logged().count("catalogue reloaded") > turn, "the reload is in the log")  # noqa: B023
        else:
            await asyncio.to_thread(server.run, "config", "reload")
        known = await ask(server, MESSAGES, body_for(MESSAGES, "hello", f"more-{turn}", stream=False))
        assert known.status == 404, "asked of the new provider"
        assert known.headers.get("x-upstream-request-id")
        await asyncio.sleep(0.2)
    load.stop_looping()
    replies = await load.end()
    assert {(reply.status, reply.ended) for reply in replies} == {(200, "whole")}
    check_ledger(rig, replies)


async def test_a_broken_file_changes_nothing(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    rig.server.config.write_text("[[providers]]\nname = 3\n")
    said = await asyncio.to_thread(rig.server.run, "config", "reload", check=False)
    assert said.startswith("1 ")
    assert "providers[0].name" in said
    rig.server.signal(signal.SIGHUP)
    await until(lambda: "catalogue not reloaded" in rig.server.logged(), "the log says so")
    assert (await ask(rig.server, MESSAGES, body_for(MESSAGES, "hello"))).status == 200
