"""Callers that leave: the upstream learns of it at once, and what was produced is charged, once."""

import asyncio

import pytest

from tests.faults.accounts import BUCKETS, check_cut, row_for, rows_of
from tests.faults.calls import CHAT, COMPLETE, MESSAGES, Running, body_for, tokens_of, until
from tests.faults.conftest import Rig

pytestmark = pytest.mark.prompt

_ENDLESS = "events=inf; events_per_second=50"


async def _truth_of(rig: Rig, request_id: str) -> dict[str, object]:
    await until(lambda: rig.upstream.truth()[request_id]["ended"] != "open", "the upstream has seen the end")
    return rig.upstream.truth()[request_id]


def _check_noticed(real: dict[str, object], left_at: int) -> None:
    """The upstream saw it within the deadline; how long it really took is printed, for a person."""
    assert real["saw_disconnect"], real
    late = (int(str(real["disconnect_at"])) - left_at) / 1000
    print(f"seen upstream after {late:.1f} ms")
    assert late < 1000


@pytest.mark.parametrize("rudely", [False, True], ids=["closes", "resets"])
@pytest.mark.parametrize("path", [MESSAGES, CHAT, COMPLETE])
async def test_a_stream_that_is_left_stops_upstream_and_is_charged(rig: Rig, path: str, *, rudely: bool) -> None:
    running = await Running(rig.server, path, body_for(path, f"left {rudely}"), _ENDLESS).begin()
    await until(lambda: tokens_of(running.seen) > 20, "text comes")
    left_at = await running.leave(rudely=rudely)
    delivered = tokens_of(running.seen)
    real = await _truth_of(rig, running.request_id)
    _check_noticed(real, left_at)
    row = row_for(rig.server.data, running.request_id)
    assert (row["ended"], row["status"]) == ("caller_left", 200)
    check_cut(row, real, delivered)
    assert row["output"] >= delivered > 20


@pytest.mark.parametrize("controls", ["headers=60000", "hang=headers", "ttft=60000", "hang=first"])
@pytest.mark.parametrize("path", [MESSAGES, CHAT])
async def test_a_caller_who_leaves_before_any_text_pays_the_input(rig: Rig, path: str, controls: str) -> None:
    known = set(rig.upstream.truth())
    running = await Running(rig.server, path, body_for(path, "left early"), controls).begin()
    await until(lambda: set(rig.upstream.truth()) - known, "the request is upstream")
    [request_id] = set(rig.upstream.truth()) - known
    await asyncio.sleep(0.1)
    left_at = await running.leave()
    real = await _truth_of(rig, request_id)
    _check_noticed(real, left_at)
    row = row_for(rig.server.data, request_id)
    assert row["ended"] == "caller_left"
    # what has no head yet is noted as nginx does: 499
    assert row["status"] == (running.seen.status or 499)
    check_cut(row, real, 0)
    assert row["output"] == 0
    assert row["uncached_input"] == real["input_tokens"]


@pytest.mark.parametrize("path", [MESSAGES, CHAT, COMPLETE])
async def test_a_whole_request_that_is_left_stops_upstream(rig: Rig, path: str) -> None:
    known = set(rig.upstream.truth())
    body = body_for(path, "left whole", stream=False)
    running = await Running(rig.server, path, body, "events=1000; events_per_second=10").begin()
    await until(lambda: set(rig.upstream.truth()) - known, "the request is upstream")
    [request_id] = set(rig.upstream.truth()) - known
    await asyncio.sleep(0.2)
    left_at = await running.leave()
    real = await _truth_of(rig, request_id)
    _check_noticed(real, left_at)
    row = row_for(rig.server.data, request_id)
    assert (row["ended"], row["status"]) == ("caller_left", 499)
    check_cut(row, real, 0)


async def test_a_hundred_callers_who_leave_at_once_have_a_row_each(rig: Rig) -> None:
    before = rows_of(rig.server.data).keys()
    body = body_for(MESSAGES, "all leave")
    running = [await Running(rig.server, MESSAGES, body, _ENDLESS).begin() for _ in range(100)]
    await until(lambda: all(tokens_of(each.seen) > 3 for each in running), "all flow", 30)
    for each in running:
        await each.leave()
    delivered = {each.request_id: tokens_of(each.seen) for each in running}
    for request_id, tokens in delivered.items():
        real = await _truth_of(rig, request_id)
        check_cut(row_for(rig.server.data, request_id), real, tokens)
    assert rows_of(rig.server.data).keys() - before == delivered.keys()


async def test_a_caller_who_leaves_during_the_upload_is_not_dispatched(rig: Rig) -> None:
    truth, rows = set(rig.upstream.truth()), rows_of(rig.server.data).keys()
    running = await Running(rig.server, MESSAGES, b'{"model": "sim-1", ', content_length="4000").begin()
    await asyncio.sleep(0.2)
    await running.leave()
    await asyncio.sleep(0.5)
    assert set(rig.upstream.truth()) == truth
    assert rows_of(rig.server.data).keys() == rows


async def test_a_count_of_tokens_costs_nothing(rig: Rig) -> None:
    body = {"model": "sim-1", "messages": [{"role": "user", "content": "how many?"}]}
    running = await Running(rig.server, "/v1/messages/count_tokens", body).begin()
    assert (await running.done()).status == 200
    row = row_for(rig.server.data, running.request_id)
    assert (row["ended"], row["estimated"]) == ("complete", 0)
    assert [row[name] for name in BUCKETS] == [0] * len(BUCKETS)
