"""A disk that is full: what can't be metered is refused, and what was admitted is metered all the same."""

import asyncio
import ctypes
import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.accounts import check_exact, check_roll_ups, rows_for
from tests.faults.calls import MESSAGES, Running, ask, body_for, until
from tests.faults.conftest import Rig
from tests.faults.processes import Server
from tests.faults.test_upstreams import check_refusal
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount a small file system on a folder; False where this user may not."""
    if _libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={size},mode=700".encode()):
        assert ctypes.get_errno() in {errno.EPERM, errno.EACCES}
        yield False
        return
    try:
        yield True
    finally:
        _libc.umount2(str(folder).encode(), 2)


def _fill(path: Path) -> None:
    """Take every byte that is free."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends with it


def _limit_files(server: Server, size: int) -> None:
    """Let no file of the server grow beyond a size: every write behind it fails."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))


async def _many(rig: Rig, count: int, controls: str) -> list[Reply]:
    body = body_for(MESSAGES, "on a full disk")
    running = [await Running(rig.server, MESSAGES, body, controls).begin() for _ in range(count)]
    return [await each.done() for each in running]


async def _served_again(rig: Rig) -> list[Reply]:
    """Ask until a request is served; returns every answer."""
    replies: list[Reply] = []
    async with asyncio.timeout(30):
        while not replies or replies[-1].status != 200:
            replies.append(await ask(rig.server, MESSAGES, body_for(MESSAGES, "again")))
    return replies


def _check_refused(replies: list[Reply]) -> None:
    for reply in replies:
        inner = check_refusal(reply, MESSAGES, 529, "overloaded_error")
        assert "not sent to a model" in inner["message"]
        assert reply.headers["retry-after"]


def _check_metered(rig: Rig, replies: list[Reply]) -> None:
    """What was served was dispatched and is in the ledger; what was refused is in neither."""
    served = {reply.headers["request-id"] for reply in replies if reply.status == 200}
    truth = rig.upstream.settled()
    assert truth.keys() == served
    rows = rows_for(rig.server.data, served, 30)
    assert rows.keys() == served
    for name, real in truth.items():
        check_exact(rows[name], real)
    check_roll_ups(rig.server.data)


async def test_no_request_is_served_that_the_spool_has_no_room_for(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(spool_segment_bytes=131_072)
    assert rig.server.stop() == 0
    with _small_disk(rig.server.data / "spool", "2m") as mounted:
        rig.server.start()
        replies = await _many(rig, 20, "events=3")
        assert {reply.status for reply in replies} == {200}
        filler = rig.server.data / "spool" / "filler"
        if mounted:
            _fill(filler)
        else:
            _limit_files(rig.server, 4096)
        replies += await _many(rig, 200, "events=3; ttft=1500")
        refused = [reply for reply in replies if reply.status != 200]
        print(f"mounted: {mounted}; {len(refused)} of 200 refused")
        assert len(refused) >= 50
        _check_refused(refused)
        if mounted:
            filler.unlink()
        else:
            _limit_files(rig.server, -1)
        replies += await _served_again(rig)
        replies += await _many(rig, 200, "events=3; ttft=500")
        assert {reply.status for reply in replies[-200:]} == {200}
        _check_metered(rig, replies)
        assert rig.server.stop() == 0


async def test_what_is_under_way_when_writing_fails_is_metered_once_it_works(make_rig: Callable[..., Rig]) -> None:
    """The whole disk: not even the log can be written, and the outcomes of what is open wait in memory."""
    rig = make_rig()
    body = body_for(MESSAGES, "under way")
    running = [await Running(rig.server, MESSAGES, body, "events=40; events_per_second=20").begin() for _ in range(40)]
    await until(lambda: all(each.seen.chunks for each in running), "all flow")
    _limit_files(rig.server, 1)
    refused = await _many(rig, 10, "")
    _check_refused(refused)
    replies = [await each.done() for each in running]
    assert {(reply.status, reply.ended) for reply in replies} == {(200, "whole")}
    assert (await ask(rig.server, "/health/live", method="GET")).status == 200
    _check_refused(await _many(rig, 10, ""))
    _limit_files(rig.server, -1)
    _check_metered(rig, [*replies, *await _served_again(rig)])
    assert rig.server.stop() == 0
