"""The command that waits for the next program of a sandbox: used, replaced, survived by programs, and never left."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from antechamber.features.environments.model.sandbox import Command
from tests.sandboxes.running import Runtime, finish, run
from tests.sandboxing import KINDS, Station, family, station

pytestmark = pytest.mark.sandbox

SECONDS = 60
MARK = "/xs"


@pytest.fixture(scope="module", params=KINDS)
def here(request: pytest.FixtureRequest) -> Iterator[Station]:
    with station(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def runtime(here: Station) -> Runtime:
    return Runtime("oci", here.sandboxes)


def line_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def spares(here: Station, sandbox_id: str) -> list[int]:
    """Return the runtime's commands of a sandbox that were made to wait, those that were told since included."""
    assert here.ready is not None
    return [pid for pid in family(here.ready.pid) if MARK in (line := line_of(pid)) and sandbox_id in line]


def ended(pid: int) -> bool:
    return line_of(pid) == ""


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not found():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.05)


async def test_a_program_is_started_by_the_command_that_waits_and_another_waits_then(
    here: Station, runtime: Runtime
) -> None:
    async with runtime.room() as room:
        await until(lambda: len(spares(here, room.id)) == 1)
        (first,) = spares(here, room.id)
        process = await room.execute(Command(("cat",)))
        await process.write(b"heard")
        await until(lambda: len(spares(here, room.id)) == 2)
        assert first in spares(here, room.id)
        await process.close_input()
        assert (await finish(process)).out == b"heard"
        await until(lambda: first not in spares(here, room.id))


async def test_programs_start_when_the_command_that_waits_was_killed(here: Station, runtime: Runtime) -> None:
    async with runtime.room() as room:
        for _ in range(3):
            await until(lambda: len(spares(here, room.id)) == 1)
            (waiting,) = spares(here, room.id)
            os.kill(waiting, signal.SIGKILL)
            # its line is empty from its end on, whoever takes notice of that
            await until(partial(ended, waiting))
            assert (await run(room, "echo", "there")).text == "there\n"


async def test_what_is_to_start_may_be_longer_than_a_pipe_holds(runtime: Runtime) -> None:
    words, long = [f"{number}é" * 5_000 for number in range(10)], {"LONG": "x" * 100_000}
    async with runtime.room() as room:
        for _ in range(2):
            said = await run(room, "printf", "%s\n", *words, environment=long)
            assert said.text.splitlines() == words
            assert (await run(room, "sh", "-c", "echo ${#LONG}", environment=long)).text == "100000\n"


async def test_programs_at_once_get_their_own_streams(runtime: Runtime) -> None:
    async with runtime.room() as room:
        said = await asyncio.gather(*(run(room, "cat", given=f"{number}".encode()) for number in range(20)))
        assert [each.out for each in said] == [f"{number}".encode() for number in range(20)]


async def test_nothing_waits_for_a_sandbox_that_has_ended(here: Station, runtime: Runtime) -> None:
    async with runtime.room() as room:
        await run(room, "true")
        await room.stop()
        await until(lambda: spares(here, room.id) == [])
    async with runtime.room() as room:
        await run(room, "true")
    await until(lambda: spares(here, room.id) == [])


async def test_a_sandbox_that_is_not_used_has_nothing_waiting_and_can_be_used(here: Station, runtime: Runtime) -> None:
    async with runtime.room() as room:
        await run(room, "true")
        await until(lambda: len(spares(here, room.id)) == 1)
        await until(lambda: spares(here, room.id) == [])
        assert (await run(room, "echo", "still here")).text == "still here\n"
