"""The spool on the disk: one writer, room for every end, nothing lost, nothing kept for ever."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from antechamber.adapters.spool import FileSpool, SpoolInUseError
from antechamber.adapters.spool.files import Entry
from antechamber.adapters.spool.segments import Segment
from antechamber.base.errors import Overloaded
from antechamber.features.usage.model import Ending, TokenUsage, UsageRow
from tests.unit.spool.conftest import read_all
from tests.unit.usage.samples import intent, outcome

OpenSpool = Callable[..., FileSpool]


def numbers(rows: list[UsageRow]) -> list[int]:
    return [int(row.intent.request_id.removeprefix("req_01")) for row in rows]


def run_one(spool: FileSpool, number: int) -> None:
    spool.begin(intent(number)).settle(outcome())


def open_until_refused(spool: FileSpool) -> list[Entry]:
    entries: list[Entry] = []
    with contextlib.suppress(Overloaded):
        while True:
            entries.append(spool.begin(intent(len(entries))))
    return entries


def segments(folder: Path) -> int:
    return len(list(folder.glob("g*/*.log")))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)


def test_settled_rows_are_read_in_their_order_and_again_until_confirmed(open_spool: OpenSpool) -> None:
    spool = open_spool()
    for number in range(5):
        run_one(spool, number)
    assert numbers(list(spool.read(3))) == [0, 1, 2]
    assert numbers(list(spool.read(3))) == [0, 1, 2]
    spool.confirm()
    assert numbers(list(spool.read(3))) == [3, 4]
    assert (spool.open_count, spool.settled_count) == (0, 5)


def test_the_first_outcome_wins(open_spool: OpenSpool) -> None:
    spool = open_spool()
    entry = spool.begin(intent(1))
    entry.settle(outcome(status=200))
    entry.settle(outcome(status=500))
    entry.progress(TokenUsage(output=99))
    assert [row.outcome.status for row in read_all(spool)] == [200]
    assert spool.settled_count == 1


def test_a_second_writer_is_refused_by_name(open_spool: OpenSpool, folder: Path) -> None:
    open_spool()
    with pytest.raises(SpoolInUseError, match=r"node-1 is written by another server \(process \d+\)"):
        open_spool()
    assert segments(folder) <= 1


def test_what_was_not_confirmed_is_the_next_ones_estate(open_spool: OpenSpool, folder: Path) -> None:
    first = open_spool()
    for number in range(10):
        run_one(first, number)
    first.read(4)
    first.confirm()
    first.close(durable=True)
    second = open_spool()
    (estate,) = second.estates()
    # ends are in the order of settling, confirmed ones may come again: the database knows them
    assert numbers(read_all(estate))[-6:] == [4, 5, 6, 7, 8, 9]
    assert estate.releasable
    estate.release()
    second.close(durable=True)
    assert list(folder.glob("g*")) == []


def test_a_spool_that_was_drained_leaves_nothing(open_spool: OpenSpool, folder: Path) -> None:
    spool = open_spool()
    run_one(spool, 1)
    read_all(spool)
    spool.close(durable=True)
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_an_unsettled_intent_is_lost_with_what_it_had_used(open_spool: OpenSpool) -> None:
    first = open_spool()
    first.begin(intent(1)).settle(outcome())
    silent, busy = first.begin(intent(2)), first.begin(intent(3))
    for output in range(1, 6):
        busy.progress(TokenUsage(uncached_input=70, output=output, web_search_requests=1))
    growing = first.begin(intent(4))
    growing.progress(TokenUsage(uncached_input=8, output=1))
    growing.grow(2)
    growing.progress(TokenUsage(uncached_input=9, output=3, cache_read=4))
    growing.grow(17)
    assert not silent.settled
    first.close(durable=True)
    rows = read_all(open_spool().estates()[0])
    assert numbers(rows) == [1, 2, 3, 4]
    assert [row.outcome.ended for row in rows] == [Ending.COMPLETE, *[Ending.LOST] * 3]
    assert [row.outcome.estimated for row in rows] == [False, True, True, True]
    assert rows[1].outcome.usage == TokenUsage(uncached_input=1000)
    assert rows[2].outcome.usage == TokenUsage(uncached_input=70, output=5, web_search_requests=1)
    assert rows[3].outcome.usage == TokenUsage(uncached_input=9, output=17, cache_read=4)


def test_a_slot_never_tells_of_the_request_that_had_it_before(open_spool: OpenSpool) -> None:
    first = open_spool()
    for number in range(20):
        entry = first.begin(intent(number))
        entry.progress(TokenUsage(output=1000))
        entry.settle(outcome())
    first.begin(intent(20))
    first.close(durable=False)
    rows = read_all(open_spool().estates()[0])
    assert rows[-1].outcome.usage == TokenUsage(uncached_input=1000)


def test_counters_that_no_slot_can_hold_are_bounded(open_spool: OpenSpool) -> None:
    first = open_spool()
    first.begin(intent(1)).progress(TokenUsage(uncached_input=-5, output=2**70))
    first.close(durable=False)
    (row,) = read_all(open_spool().estates()[0])
    assert row.outcome.usage == TokenUsage(output=2**53 - 1)


def test_more_requests_can_be_open_than_a_progress_file_holds(open_spool: OpenSpool) -> None:
    spool = open_spool(quota_bytes=2**25)
    entries = [spool.begin(intent(number)) for number in range(5000)]
    for number, entry in enumerate(entries):
        entry.progress(TokenUsage(output=number))
    spool.close(durable=False)
    rows = read_all(open_spool().estates()[0], 1000)
    assert [row.outcome.usage.output for row in rows] == list(range(5000))


def test_drained_segments_go_and_open_requests_keep_theirs_or_move(open_spool: OpenSpool, folder: Path) -> None:
    spool = open_spool()
    late = spool.begin(intent(0))
    late.progress(TokenUsage(output=3))
    for number in range(1, 2000):
        run_one(spool, number)
        if number % 100 == 0:
            read_all(spool)
            spool.release()
    until(lambda: segments(folder) < 6)
    spool.close(durable=True)
    rows = read_all(open_spool().estates()[0])
    (lost,) = [row for row in rows if row.intent.request_id == intent(0).request_id]
    assert (lost.outcome.ended, lost.outcome.usage.output) == (Ending.LOST, 3)


def test_over_its_quota_no_intent_is_taken_but_every_open_one_is_settled(open_spool: OpenSpool) -> None:
    spool = open_spool(quota_bytes=3 * 64 * 1024)
    entries = open_until_refused(spool)
    with pytest.raises(Overloaded) as refused:
        spool.begin(intent(9998))
    assert refused.value.retry_after == 1
    for entry in entries:
        entry.settle(outcome(stop_reason="x" * 250, service_tier="y" * 250))
    assert spool.open_count == 0
    assert numbers(read_all(spool)) == list(range(len(entries)))
    spool.release()
    spool.sync()
    spool.begin(intent(9999)).settle(outcome())
    assert numbers(read_all(spool)) == [9999]


def test_an_end_that_the_disk_refuses_is_written_later_and_no_intent_before(
    open_spool: OpenSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = open_spool()
    first, second = spool.begin(intent(1)), spool.begin(intent(2))

    def refuse(_self: Segment, _record: bytes) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(Segment, "append", refuse)
        first.settle(outcome(status=201))
        second.settle(outcome(status=202))
        with pytest.raises(Overloaded):
            spool.begin(intent(3))
        assert spool.read(10) == []
        assert spool.open_count == 2
    spool.begin(intent(3))
    assert [row.outcome.status for row in read_all(spool)] == [201, 202]


def test_a_disk_that_cannot_sync_takes_no_intent_until_it_can(
    open_spool: OpenSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = open_spool()
    run_one(spool, 1)

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr("os.fdatasync", refuse)
        with pytest.raises(OSError, match="Input/output"):
            spool.sync()
        with pytest.raises(Overloaded):
            spool.begin(intent(2))
    spool.sync()
    run_one(spool, 2)


def test_what_a_dead_neighbour_left_is_adopted_and_a_living_one_is_left_alone(
    open_spool: OpenSpool, folder: Path
) -> None:
    dead, living = (open_spool(folder.parent / name) for name in ("dead", "living"))
    run_one(dead, 1)
    run_one(living, 2)
    dead.close(durable=False)
    mine = open_spool()
    (estate,) = mine.estates()
    assert numbers(read_all(estate)) == [1]
    assert open_spool(folder.parent / "dead").estates() == []


def test_writes_are_synced_soon_and_off_the_writers_thread(
    open_spool: OpenSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fdatasync

    def watch(descriptor: int) -> None:
        synced.append(threading.current_thread().name)
        real(descriptor)

    monkeypatch.setattr("os.fdatasync", watch)
    spool = open_spool()
    run_one(spool, 1)
    until(lambda: bool(synced))
    assert set(synced) == {"spool"}
