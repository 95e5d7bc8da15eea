"""The two ends of a shell joined: this process's streams and a WebSocket (`features/environments/wire/shells.py`)."""

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TextIO

from antechamber.base.outbound import OutboundOptions
from antechamber.cli.managed import BETA
from antechamber.cli.paths import segment
from antechamber.cli.world import World
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import Signer
from antechamber.client.sockets import ClientConnection, ConnectionClosed, open_socket

_GET: Final = "GET"
_STDERR: Final = 2
_READ_BYTES: Final = 32 << 10
_ROWS: Final = 24
_COLUMNS: Final = 80


@dataclass(frozen=True, slots=True)
class Place:
    """Where the shell is, and as whom."""

    base_url: str
    environment_id: str
    signer: Signer
    options: OutboundOptions

    @property
    def path(self) -> str:
        """The endpoint's path."""
        return f"/v1/environments/{segment(self.environment_id)}/shell"

    @property
    def url(self) -> str:
        """The endpoint itself."""
        return self.base_url + self.path

    def cut(self, note: str) -> ServerUnreachable:
        """Return the failure of a conversation that broke off."""
        return ServerUnreachable(_GET, self.url, "reset", note)


async def attach(place: Place, world: World, program: list[str], *, tty: bool) -> int:
    """Run a program there until it ends, and return its exit code; ServerRefused, ServerUnreachable."""
    async with open_socket(place.base_url, place.path, BETA, place.signer, place.options) as socket:
        try:
            await socket.send(json.dumps(_start(world, program, tty=tty)))
            # until the container is there, Ctrl-C ends this program
            await _told(socket, place, "started")
            with _raw_terminal(world.stdin, wanted=tty), _signals(socket, world.stdout, tty=tty):
                if tty:
                    # it may have changed since the start, when nobody watched
                    await _tell(socket, {"type": "resize", **_size(world.stdout)})
                return await _carry(socket, world, place)
        except ConnectionClosed as error:
            note = "the connection was cut; the container is gone"
            raise place.cut(note) from error


def _start(world: World, program: list[str], *, tty: bool) -> dict[str, object]:
    term = world.environment.get("TERM") if tty else None
    environment = {} if term is None else {"TERM": term}
    return {"type": "start", "command": program, "tty": tty, **_size(world.stdout), "environment": environment}


def _size(stdout: TextIO) -> dict[str, int]:
    """Return the size of the terminal itself: what COLUMNS and LINES say may be old."""
    try:
        columns, rows = os.get_terminal_size(stdout.fileno())
    except (OSError, ValueError):
        columns, rows = 0, 0
    return {"rows": rows or _ROWS, "columns": columns or _COLUMNS}


async def _carry(socket: ClientConnection, world: World, place: Place) -> int:
    typing = asyncio.create_task(_type(socket, world.stdin))
    try:
        while isinstance(message := await socket.recv(), bytes):
            _write(world.stderr if message[0] == _STDERR else world.stdout, message[1:])
        return _code(_read(message, place, "exit"), world)
    finally:
        typing.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await typing


async def _told(socket: ClientConnection, place: Place, kind: str) -> None:
    _read(await socket.recv(), place, kind)


def _read(message: str | bytes, place: Place, kind: str) -> Mapping[str, Any]:
    """Return a message of a kind; ServerRefused for an error in its place."""
    told: dict[str, Any] = {} if isinstance(message, bytes) else json.loads(message)
    if told.get("type") == "error":
        raise ServerRefused.from_event(_GET, place.url, {}, str(message))
    if told.get("type") != kind:
        note = f"the server said {told.get('type')!r} where {kind!r} was to come"
        raise place.cut(note)
    return told


def _code(told: Mapping[str, Any], world: World) -> int:
    if told.get("oom"):
        world.stderr.write("the program was ended: it took more memory than a container may\n")
    if told.get("timed_out"):
        world.stderr.write("the program was ended: its time was over\n")
    return int(told["code"])


def _write(stream: TextIO, data: bytes) -> None:
    if hasattr(stream, "buffer"):
        stream.buffer.write(data)
    else:
        stream.write(data.decode("utf-8", "replace"))
    stream.flush()


async def _type(socket: ClientConnection, stdin: TextIO) -> None:
    """Send what is typed or piped in, until its end."""
    reader = _Input(stdin)
    try:
        while data := await reader.read():
            await socket.send(data)
        await socket.send(json.dumps({"type": "end_input"}))
    finally:
        reader.close()


class _Input:
    """Standard input without a thread where it can be had: a thread that reads a terminal can't be stopped."""

    def __init__(self, stdin: TextIO) -> None:
        self._loop = asyncio.get_running_loop()
        self._stdin = stdin
        self._fd = _descriptor(stdin)
        self._is_watched = self._fd is not None and _is_watchable(self._fd)

    async def read(self) -> bytes:
        """Return what has come, b"" at the end."""
        if self._fd is None:
            return self._stdin.read().encode()
        if not self._is_watched:
            # on Windows this waits
            return await asyncio.to_thread(os.read, self._fd, _READ_BYTES)
        ready = self._loop.create_future()
        self._loop.add_reader(self._fd, _resolve, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(self._fd)
        try:
            return os.read(self._fd, _READ_BYTES)
        except OSError:
            # the terminal is gone
            return b""

    def close(self) -> None:
        """Watch no more."""
        if self._is_watched and self._fd is not None:
            self._loop.remove_reader(self._fd)


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _is_watchable(fd: int) -> bool:
    """Say whether an event loop can wait for it: a file and /dev/null are always ready, and epoll refuses them."""
    mode = os.fstat(fd).st_mode
    return sys.platform != "win32" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd))


@contextmanager
def _raw_terminal(stdin: TextIO, *, wanted: bool) -> Iterator[None]:
    """Hand every key through, and put the terminal back as it was."""
    fd = _descriptor(stdin)
    if not wanted or sys.platform == "win32" or fd is None or not os.isatty(fd):
        yield
        return
    import termios  # noqa: PLC0415 - not there on Windows
    import tty  # noqa: PLC0415 - the same

    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _signals(socket: ClientConnection, stdout: TextIO, *, tty: bool) -> Iterator[None]:
    """Pass on the terminal's new sizes; without a terminal, what Ctrl-C and `kill` send here."""
    if sys.platform == "win32":
        yield
        return
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    def tell(message: dict[str, object]) -> None:
        task = loop.create_task(_tell(socket, message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def resize() -> None:
        tell({"type": "resize", **_size(stdout)})

    def pass_on(number: int) -> None:
        tell({"type": "signal", "number": number})

    numbers = (signal.SIGWINCH,) if tty else (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, *((resize,) if tty else (pass_on, int(number))))
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _tell(socket: ClientConnection, message: dict[str, object]) -> None:
    with suppress(ConnectionClosed):
        await socket.send(json.dumps(message))
