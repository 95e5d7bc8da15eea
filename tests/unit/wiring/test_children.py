"""Processes beside the server: one at a time, told no secret, back when they die, gone when it stops."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from antechamber.adapters.egress.configuration import EgressConfiguration, Taken
from antechamber.adapters.sandboxes.configuration import SupervisorConfiguration
from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import connect
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import SandboxSpec
from antechamber.wiring.children import Child, ChildError, Process, clean
from antechamber.wiring.sandboxes import supervisor_is_ready

SECONDS = 60
SUPERVISOR = "antechamber.adapters.sandboxes"


class Family:
    """A child that is a supervisor of sandboxes in memory, which any machine can run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run").mkdir()
        self.socket = folder / "run" / "socket"
        self.parts: dict[str, str] = {"runtime": "memory"}
        self.started: list[Process] = []
        self.child = Child("sandboxes", SUPERVISOR, self.line, {**os.environ, "SECRET": "x"}, SystemClock())

    def line(self) -> bytes:
        folder = str(self.folder)
        told = {"folder": folder, "socket": str(self.socket), "blobs": folder, "cache": folder, **self.parts}
        return msgspec.json.encode(msgspec.convert(told, SupervisorConfiguration))

    async def is_ready(self, process: Process) -> None:
        self.started.append(process)
        await supervisor_is_ready(process)

    async def need(self) -> None:
        await self.child.need(self.is_ready)


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    made = Family(tmp_path)
    yield made
    await made.child.stop()


async def until(family: Family, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(family.started) < count or not family.child.is_running():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_all_who_need_it_at_once_get_the_same_one(family: Family) -> None:
    await asyncio.gather(*(family.need() for _ in range(5)))
    await family.need()
    assert len(family.started) == 1
    assert family.child.is_running()
    sandboxes = RemoteSandboxes(lambda: connect(family.socket))
    await sandboxes.create(SandboxSpec("sesn_1", "org"))
    assert [info.id for info in await sandboxes.listing()] == ["sesn_1"]


async def test_one_that_is_killed_comes_back(family: Family) -> None:
    await family.need()
    family.started[0].send_signal(signal.SIGKILL)
    await until(family, 2)
    assert await RemoteSandboxes(lambda: connect(family.socket)).listing() == []


async def test_one_that_was_stopped_stays_away(family: Family) -> None:
    await family.need()
    await family.child.stop()
    assert family.started[0].returncode == 0
    assert not family.child.is_running()
    with pytest.raises(ChildError, match="the server is stopping"):
        await family.need()


async def test_what_cannot_run_says_why_and_is_not_tried_at_each_call(family: Family) -> None:
    family.parts["runtime"] = "docker"
    family.parts["docker_url"] = f"unix://{family.folder}/absent.sock"
    with pytest.raises(ChildError, match=r"absent\.sock"):
        await family.need()
    family.parts["runtime"] = "memory"
    with pytest.raises(ChildError, match=r"absent\.sock"):
        await family.need()
    assert len(family.started) == 1
    assert family.child.problem is not None
    family.child._retry_at = 0
    await family.need()
    assert family.child.problem is None


async def test_one_that_dies_before_it_is_ready_is_a_problem_too(family: Family) -> None:
    family.parts["folder"] = str(family.folder / "absent")
    with pytest.raises(ChildError, match="absent"):
        await family.need()


async def test_who_no_longer_waits_leaves_no_process(family: Family) -> None:
    needing = asyncio.ensure_future(family.need())
    async with asyncio.timeout(SECONDS):
        while not family.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)
    needing.cancel()
    await asyncio.gather(needing, return_exceptions=True)
    assert family.started[0].returncode is not None
    await family.need()
    assert len(family.started) == 2


def test_a_child_is_told_where_things_are_and_nothing_else() -> None:
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "HOME": "/root",
        "ANTE_SERVER_DATABASE_URL": "postgresql://user:password@host/name",
        "ANTHROPIC_API_KEY": "sk-ant-secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "https_proxy": "http://user:password@proxy",
    }
    assert clean(given) == {"PATH": "/bin", "LC_ALL": "C", "HOME": "/root"}


class Speaking:
    """A child that is an egress proxy, which takes further lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blocked: tuple[str, ...] = ()
        self.started: list[Process] = []
        self.child = Child("egress", "antechamber.adapters.egress", self.line, os.environ, SystemClock())

    def line(self) -> bytes:
        told = EgressConfiguration(str(self.folder / "socket"), str(self.folder / "log"), blocked=self.blocked)
        return msgspec.json.encode(told)

    async def is_ready(self, process: Process) -> None:
        async with asyncio.timeout(SECONDS):
            while not (self.folder / "socket").exists():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        self.started.append(process)


@pytest.fixture
async def speaking() -> AsyncIterator[Speaking]:
    # short: the name of a socket has a limit
    with tempfile.TemporaryDirectory(prefix="ante-c-") as name:
        made = Speaking(Path(name))
        yield made
        await made.child.stop()


async def test_one_that_runs_is_told_more_and_answers(speaking: Speaking) -> None:
    assert await speaking.child.tell(speaking.line()) is None
    await speaking.child.need(speaking.is_ready)
    answers = await asyncio.gather(*(speaking.child.tell(line) for line in (speaking.line(), b"{}", speaking.line())))
    assert [msgspec.json.decode(answer or b"", type=Taken).error is None for answer in answers] == [True, False, True]
    await speaking.child.stop()
    assert await speaking.child.tell(speaking.line()) is None


async def test_one_that_ends_while_it_is_told_is_no_failure(speaking: Speaking) -> None:
    await speaking.child.need(speaking.is_ready)
    speaking.started[0].send_signal(signal.SIGSTOP)
    telling = asyncio.create_task(speaking.child.tell(speaking.line()))
    await asyncio.sleep(0)
    speaking.started[0].send_signal(signal.SIGKILL)
    assert await telling is None
