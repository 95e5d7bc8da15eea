"""Sandboxes over a socket behave as those on its other side."""

import asyncio
import errno
import gc
import os
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.memory import MemorySandboxes
from antechamber.adapters.sandboxes.remote import RemoteSandboxes, SandboxServer
from antechamber.adapters.sandboxes.remote.frames import WINDOW, Connection, connect
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import (
    Command,
    ExitStatus,
    HostRule,
    Injection,
    NetworkMode,
    NetworkPolicy,
    SandboxError,
    SandboxGone,
    SandboxInfo,
    SandboxSpec,
)
from antechamber.features.environments.ports.sandboxes import Process, Sandbox

SPEC = SandboxSpec("sesn_1", "org", environment={"PATH": "/bin"}, labels={"session": "1"})
LONG = 20


class Recording(MemorySandboxes):
    """Remembers what it was asked, and fails where told to."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.specs: list[SandboxSpec] = []
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def create(self, spec: SandboxSpec) -> Sandbox:
        self.specs.append(spec)
        await self.gate.wait()
        return await super().create(spec)

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        if self.failure is not None:
            raise self.failure
        return await super().listing(labels)


class Both:
    """The two sides, in one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.real = Recording()
        self.server = SandboxServer(self.real)
        self.open: list[Connection] = []
        self.remote = RemoteSandboxes(self._connect)

    async def _connect(self) -> Connection:
        connection = await connect(self.path)
        self.open.append(connection)
        return connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path that is longer than a socket's address can be."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    return deep / "sandboxd.sock"


@pytest.fixture
async def both(path: Path) -> AsyncIterator[Both]:
    made = Both(path)
    await made.server.start(made.path)
    yield made
    await made.server.close()
    await made.real.close()


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def given(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def run(sandbox: Sandbox, *argv: str, seconds: float = 0) -> tuple[bytes, bytes, ExitStatus]:
    process = await sandbox.execute(Command(argv, timeout_seconds=seconds))
    out, errors = await asyncio.gather(collect(process.stdout), collect(process.stderr))
    return out, errors, await process.wait()


async def test_only_its_owner_may_open_the_socket(both: Both) -> None:
    assert stat.S_IMODE(both.path.stat().st_mode) == 0o600


async def test_a_spec_arrives_whole(both: Both) -> None:
    policy = NetworkPolicy(
        NetworkMode.LIMITED,
        (HostRule("*.example.com", "allowed_hosts", (443, 8443)),),
        ("10.0.0.0/8",),
        (Injection("api.example.com", "x-api-key", "value"),),
    )
    spec = SandboxSpec(
        "sesn_2", "org", "full", network=policy, files={"/etc/x": bytes(range(256))}, labels={"a": "b"}, restore="s"
    )
    sandbox = await both.remote.create(spec)
    assert sandbox.id == "sesn_2"
    assert both.real.specs == [spec]


async def test_a_program_streams_out_and_ends_with_its_code(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    assert await run(sandbox, "echo", "a", "b") == (b"a b\n", b"", ExitStatus(0))
    assert await run(sandbox, "warn", "c") == (b"", b"c\n", ExitStatus(0))
    assert await run(sandbox, "exit", "7") == (b"", b"", ExitStatus(7))
    assert (await run(sandbox, "absent"))[2] == ExitStatus(127)


async def test_input_of_ten_megabytes_comes_back(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    content = os.urandom(10 << 20)
    process = await sandbox.execute(Command(("cat",)))

    async def give() -> None:
        await process.write(content)
        await process.close_input()

    _, out = await asyncio.gather(give(), collect(process.stdout))
    assert out == content
    assert await process.wait() == ExitStatus(0)


async def test_what_nobody_reads_is_not_sent_beyond_the_window(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process = await sandbox.execute(Command(("yes",)))
    first = await anext(process.stdout)
    await asyncio.sleep(0.2)
    held = process._channel._streams  # type: ignore[attr-defined]
    waiting = sum(map(len, next(iter(held.values()))._queue))
    assert first.startswith(b"y\n")
    assert waiting <= WINDOW + len(first)
    await process.signal(9)
    assert (await process.wait()).signal == 9


async def test_one_stream_unread_does_not_hold_the_other(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    flood = await sandbox.execute(Command(("yes",)))
    assert await collect((await sandbox.execute(Command(("echo", "x")))).stdout) == b"x\n"
    assert await collect((await sandbox.execute(Command(("warn", "x")))).stderr) == b"x\n"
    await flood.signal(15)
    assert await flood.wait() == ExitStatus(143, 15)


async def test_a_deadline_is_told(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    assert (await run(sandbox, "sleep", "infinity", seconds=0.05))[2] == ExitStatus(137, 9, timed_out=True)


async def test_input_for_a_program_that_has_ended_is_a_broken_pipe(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process = await sandbox.execute(Command(("true",)))
    await process.wait()
    with pytest.raises(BrokenPipeError):
        await process.write(b"x")
    await process.close_input()
    await process.resize(10, 20)
    await process.signal(15)


async def test_a_program_hears_a_signal_while_its_input_waits(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process = await sandbox.execute(Command(("sleep", "infinity")))
    writing = asyncio.ensure_future(process.write(bytes(1 << 20)))
    await asyncio.sleep(0)
    await process.signal(9)
    assert (await process.wait()).signal == 9
    with pytest.raises(BrokenPipeError):
        await writing


async def test_both_streams_may_be_read_again_after_their_end(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process = await sandbox.execute(Command(("echo", "x")))
    assert await collect(process.stdout) == b"x\n"
    assert await collect(process.stdout) == b""


async def test_a_program_that_nobody_holds_is_killed(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process: Process | None = await sandbox.execute(Command(("sleep", "infinity")))
    real = await both.real.find(SPEC.id)
    running = real._programs[0]._running  # type: ignore[union-attr]
    assert not running.done()
    process = None
    gc.collect()
    assert process is None
    await until(running.done)


async def test_a_file_is_written_read_and_listed(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    content = os.urandom(3_000_000)
    await sandbox.write("/workspace/a", given(content[:1_000_000], b"", content[1_000_000:]))
    assert await collect(sandbox.read("/workspace/a")) == content
    assert await collect(sandbox.read("/workspace/a", offset=5, limit=3)) == content[5:8]
    assert [(entry.name, entry.size) for entry in await sandbox.listing("/workspace")] == [("a", 3_000_000)]
    assert (await sandbox.stats()).disk_bytes == 3_000_000


async def test_a_read_that_is_given_up_ends_the_connection(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    await sandbox.write("/workspace/a", given(bytes(8 << 20)))
    reading = sandbox.read("/workspace/a")
    await anext(aiter(reading))
    await reading.aclose()  # type: ignore[attr-defined]
    await until(lambda: not both.server._serving)


async def test_a_source_that_breaks_writes_nothing(both: Both) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        message = "the source broke"
        raise RuntimeError(message)

    sandbox = await both.remote.create(SPEC)
    with pytest.raises(RuntimeError, match="the source broke"):
        await sandbox.write("/workspace/a", broken())
    with pytest.raises(FileNotFoundError):
        await collect(sandbox.read("/workspace/a"))


async def test_a_write_that_is_refused_stops_a_source_that_goes_on(both: Both) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(65536)

    sandbox = await both.remote.create(SPEC)
    await sandbox.write("/workspace/a", given(b"file"))
    async with asyncio.timeout(LONG):
        with pytest.raises(NotADirectoryError):
            await sandbox.write("/workspace/a/b", endless())


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (SandboxError("no base"), SandboxError, "no base"),
        (SandboxGone("gone"), SandboxGone, "gone"),
        (FileNotFoundError("/x"), FileNotFoundError, "/x"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), OSError, "No space left"),
        (PermissionError(errno.EACCES, "Permission denied"), PermissionError, "Permission"),
        (TimeoutError("too long"), TimeoutError, "too long"),
        (ValueError("bad"), ValueError, "bad"),
    ],
)
async def test_a_failure_arrives_as_what_it_was(
    both: Both, failure: Exception, kind: type[Exception], words: str
) -> None:
    both.real.failure = failure
    with pytest.raises(kind, match=words) as raised:
        await both.remote.listing()
    assert type(raised.value) is kind
    assert getattr(raised.value, "errno", None) in {getattr(failure, "errno", None), errno.ENOENT}


async def test_an_unforeseen_failure_keeps_its_text_to_the_log(both: Both) -> None:
    both.real.failure = KeyError("a secret")
    with pytest.raises(SandboxError, match=r"failed at it \(KeyError\)") as raised:
        await both.remote.listing()
    assert "secret" not in str(raised.value)


async def test_a_sandbox_that_does_not_run_is_gone(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    assert await both.remote.find(SPEC.id) is not None
    await sandbox.stop()
    assert await both.remote.find(SPEC.id) is None
    assert [info.state for info in await both.remote.listing({"session": "1"})] == ["stopped"]
    assert await both.remote.listing({"session": "2"}) == []
    with pytest.raises(SandboxGone):
        await sandbox.execute(Command(("true",)))
    with pytest.raises(SandboxGone):
        await collect(sandbox.read("/x"))
    with pytest.raises(SandboxGone):
        await sandbox.write("/x", given(b"x"))


async def test_layers_and_snapshots_pass(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    await sandbox.write("/workspace/a", given(b"layer"))
    name = await sandbox.snapshot()
    layer = await both.remote.seal(SPEC.id, "sha256:1")
    assert await both.remote.layers("org") == [layer]
    second = await both.remote.create(SandboxSpec("sesn_2", "org", layers=("sha256:1",)))
    assert await collect(second.read("/workspace/a")) == b"layer"
    assert not await both.remote.drop_layer("org", "sha256:1")
    await second.destroy()
    await both.remote.remove("sesn_2")
    assert await both.remote.drop_layer("org", "sha256:1")
    third = await both.remote.create(SandboxSpec("sesn_3", "org", restore=name))
    assert await collect(third.read("/workspace/a")) == b"layer"
    assert [base.name for base in await both.remote.bases()] == ["host"]
    assert (await both.remote.capabilities()).isolation == "none"


async def test_a_caller_that_leaves_does_not_stop_a_start(both: Both) -> None:
    both.real.gate.clear()
    creating = asyncio.ensure_future(both.remote.create(SPEC))
    await until(lambda: both.real.specs)
    creating.cancel()
    await asyncio.gather(creating, return_exceptions=True)
    both.real.gate.set()
    await until(lambda: both.real._kept)
    assert await both.remote.find(SPEC.id) is not None


async def test_a_supervisor_that_goes_takes_programs_with_it(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    process = await sandbox.execute(Command(("sleep", "infinity")))
    for connection in both.open:
        connection._writer.transport.abort()
    with pytest.raises(SandboxGone, match="went away"):
        await process.wait()
    with pytest.raises(SandboxGone, match="went away"):
        await collect(process.stdout)
    with pytest.raises(BrokenPipeError):
        await process.write(b"x")


async def test_a_server_that_closes_ends_the_calls_that_wait(both: Both) -> None:
    both.real.gate.clear()
    creating = asyncio.ensure_future(both.remote.create(SPEC))
    await until(lambda: both.real.specs)
    await both.server.close()
    with pytest.raises(SandboxGone, match="went away"):
        await creating


async def test_five_hundred_programs_at_once_each_get_their_own_words(both: Both) -> None:
    sandbox = await both.remote.create(SPEC)
    ended = await asyncio.gather(*(run(sandbox, "echo", str(number)) for number in range(500)))
    assert [out for out, _, _ in ended] == [f"{number}\n".encode() for number in range(500)]
