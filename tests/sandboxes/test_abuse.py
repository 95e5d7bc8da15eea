"""What somebody may try from inside, on every runtime: rows A1 to A26 of docs/security.md."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from antechamber.features.environments.model.sandbox import Capabilities, Command, Limits
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.sandboxes.running import ORGANIZATION, Runtime, collect, finish, once, run

pytestmark = pytest.mark.sandbox

PROBES = Path(__file__).parents[1] / "probes" / "abuse.py"
MEBIBYTE = 1 << 20
SECRET = b"of the machine"
FROM_INSIDE = (5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26)


@dataclass(frozen=True, slots=True)
class Machine:
    """What of this machine must not be reached: a file, a port on loopback, an abstract socket; all tell SECRET."""

    marker: Path
    port: int
    abstract: str


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    marker = tmp_path_factory.mktemp("machine") / "marker"
    marker.write_bytes(SECRET)
    abstract = f"ante-probe-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"\0{abstract}")
        unix.listen()
        for listener in (tcp, unix):
            threading.Thread(target=greet, args=(listener,), daemon=True).start()
        yield Machine(marker, tcp.getsockname()[1], abstract)


def greet(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            link, _ = listener.accept()
            link.sendall(SECRET)
            link.close()


@pytest.fixture(scope="module")
async def told(room: Sandbox, machine: Machine) -> dict[str, list[dict[str, Any]]]:
    """Return what the probes said, by number."""
    await room.write("/workspace/abuse.py", once(PROBES.read_bytes()))
    facts = {"marker": str(machine.marker), "port": machine.port, "abstract": machine.abstract}
    said = await run(room, "python3", "/workspace/abuse.py", json.dumps(facts), timeout_seconds=120)
    assert said.status.code == 0, said
    found: dict[str, list[dict[str, Any]]] = {}
    for line in said.text.splitlines():
        each = json.loads(line)
        found.setdefault(each["probe"], []).append(each)
    return found


@pytest.fixture(scope="module")
async def capabilities(runtime: Runtime) -> Capabilities:
    return await runtime.sandboxes.capabilities()


@pytest.mark.parametrize("number", FROM_INSIDE, ids=lambda number: f"A{number}")
async def test_abuse_from_inside_is_refused(told: dict[str, list[dict[str, Any]]], number: int) -> None:
    tried = told[f"A{number}"]
    assert tried
    assert [each for each in tried if not each["held"]] == []


async def test_a1_a_fork_bomb_stops_at_the_limit_of_processes(runtime: Runtime, capabilities: Capabilities) -> None:
    script = """
import os, signal, time
started = []
try:
    while len(started) < 400:
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
        started.append(child)
except OSError:
    pass
print(len(started))
for child in started:
    os.kill(child, signal.SIGKILL)
"""
    if not capabilities.pids_limit:
        assert names(capabilities, "process")
        return
    async with runtime.room(limits=Limits(pids=64)) as room:
        said = await run(room, "python3", "-c", script)
        assert 10 < int(said.text) < 64
        assert (await run(room, "echo", "alive")).text == "alive\n"


async def test_a1_a_bomb_that_goes_on_is_ended_by_its_deadline(runtime: Runtime, capabilities: Capabilities) -> None:
    if not capabilities.pids_limit:
        assert names(capabilities, "process")
        return
    spec = runtime.spec(runtime.name(), limits=Limits(pids=64, cpus=0.5))
    room = await runtime.sandboxes.create(spec)
    try:
        bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
        said = await run(room, "python3", "-c", bomb, timeout_seconds=2)
        assert said.status.timed_out
        # where no helper could start any more, all of the sandbox was ended, and its files go on
        if await runtime.sandboxes.find(spec.id) is None:
            room = await runtime.sandboxes.create(spec)
        assert (await run(room, "echo", "alive")).text == "alive\n"
    finally:
        await runtime.sandboxes.remove(spec.id)


async def test_a2_a_memory_bomb_ends_itself_alone(limited: Sandbox, capabilities: Capabilities) -> None:
    if not capabilities.memory_limit:
        assert names(capabilities, "memory")
        return
    other = await limited.execute(Command(("sleep", "990")))
    said = await run(limited, "python3", "-c", "held = [bytearray(1 << 20) for _ in range(600)]")
    assert said.status.code == 137
    assert said.status.oom
    assert (await run(limited, "echo", "alive")).text == "alive\n"
    await other.signal(9)
    assert (await other.wait()).signal == 9


async def test_a3_memory_that_poses_as_files_is_limited(limited: Sandbox) -> None:
    said = await run(limited, "sh", "-c", "head -c 600m /dev/zero >/tmp/fill; rm -f /tmp/fill; echo; echo alive")
    assert b"No space left" in said.err or said.status.oom
    assert (await run(limited, "echo", "alive")).text == "alive\n"


async def test_a3_a_file_grows_to_its_limit(runtime: Runtime) -> None:
    async with runtime.room(limits=Limits(file_bytes=4 * MEBIBYTE)) as room:
        said = await run(room, "sh", "-c", "head -c 16m /dev/zero >/workspace/fill; stat -c %s /workspace/fill")
        assert int(said.text) == 4 * MEBIBYTE


async def test_a3_a_disk_fills_to_its_limit(runtime: Runtime, capabilities: Capabilities) -> None:
    if not capabilities.disk_limit:
        assert names(capabilities, "disk")
        return
    async with runtime.room(limits=Limits(disk_bytes=64 * MEBIBYTE)) as room:
        said = await run(room, "sh", "-c", "head -c 200m /dev/zero >/workspace/fill; rm /workspace/fill; echo alive")
        assert b"No space left" in said.err
        assert said.text == "alive\n"


async def test_a4_what_burns_processors_is_held_and_ended_in_time(limited: Sandbox, capabilities: Capabilities) -> None:
    assert capabilities.cpu_limit or names(capabilities, "cpu")
    said = await run(limited, "sh", "-c", "for i in 1 2 3 4; do while :; do :; done & done; wait", timeout_seconds=1)
    assert said.status.timed_out
    assert (await run(limited, "echo", "alive")).text == "alive\n"


async def test_a11_nobody_inside_ends_the_first_process(runtime: Runtime) -> None:
    async with runtime.room() as room:
        await run(room, "sh", "-c", "kill -9 1; kill -19 1; kill -11 1")
        await run(room, "sh", "-c", "kill -9 -1")
        assert (await run(room, "echo", "alive")).text == "alive\n"


async def test_a17_a_terminal_takes_no_words_from_inside(room: Sandbox) -> None:
    await room.write("/workspace/terminal.py", once(PROBES.read_bytes()))
    facts = json.dumps({"marker": "", "port": 0, "abstract": "", "terminal": True})
    said = await finish(await room.execute(Command(("python3", "/workspace/terminal.py", facts), tty=True)))
    tried = [json.loads(line) for line in said.text.splitlines() if line.startswith("{")]
    assert len(tried) == 3, said
    assert [each for each in tried if not each["held"]] == []


async def test_a18_a_program_with_the_set_user_bit_gains_nothing(room: Sandbox) -> None:
    await run(room, "sh", "-c", "cp /usr/bin/id /workspace/id; chmod 4755 /workspace/id; chmod 755 /workspace")
    said = await run(room, "/workspace/id", "-u", user="www-data")
    assert said.text == "33\n"
    status = await run(room, "grep", "-E", "^(NoNewPrivs|CapEff):", "/proc/self/status", user="www-data")
    assert status.text.split() == ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]


async def test_a24_a_link_leads_nowhere_outside(room: Sandbox, machine: Machine) -> None:
    script = f"ln -s {machine.marker} /workspace/out; ln -s {machine.marker.parent} /workspace/folder"
    await run(room, "sh", "-c", script)
    with pytest.raises(FileNotFoundError):
        await collect(room.read("/workspace/out"))
    with pytest.raises(FileNotFoundError):
        await room.listing("/workspace/folder")
    with contextlib.suppress(OSError):
        await room.write("/workspace/folder/planted", once(b"x"))
    with contextlib.suppress(OSError):
        await room.write("/workspace/out", once(b"x"))
    assert [path.name for path in machine.marker.parent.iterdir()] == ["marker"]
    assert machine.marker.read_bytes() == SECRET
    assert b"root:" in await collect(room.read("/etc/passwd"))


async def test_a25_a_sandbox_reaches_neither_anothers_files_nor_the_layer_below(runtime: Runtime) -> None:
    digest = runtime.name()
    maker = await runtime.sandboxes.create(runtime.spec(runtime.name()))
    await run(maker, "sh", "-c", "mkdir -p /opt/tool && echo whole >/opt/tool/file")
    await runtime.sandboxes.seal(maker.id, digest)
    async with runtime.room(layers=(digest,)) as one, runtime.room(layers=(digest,)) as two:
        await one.write("/workspace/secret", once(b"of the first"))
        await run(one, "sh", "-c", "rm -rf /opt/tool; mkdir /opt/tool; echo broken >/opt/tool/file")
        # every path that mounts name, from inside: none of them leads anywhere
        seek = "tr ' ,:=' '\\n' </proc/self/mountinfo | grep '^/.*\\(upper\\|diff\\|lower\\|work\\)' | xargs -r ls -d"
        assert (await run(two, "sh", "-c", seek)).text == ""
        assert (await run(two, "cat", "/opt/tool/file")).text == "whole\n"
        assert (await run(two, "ls", "/workspace")).text == ""
    async with runtime.room(layers=(digest,)) as three:
        assert (await run(three, "cat", "/opt/tool/file")).text == "whole\n"
    assert await runtime.sandboxes.drop_layer(ORGANIZATION, digest)


def names(capabilities: Capabilities, limit: str) -> bool:
    """Whether a limit that this machine cannot enforce is told."""
    return any(limit in told.lower() for told in capabilities.missing)
