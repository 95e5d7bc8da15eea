"""What ends a supervisor ends all that it runs, and what sandboxes wrote outlives it; as root and as a user."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from antechamber.adapters.sandboxes.configuration import Answer, Refused
from antechamber.features.environments.model.sandbox import Command, SandboxError, SandboxGone, SandboxSpec
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.sandboxes.running import ORGANIZATION, collect, once, run
from tests.sandboxing import KINDS, LAUNCHER, Station, alive, end, family, make_user, needed, station

# each starts servers or supervisors more than once
pytestmark = [pytest.mark.sandbox, pytest.mark.long, pytest.mark.timeout(300)]

SECONDS = 120


@pytest.fixture(params=KINDS)
def alone(request: pytest.FixtureRequest) -> Iterator[Station]:
    """A supervisor that a test may end."""
    with station(request.param) as made:
        yield made


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest) -> Iterator[Station]:
    """Another, that every test leaves running."""
    with station(request.param) as made:
        yield made


def spec(sandbox_id: str, **parts: str) -> SandboxSpec:
    return SandboxSpec(sandbox_id, ORGANIZATION, **parts)  # type: ignore[arg-type]


async def all_gone(processes: dict[int, str]) -> None:
    async with asyncio.timeout(SECONDS):
        while left := alive(processes):  # noqa: ASYNC110 - see below
            await asyncio.sleep(0.05)  # the kernel tells nobody of processes that are not one's own
    assert left == []


def host_mounts(of: Station) -> list[str]:
    return [line for line in Path("/proc/mounts").read_text().splitlines() if str(of.folder) in line]


async def busy(alone: Station, sandbox_id: str = "sesn_1") -> Sandbox:
    """Start a sandbox with a file written and a family of programs running."""
    sandbox = await alone.sandboxes.create(spec(sandbox_id))
    await sandbox.write("/workspace/kept", once(b"kept " + sandbox_id.encode()))
    told = await run(sandbox, "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 & echo ok")
    assert told.out == b"ok\n"
    return sandbox


async def read(sandbox: Sandbox, path: str) -> bytes:
    return await collect(sandbox.read(path))


def ready(alone: Station) -> int:
    assert alone.ready is not None
    return alone.ready.pid


async def test_a_killed_supervisor_leaves_no_process_and_every_upper_layer(alone: Station) -> None:
    await busy(alone, "sesn_1")
    sandbox = await busy(alone, "sesn_2")
    program = await sandbox.execute(Command(("sleep", "1000")))
    processes = family(ready(alone))
    assert len(processes) > 5
    alone.kill()
    await all_gone(processes)
    with pytest.raises(SandboxGone):
        await program.wait()
    assert host_mounts(alone) == []

    alone.start()
    assert await alone.sandboxes.find("sesn_1") is None
    listed = await alone.sandboxes.listing()
    assert sorted((info.id, info.state) for info in listed) == [("sesn_1", "stopped"), ("sesn_2", "stopped")]
    for sandbox_id in ("sesn_1", "sesn_2"):
        again = await alone.sandboxes.create(spec(sandbox_id))
        assert await read(again, "/workspace/kept") == b"kept " + sandbox_id.encode()
        await again.destroy()
    assert await alone.sandboxes.listing() == []
    assert alone.stop() == 0
    assert alone.control_groups() == []


async def test_groups_of_a_killed_supervisor_whose_folder_is_gone_go_at_the_next_start_of_any() -> None:
    with station("oci-root") as lost:
        await busy(lost)
        processes = family(ready(lost))
        lost.kill()
        await all_gone(processes)
        groups = lost.control_groups()
        assert groups
        # a folder of the same number would be taken for the same one
        lost.data.rename(lost.folder / "elsewhere")
        with station("oci-root") as running:
            sandbox = await busy(running)
            assert not any(path.exists() for path in groups)
            with station("oci-root"):
                pass
            assert (await run(sandbox, "echo", "alive")).text == "alive\n"
            assert running.control_groups()
        (lost.folder / "elsewhere").rename(lost.data)


async def test_whoever_kills_the_process_outside_kills_the_one_inside(alone: Station) -> None:
    await busy(alone)
    processes = family(ready(alone))
    alone.kill_outer()
    await all_gone(processes)


async def test_the_end_of_its_input_ends_everything_in_order(alone: Station) -> None:
    await busy(alone)
    processes = family(ready(alone))
    assert alone.stop() == 0
    await all_gone(processes)
    assert host_mounts(alone) == []
    assert alone.control_groups() == []
    assert not list((alone.data / "sessions").glob("*/merged/*"))
    with pytest.raises((SandboxError, OSError)):
        await alone.sandboxes.listing()
    alone.start()
    again = await alone.sandboxes.create(spec("sesn_1"))
    assert await read(again, "/workspace/kept") == b"kept sesn_1"


async def test_a_second_supervisor_waits_for_the_first_of_a_folder(alone: Station) -> None:
    await busy(alone)
    first = alone._supervisor
    assert first is not None
    alone.launch()
    await asyncio.sleep(0.5)
    assert first.poll() is None
    os.kill(ready(alone), signal.SIGTERM)
    await asyncio.to_thread(alone.await_ready)
    assert end(first) == 0
    again = await alone.sandboxes.create(spec("sesn_1"))
    assert await read(again, "/workspace/kept") == b"kept sesn_1"


async def test_a_new_egress_proxy_serves_sandboxes_that_run_already(shared: Station) -> None:
    sandbox = await busy(shared, "busy")
    shared.kill_egress()
    shared.start_egress()
    assert (await run(sandbox, "true")).status.code == 0
    await sandbox.destroy()


def test_it_has_processes_and_mounts_of_its_own(shared: Station) -> None:
    pid = ready(shared)
    own, machine = (Path(f"/proc/{each}/ns/mnt").readlink() for each in (pid, "self"))
    assert own != machine
    assert Path(f"/proc/{pid}/ns/pid").readlink() != Path("/proc/self/ns/pid").readlink()
    assert host_mounts(shared) == []


def test_only_its_owner_may_call_it(shared: Station) -> None:
    assert shared.socket.stat().st_mode & 0o777 == 0o600
    assert (shared.data / "run" / "egress.sock").stat().st_mode & 0o777 == 0o600


async def test_a_snapshot_keeps_what_was_removed_replaced_and_owned(shared: Station) -> None:
    sandbox = await shared.sandboxes.create(spec("first"))
    made = await run(
        sandbox,
        "sh",
        "-c",
        "set -e; rm /etc/shells; rm -r /etc/alternatives; mkdir /etc/alternatives; echo x >/etc/alternatives/only;"
        "mkdir -p /workspace/deep/er; head -c 3000000 /dev/urandom >/workspace/deep/er/random;"
        "ln /workspace/deep/er/random /workspace/second; ln -s /etc/passwd /workspace/link; mkfifo /workspace/pipe;"
        "echo y >/workspace/owned; chown 33:44 /workspace/owned; chmod 6750 /workspace/owned;"
        "sha256sum /workspace/deep/er/random",
    )
    assert made.status.code == 0, made.err
    name = await sandbox.snapshot()
    await sandbox.destroy()

    again = await shared.sandboxes.create(spec("second", restore=name))
    seen = await run(
        again,
        "sh",
        "-c",
        "ls /etc/shells /etc/alternatives; stat -c '%u %g %a %h' /workspace/owned /workspace/second;"
        "readlink /workspace/link; test -p /workspace/pipe && echo pipe; sha256sum /workspace/deep/er/random",
    )
    lines = seen.text.splitlines()
    assert b"/etc/shells" in seen.err
    assert lines[:2] == ["/etc/alternatives:", "only"]
    assert lines[2:6] == ["33 44 6750 1", "0 0 644 2", "/etc/passwd", "pipe"]
    assert lines[6] == made.text.strip()
    assert await read(again, "/workspace/owned") == b"y\n"


async def test_a_snapshot_of_a_name_that_is_none_is_refused(shared: Station) -> None:
    with pytest.raises(SandboxError, match="no snapshot"):
        await shared.sandboxes.create(spec("third", restore="snapshots/absent.tar.zst"))
    assert await shared.sandboxes.find("third") is None


async def test_a_link_that_is_swapped_in_does_not_lead_a_snapshot_out(shared: Station) -> None:
    secret = shared.folder / "secret"
    secret.mkdir()
    (secret / "file").write_text("of the machine")
    sandbox = await shared.sandboxes.create(spec("swapping"))
    swapping = await sandbox.execute(
        Command(
            (
                "sh",
                "-c",
                f"cd /workspace; while :; do mkdir a; touch a/file; rm -r a; ln -s {secret} a; rm a; done 2>/dev/null",
            )
        )
    )
    for number in range(5):
        name = await sandbox.snapshot()
        again = await shared.sandboxes.create(spec(f"copy_{number}", restore=name))
        found = await run(again, "sh", "-c", "cat /workspace/a/file 2>/dev/null")
        assert b"of the machine" not in found.out
        await again.destroy()
    await swapping.signal(9)
    await swapping.wait()


def test_a_supervisor_without_its_runtime_says_which_package_has_it() -> None:
    with pytest.raises(AssertionError, match="apt-get install runsc"), station("oci-root", runtime="runsc"):
        pass


def test_a_user_without_a_range_of_ids_is_told_the_command_that_gives_one() -> None:
    with pytest.raises(AssertionError, match="usermod --add-subuids"), station("oci-rootless", user="nobody"):
        pass


# a machine that allows no user namespaces, as far as whatever is started in it can tell
FORBIDDEN = 'read -r _ && sh -c "echo 0 >/proc/sys/user/max_user_namespaces" && exec "$@"'


def test_a_machine_without_user_namespaces_is_refused_with_the_setting_that_forbids_them(tmp_path: Path) -> None:
    user = make_user().pw_name
    made = Station(user=user)
    launched = [sys.executable, str(LAUNCHER), user, ":".join(needed())]
    supervisor = [*launched, sys.executable, "-P", "-m", "antechamber.adapters.sandboxes"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--user", "sh", "-c", FORBIDDEN, "sh", *supervisor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={"PATH": os.environ["PATH"]},
        )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        own = Path("/proc/self/ns/user").readlink()
        deadline = time.monotonic() + SECONDS
        while Path(f"/proc/{process.pid}/ns/user").readlink() == own:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{name}").write_text("0 0 4294967295\n")
        process.stdin.write(b"\n" + made.line + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, (tmp_path / "log").read_text()
        refused = msgspec.json.decode(line, type=Answer)
        assert isinstance(refused, Refused)
        assert "user namespaces are not allowed here" in refused.reason
        assert "sysctl user.max_user_namespaces" in refused.reason
        assert process.wait(SECONDS) == 1
    finally:
        process.kill()
        end(process)
        made.remove()
