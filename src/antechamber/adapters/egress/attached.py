"""The listeners of one sandbox, served until it is detached."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Coroutine, Sequence
from ipaddress import IPv4Address
from typing import Any, Final

import structlog

from antechamber.adapters.egress.gate import Gate, Turnstile
from antechamber.adapters.egress.messages import Listener
from antechamber.adapters.egress.names import RANGE
from antechamber.adapters.egress.policy import Denied
from antechamber.adapters.egress.proxying import serve_proxy
from antechamber.adapters.egress.resolving import serve_names
from antechamber.adapters.egress.stream import Stream
from antechamber.adapters.egress.transparent import serve_address

_AT_ONCE: Final = 64
_ORIGINAL_DESTINATION: Final = 80  # SO_ORIGINAL_DST of linux/netfilter_ipv4.h
_IPV4_ADDRESS: Final = struct.Struct("!2xH4s8x")
_log = structlog.get_logger("egress")


class Attached:
    """One sandbox."""

    def __init__(self, gate: Gate, turnstile: Turnstile, listeners: Sequence[tuple[Listener, socket.socket]]) -> None:
        """Take over its listeners; nothing is served yet."""
        self._gate = gate
        self._turnstile = turnstile
        self._listeners = listeners
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Serve."""
        loop = asyncio.get_running_loop()
        for listener, opened in self._listeners:
            opened.setblocking(False)
            if listener.kind == "dns":
                loop.add_reader(opened, serve_names, self._gate, opened, self._spawn)
            else:
                loop.add_reader(opened, self._accept, listener, opened)

    def block(self, hosts: Sequence[str], networks: Sequence[str]) -> None:
        """Refuse connections to these hosts and networks, too; those that are open go on."""
        self._gate.policy.block(hosts, networks)

    async def stop(self) -> None:
        """Close the listeners, cut all connections, close the log."""
        loop = asyncio.get_running_loop()
        for _, opened in self._listeners:
            loop.remove_reader(opened)
            opened.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._gate.journal.close()

    def _accept(self, listener: Listener, opened: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = opened.accept()
            except OSError:
                return
            stream = Stream(connection)
            if not self._turnstile.admits(len(self._tasks)):
                denied = Denied("too_many_connections", "This sandbox has or opens too many connections.")
                self._gate.journal.deny("tcp", "", listener.port, denied)
                stream.abort()
                continue
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve(listener, stream))

    async def _serve(self, listener: Listener, stream: Stream) -> None:
        try:
            await self._by_kind(listener, stream)
        except (OSError, EOFError, TimeoutError):
            stream.abort()
        except Exception:  # noqa: BLE001 - whatever a sandbox sends must end its own connection only
            _log.exception("connection failed")
            stream.abort()
        finally:
            stream.close()

    async def _by_kind(self, listener: Listener, stream: Stream) -> None:
        if listener.kind == "proxy":
            await serve_proxy(self._gate, stream)
            return
        if listener.kind == "any":
            port, packed = _IPV4_ADDRESS.unpack(
                stream.socket.getsockopt(socket.SOL_IP, _ORIGINAL_DESTINATION, _IPV4_ADDRESS.size)
            )
            address = IPv4Address(packed)
        else:
            shown, port = stream.socket.getsockname()
            address = IPv4Address(shown)
        if address in RANGE and self._gate.names.name_of(address) is None:
            denied = Denied("direct_address", f"{address}:{port} is no address of a name that was looked up here.")
            self._gate.deny("tcp", address, port, denied)
            stream.abort()
            return
        await serve_address(self._gate, stream, address, port)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
