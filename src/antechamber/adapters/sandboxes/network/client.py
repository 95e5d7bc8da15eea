"""Gives a sandbox its network: listeners inside its namespace, handed to the egress proxy with the policy.

Lives in the supervisor of the sandboxes. It keeps each sandbox's listeners, so that a proxy that was started anew gets
them again: a sandbox sees no more of that than cut connections.
"""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from antechamber.adapters.egress.authority import make_authority
from antechamber.adapters.egress.channel import Channel, ChannelClosed
from antechamber.adapters.egress.messages import (
    Answer,
    Attach,
    Authority,
    Detach,
    Listener,
    Request,
    of_policy,
)
from antechamber.adapters.sandboxes.network.doors import Doors
from antechamber.adapters.sandboxes.network.entering import EnteringError, Entrance
from antechamber.adapters.sandboxes.network.inside import PROXY_PORT, Preparation, prepare
from antechamber.features.environments.model.sandbox import NetworkMode, NetworkPolicy, SandboxError

ANY_PORT: Final = 3129
_WEB: Final = frozenset({80, 443})
_MOST_PORTS: Final = 64
_PATIENCE_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.2
_log = structlog.get_logger("network")


class NetworkError(SandboxError):
    """A sandbox cannot have the network of its policy on this machine; the message says why."""


@dataclass(slots=True)
class _Attached:
    """What has to be said of a sandbox to a proxy that does not know it yet."""

    policy: NetworkPolicy
    listeners: tuple[Listener, ...]
    sockets: Sequence[socket.socket]
    authority: Authority | None


def lacking() -> tuple[str, ...]:
    """Return what this machine cannot give sandboxes of their network, and why."""
    if shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin"):
        return ()
    return ("unrestricted networks: there is no program nft (Debian's package nftables)",)


def _close(opened: Iterable[tuple[Listener, socket.socket]]) -> None:
    for _, each in opened:
        each.close()


class EgressClient:
    """The network of all sandboxes of one supervisor."""

    def __init__(self, socket_path: Path, *, nft: str = "nft") -> None:
        """`socket_path` is where the egress proxy listens; `nft` the program for sandboxes of unrestricted network."""
        self._path = socket_path
        self._nft = nft
        self._entrance = Entrance()
        self._attached: dict[str, _Attached] = {}
        self._authorities: dict[str, Authority] = {}
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._last = 0
        self._channel: Channel | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the helper, in the namespaces of the caller, and keep in touch with the proxy from now on."""
        await self._entrance.start()
        if self._task is None:
            self._task = asyncio.create_task(self._keep_connected())

    async def stop(self) -> None:
        """End the helper, and let go of all listeners."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._entrance.stop()
        for sandbox_id in list(self._attached):
            self._let_go(sandbox_id)

    def prepare(self, sandbox_id: str, policy: NetworkPolicy) -> Preparation:
        """Return files and variables for a sandbox that is about to be made."""
        if not policy.injections:
            return prepare(policy, None)
        authority = make_authority(sandbox_id)
        self._authorities[sandbox_id] = authority
        return prepare(policy, authority.certificate)

    async def open(self, doors: Doors) -> None:
        """Open ahead in namespaces what nearly every sandbox has; NetworkError."""
        doors.opened = await self._listen(doors, {"names": True, "ports": [PROXY_PORT, *sorted(_WEB)]})
        doors.has_route = True

    async def attach(self, doors: Doors, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Give a sandbox its network, before its program starts; NetworkError."""
        known = list(doors.take())
        if policy.mode is NetworkMode.NONE:
            _close(known)
            await self._listen(doors, {"names": False, "alone": doors.has_route, "ports": []})
            return
        try:
            known += await self._listen(doors, self._missing(policy, [listener for listener, _ in known]))
        except BaseException:
            _close(known)
            raise
        self._let_go(sandbox_id)
        authority = self._authorities.pop(sandbox_id, None)
        listeners, sockets = zip(*known, strict=True)
        self._attached[sandbox_id] = _Attached(policy, listeners, sockets, authority)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._connected.wait()
                try:
                    await self._hand_over(sandbox_id)
                except ChannelClosed:
                    # a proxy that was started anew is handed all that is attached
                    await self._connected.wait()
        except (TimeoutError, ChannelClosed, NetworkError) as error:
            self._let_go(sandbox_id)
            message = f"the egress proxy did not take sandbox {sandbox_id}: {str(error) or 'it does not answer'}"
            raise NetworkError(message) from error

    async def detach(self, sandbox_id: str) -> None:
        """Cut a sandbox's connections and close its listeners; nothing happens if it has none."""
        self._authorities.pop(sandbox_id, None)
        if sandbox_id not in self._attached:
            return
        self._let_go(sandbox_id)
        with contextlib.suppress(ChannelClosed, NetworkError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._ask(Detach(self._number(), sandbox_id))

    def _missing(self, policy: NetworkPolicy, opened: Sequence[Listener]) -> Mapping[str, object] | None:
        """Return what has to be opened for a policy beside what is there; None: nothing."""
        wanted = _WEB | {port for rule in policy.allowed for port in rule.ports} - {PROXY_PORT, ANY_PORT}
        ports = [PROXY_PORT, *sorted(wanted)[:_MOST_PORTS]]
        is_open = policy.mode is NetworkMode.UNRESTRICTED
        more = [port for port in ports if port not in {listener.port for listener in opened}]
        if not more and not is_open:
            return None
        asked: dict[str, object] = {"names": not opened, "ports": more, "nft": self._nft}
        return asked | ({"any_port": ANY_PORT, "others": ports} if is_open else {})

    async def _listen(
        self, doors: Doors, asked: Mapping[str, object] | None
    ) -> Sequence[tuple[Listener, socket.socket]]:
        if asked is None:
            return ()
        places = {"user": doors.user, "net": doors.net, "proxy_port": PROXY_PORT}
        try:
            opened, sockets = await self._entrance.open({**places, **asked})
        except EnteringError as error:
            message = f"the network of a sandbox cannot be set up: {error}"
            raise NetworkError(message) from error
        listeners = (Listener(kind=each["kind"], port=each["port"]) for each in opened)
        return list(zip(listeners, sockets, strict=True))

    async def _hand_over(self, sandbox_id: str) -> None:
        known = self._attached[sandbox_id]
        request = Attach(self._number(), sandbox_id, of_policy(known.policy), known.listeners, known.authority)
        await self._ask(request, [each.fileno() for each in known.sockets])

    async def _ask(self, request: Request, descriptors: Sequence[int] = ()) -> None:
        channel = self._channel
        if channel is None:
            note = "it is not connected"
            raise ChannelClosed(note)
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request.number] = waiting
        try:
            await channel.send(msgspec.json.encode(request), descriptors)
            answer = await waiting
        finally:
            self._waiting.pop(request.number, None)
        if answer.error is not None:
            raise NetworkError(answer.error)

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _let_go(self, sandbox_id: str) -> None:
        known = self._attached.pop(sandbox_id, None)
        for each in known.sockets if known is not None else ():
            each.close()

    async def _keep_connected(self) -> None:
        while True:
            try:
                await self._serve(await self._connect())
            except (OSError, msgspec.DecodeError) as error:
                _log.warning("egress proxy not reached", error=str(error))
            finally:
                self._disconnected()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _connect(self) -> Channel:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, str(self._path))
        except BaseException:
            connection.close()
            raise
        return Channel(connection)

    async def _serve(self, channel: Channel) -> None:
        self._channel = channel
        again = asyncio.create_task(self._hand_over_all())
        try:
            while True:
                answer = msgspec.json.decode(await channel.receive(), type=Answer)
                waiting = self._waiting.get(answer.number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            again.cancel()

    async def _hand_over_all(self) -> None:
        for sandbox_id in list(self._attached):
            try:
                if sandbox_id in self._attached:
                    await self._hand_over(sandbox_id)
            except (ChannelClosed, NetworkError) as error:
                _log.warning("sandbox without network", sandbox_id=sandbox_id, error=str(error))
        self._connected.set()

    def _disconnected(self) -> None:
        self._connected.clear()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ChannelClosed("the egress proxy has gone"))
