"""The egress process: supervisors attach sandboxes over its unix socket, and their listeners are served."""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Final

import msgspec
import structlog

from antechamber.adapters.egress.attached import Attached
from antechamber.adapters.egress.authority import Certificates
from antechamber.adapters.egress.channel import Channel, ChannelClosed
from antechamber.adapters.egress.configuration import EgressConfiguration, Taken
from antechamber.adapters.egress.dialling import Resolve
from antechamber.adapters.egress.gate import Gate, Turnstile
from antechamber.adapters.egress.journal import Journal
from antechamber.adapters.egress.log import sweep
from antechamber.adapters.egress.messages import Answer, Attach, Request, to_policy
from antechamber.adapters.egress.policy import EgressPolicy
from antechamber.adapters.egress.rules import read_operator_rules
from antechamber.base.clock import MICROSECONDS, Clock, SystemClock
from antechamber.client.guard import resolve_name

_MODE: Final = 0o600
_DAY_SECONDS: Final = 86_400
_PIECE: Final = 64 * 1024
_log = structlog.get_logger("egress")


class EgressServer:
    """Serves the sandboxes of one Antechamber server."""

    def __init__(
        self, configuration: EgressConfiguration, *, clock: Clock | None = None, resolve: Resolve = resolve_name
    ) -> None:
        """Nothing is opened yet; ValueError, OSError where the configuration cannot be used."""
        self._socket = configuration.socket
        self._log_folder = Path(configuration.log_folder)
        self._clock = clock or SystemClock()
        self._resolve = resolve
        self._rules = read_operator_rules(configuration, resolve)
        self._attached: dict[str, Attached] = {}
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen for supervisors, for the owner alone."""
        path = self._socket
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108 - as bind takes it
        listener = socket.socket(socket.AF_UNIX)
        # before it has a name: nobody may open it in the moment between bind and chmod
        os.fchmod(listener.fileno(), _MODE)
        listener.bind(path)
        listener.listen()
        listener.setblocking(False)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept)
        self._keep(asyncio.create_task(self._sweep()))

    async def stop(self) -> None:
        """Close everything."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._socket)  # noqa: PTH108 - the same
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def adopt(self, configuration: EgressConfiguration) -> None:
        """Serve by another configuration what is attached from now on; ValueError, OSError, which change nothing.

        What is attached keeps what it has, but reaches nothing any more that is blocked now. Socket and folder stay.
        """
        self._rules = read_operator_rules(configuration, self._resolve)
        for attached in self._attached.values():
            attached.block(self._rules.hosts, self._rules.networks)

    def _accept(self) -> None:
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            self._keep(asyncio.create_task(self._serve(Channel(connection))))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sweep(self) -> None:
        """Remove old logs, each day."""
        while True:
            before = self._clock.now() - self._rules.configuration.log_days * _DAY_SECONDS * MICROSECONDS
            await asyncio.to_thread(sweep, self._log_folder, set(self._attached), before)
            await asyncio.sleep(_DAY_SECONDS)

    async def _serve(self, channel: Channel) -> None:
        """Serve one supervisor; what it attached ends with it."""
        its: set[str] = set()
        try:
            while True:
                request: Request = msgspec.json.decode(await channel.receive(), type=Request)
                await channel.send(msgspec.json.encode(await self._answer(channel, request, its)))
        except ChannelClosed:
            pass
        except msgspec.DecodeError as error:
            _log.error("a supervisor speaks otherwise", error=str(error))
        finally:
            channel.close()
            for sandbox_id in its:
                await self._detach(sandbox_id)

    async def _answer(self, channel: Channel, request: Request, its: set[str]) -> Answer:
        if not isinstance(request, Attach):
            its.discard(request.sandbox_id)
            await self._detach(request.sandbox_id)
            return Answer(request.number)
        sockets = [socket.socket(fileno=each) for each in channel.take_descriptors(len(request.listeners))]
        await self._detach(request.sandbox_id)
        try:
            attached = Attached(
                self._gate(request), self._turnstile(), list(zip(request.listeners, sockets, strict=True))
            )
        except (ValueError, TypeError, OSError) as error:
            for each in sockets:
                each.close()
            return Answer(request.number, f"its policy cannot be served: {error}")
        attached.start()
        self._attached[request.sandbox_id] = attached
        its.add(request.sandbox_id)
        return Answer(request.number)

    async def _detach(self, sandbox_id: str) -> None:
        attached = self._attached.pop(sandbox_id, None)
        if attached is not None:
            await attached.stop()

    def _gate(self, request: Attach) -> Gate:
        policy = to_policy(request.policy)
        certificates = Certificates(request.authority) if request.authority is not None else None
        rules = self._rules
        return Gate(
            EgressPolicy(policy, rules.addresses, rules.control_plane, rules.hosts),
            Journal(self._log_folder, request.sandbox_id, self._clock, rules.configuration.log_bytes),
            rules.dialler,
            certificates,
        )

    def _turnstile(self) -> Turnstile:
        configuration = self._rules.configuration
        return Turnstile(configuration.most_connections, configuration.connections_per_second, self._clock)


class _Orders:
    """What the parent says after the first line: other configurations, a line each, until its end."""

    def __init__(self, server: EgressServer, parent: int, answers: int, ended: asyncio.Event) -> None:
        self._server = server
        self._parent = parent
        self._answers = answers
        self._ended = ended
        self._begun = b""

    def read(self) -> None:
        """Read what has come, and answer each line with a `Taken`."""
        piece = os.read(self._parent, _PIECE)
        if not piece:
            self._ended.set()
            return
        *lines, self._begun = (self._begun + piece).split(b"\n")
        for line in lines:
            # who does not read any more has gone, which the end of the input says
            with contextlib.suppress(OSError):
                os.write(self._answers, msgspec.json.encode(self._take(line)) + b"\n")

    def _take(self, line: bytes) -> Taken:
        try:
            self._server.adopt(msgspec.json.decode(line, type=EgressConfiguration))
        except (ValueError, OSError) as error:
            return Taken(str(error))
        _log.info("egress configuration taken up")
        return Taken()


async def run(configuration: EgressConfiguration, parent: int, answers: int) -> None:
    """Serve until a signal comes or `parent`, a descriptor, reads its end; lines there are answered on `answers`."""
    server = EgressServer(configuration)
    await server.start()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(parent, _Orders(server, parent, answers, ended).read)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(parent)
        await server.stop()
