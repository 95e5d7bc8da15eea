"""Traps of OCI runtimes that were met in trials, each held shut; and what such a runtime alone can show."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.oci.cgroups import prefix_of
from antechamber.features.environments.model.sandbox import Command, Limits, NetworkMode, NetworkPolicy, SandboxSpec
from antechamber.features.environments.ports.sandboxes import Process, Sandbox
from tests.sandboxes.running import ORGANIZATION, Runtime, collect, run
from tests.sandboxing import KINDS, Station, station

pytestmark = pytest.mark.sandbox

SECONDS = 60
STARTS = 100
AT_ONCE = 4


@pytest.fixture(scope="module", params=KINDS)
def here(request: pytest.FixtureRequest) -> Iterator[Station]:
    with station(request.param) as made:
        yield made


@pytest.fixture(scope="module")
def runtime(here: Station) -> Runtime:
    return Runtime("oci", here.sandboxes)


def supervisor_of(here: Station) -> int:
    assert here.ready is not None
    return here.ready.pid


def below(pid: int) -> list[int]:
    """Return all descendants of a process."""
    found = [pid]
    for each in found:
        try:
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found[1:]


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return ""


def program_of(pid: int) -> str:
    return str(Path(f"/proc/{pid}/exe").readlink())


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def sleepers(here: Station, seconds: str) -> list[int]:
    """Return the programs `sleep SECONDS` of all sandboxes, by their numbers outside."""
    wanted = b"sleep\0" + seconds.encode() + b"\0"
    return [pid for pid in below(supervisor_of(here)) if command_of(pid) == wanted and state_of(pid) != "Z"]


async def sleeping(here: Station, room: Sandbox, seconds: str) -> tuple[Process, int]:
    """Start a program that sleeps, and return it with its number outside."""
    process = await room.execute(Command(("sleep", seconds)))
    async with asyncio.timeout(SECONDS):
        while not (found := sleepers(here, seconds)):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.02)
    return process, found[0]


def devices() -> dict[str, tuple[int, int, int]]:
    found = {name: Path(name).stat() for name in ("/dev/null", "/dev/zero", "/dev/tty")}
    return {name: (each.st_uid, each.st_gid, each.st_mode) for name, each in found.items()}


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def left_of(here: Station, room: str) -> list[str]:
    """Return what of a sandbox that is gone can be found on this machine."""
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{prefix_of(here.data)}/{room}") if path.is_dir()]
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(here.folder) in line]
    folder = here.data / "sessions" / room
    return groups + mounts + [str(folder)] * folder.exists()


def groups_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {name: path for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")}


async def test_the_machines_devices_stay_the_machines(runtime: Runtime) -> None:
    before = devices()
    async with runtime.room() as room:
        await run(room, "true")
        await run(room, "true", user="nobody")
        terminal = await room.execute(Command(("true",), tty=True))
        await terminal.wait()
    assert devices() == before
    assert before["/dev/null"] == (0, 0, 0o20666)


async def test_the_streams_of_the_first_process_are_pipes(runtime: Runtime) -> None:
    async with runtime.room() as room:
        said = await run(room, "sh", "-c", "for n in 0 1 2; do readlink /proc/1/fd/$n; done; ls /proc/1/fd | wc -l")
        *streams, count = said.text.splitlines()
        assert all(stream.startswith("pipe:") for stream in streams)
        assert len(streams) == 3
        assert int(count) <= 6


async def test_no_sysfs_of_the_machine_shows(runtime: Runtime) -> None:
    async with runtime.room() as room:
        said = await run(room, "sh", "-c", "ls -A /sys; grep -cE ' (sysfs|cgroup|cgroup2) ' /proc/mounts")
        assert said.text == "0\n"


async def test_a_program_is_in_the_group_of_its_sandbox(here: Station, runtime: Runtime) -> None:
    told = await runtime.sandboxes.capabilities()
    async with runtime.room() as room:
        process, pid = await sleeping(here, room, "986")
        groups = groups_of(pid)
        if told.memory_limit:
            for name in ("memory", "pids", "cpu"):
                group = groups.get(name) or groups[""]
                assert group.endswith(f"/{room.id}"), groups
                assert "antechamber-" in group
        else:
            assert any("memory" in missing for missing in told.missing)
        await process.signal(9)
        await process.wait()


async def test_a_killed_program_leaves_nothing_of_its_tree(here: Station, runtime: Runtime) -> None:
    script = "setsid sleep 985 & (setsid sh -c 'sleep 985 & sleep 985; true' &); sleep 985; sleep 985"
    async with runtime.room() as room:
        other, _ = await sleeping(here, room, "984")
        process = await room.execute(Command(("sh", "-c", script)))
        async with asyncio.timeout(SECONDS):
            while len(sleepers(here, "985")) < 4:  # noqa: ASYNC110 - the kernel tells nobody
                await asyncio.sleep(0.02)
        await process.signal(9)
        assert (await process.wait()).signal == 9
        assert sleepers(here, "985") == []
        assert len(sleepers(here, "984")) == 1
        await other.signal(9)
        await other.wait()


async def test_nothing_dead_lies_about_after_a_hundred_starts(here: Station, runtime: Runtime) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with gate, runtime.room() as room:
            await run(room, "true")
            await run(room, "no-such-program")

    await asyncio.gather(*(one() for _ in range(STARTS)))
    pid = supervisor_of(here)
    async with asyncio.timeout(SECONDS):
        while [each for each in below(pid) if state_of(each) == "Z"]:  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.1)


async def test_programs_leave_no_descriptors_open(here: Station, runtime: Runtime) -> None:
    pid = supervisor_of(here)
    async with runtime.room() as room:

        async def many() -> None:
            for _ in range(10):
                await run(room, "true")
                terminal = await room.execute(Command(("true",), tty=True))
                await collect(terminal.stdout)
                await terminal.wait()
                unread = await room.execute(Command(("echo", "unread")))
                await unread.wait()

        await many()
        before = open_files(pid)
        await many()
        async with asyncio.timeout(SECONDS):
            while open_files(pid) > before + 5:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)


async def test_nothing_inside_tells_where_the_data_lies(here: Station, runtime: Runtime) -> None:
    async with runtime.room() as room:
        said = await run(room, "cat", "/proc/self/mountinfo", "/proc/1/environ", "/proc/1/cmdline", "/proc/self/cgroup")
        assert str(here.folder) not in said.text
        assert "sessions" not in said.text
        assert room.id not in said.text


async def test_root_inside_is_nobody_of_the_machine_and_of_no_other_sandbox(here: Station, runtime: Runtime) -> None:
    told = await runtime.sandboxes.capabilities()
    async with runtime.room() as one, runtime.room() as other:
        (first, mine), (second, theirs) = await sleeping(here, one, "983"), await sleeping(here, other, "982")
        owners = [owner_of(mine), owner_of(theirs)]
        assert all(owner not in {0, os.getuid()} for owner in owners)
        if here.user is not None:
            # rootless: one range for all, and never the user who runs the server
            assert owners[0] == owners[1] != owner_of(supervisor_of(here))
        else:
            assert owners[0] != owners[1]
        assert told.rootless == (here.user is not None)
        for process in (first, second):
            await process.signal(9)
            await process.wait()


async def test_groups_and_mounts_go_with_their_sandbox(here: Station, runtime: Runtime) -> None:
    async with runtime.room() as room:
        assert left_of(here, room.id) != []
    assert left_of(here, room.id) == []


async def test_the_program_that_enters_a_sandbox_is_a_copy_that_nobody_can_change(
    here: Station, runtime: Runtime
) -> None:
    async with runtime.room() as room:
        process = await room.execute(Command(("sh", "-c", "echo up; exec sleep 982")))
        assert await anext(process.stdout) == b"up\n"
        entering = [pid for pid in below(supervisor_of(here)) if b"\0exec\0" in command_of(pid)]
        assert len(entering) == 1
        assert program_of(entering[0]).startswith("/memfd:")
        with pytest.raises(OSError, match=r"busy|not permitted"):
            os.open(f"/proc/{entering[0]}/exe", os.O_RDWR)
        await process.signal(9)
        await process.wait()


async def test_a_sandbox_without_a_network_finds_no_listener(runtime: Runtime) -> None:
    script = (
        "import socket\nfor port in (80, 443, 3128, 3129):\n print(socket.socket().connect_ex(('127.0.0.1', port)))"
    )
    async with runtime.room(network=NetworkPolicy(NetworkMode.NONE)) as room:
        told = (await run(room, "python3", "-c", script)).text.split()
    assert told == [str(errno.ECONNREFUSED)] * 4


async def test_runc_takes_the_same_bundles_as_root() -> None:
    with station("oci-root", runtime="runc") as made:
        spec = SandboxSpec("one", ORGANIZATION)
        room = await made.sandboxes.create(spec)
        assert (await made.sandboxes.capabilities()).runtime == "runc"
        assert (await run(room, "sh", "-c", "cat; exit 7", given=b"in")).out == b"in"
        assert (await run(room, "no-such-program")).status.code == 127
        terminal = await room.execute(Command(("stty", "size"), tty=True, rows=30, columns=100))
        assert b"30 100" in await collect(terminal.stdout)
        said = await run(room, "sh", "-c", "setsid sleep 981 & sleep 981", timeout_seconds=1)
        assert said.status.timed_out
        assert sleepers(made, "981") == []
        await room.stop()
        again = await made.sandboxes.create(spec)
        assert (await run(again, "echo", "back")).text == "back\n"
        await again.destroy()


FILLS = """
import os, time
started = 0
try:
    while started < 400:
        if os.fork() == 0:
            time.sleep(600)
        started += 1
except OSError:
    pass
print(started, flush=True)
time.sleep(600)
"""


async def test_every_sandbox_has_its_number_of_processes_for_itself(runtime: Runtime) -> None:
    """An OCI runtime that is told of a limit of processes holds itself to it, outside, where those of all count."""
    assert (await runtime.sandboxes.capabilities()).pids_limit
    limits = Limits(pids=64)
    async with contextlib.AsyncExitStack() as stack:
        full, *rooms = [await stack.enter_async_context(runtime.room(limits=limits)) for _ in range(4)]
        filling = await full.execute(Command(("python3", "-c", FILLS)))
        assert 10 < int(await anext(filling.stdout)) < 64
        said = await asyncio.gather(*(run(room, "sh", "-c", "sleep 0.5; echo here") for room in rooms * 10))
        assert {(each.text, each.err, each.status.code) for each in said} == {("here\n", b"", 0)}
        await filling.signal(9)
        await filling.wait()
        assert (await run(full, "echo", "alive")).text == "alive\n"


async def test_a_sandbox_may_have_more_processes_than_the_one_before(runtime: Runtime) -> None:
    counts = []
    for most in (24, 48, 24):
        async with runtime.room(limits=Limits(pids=most)) as room:
            filling = await room.execute(Command(("python3", "-c", FILLS)))
            counts.append(int(await anext(filling.stdout)))
    assert 10 < counts[0] < 24 < counts[1] < 48
    assert 10 < counts[2] < 24
