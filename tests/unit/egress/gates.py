"""A sandbox's way out without a sandbox: its listeners are on this machine's loopback."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from antechamber.adapters.egress.addresses import read_rules
from antechamber.adapters.egress.attached import Attached
from antechamber.adapters.egress.authority import Certificates, make_authority
from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.adapters.egress.dialling import Dialler, UpstreamProxy
from antechamber.adapters.egress.gate import Gate, Turnstile
from antechamber.adapters.egress.hosts import Host
from antechamber.adapters.egress.journal import Journal
from antechamber.adapters.egress.log import log_file
from antechamber.adapters.egress.messages import Authority, Listener
from antechamber.adapters.egress.policy import EgressPolicy
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy

LOOPBACK = (PrivateNetwork("127.0.0.0/8"),)


Talk = Callable[[socket.socket], bytes]


class Out:
    """A served gate: `proxy` is the port of its proxy; `log` what was decided."""

    def __init__(self, gate: Gate, folder: Path, authority: Authority | None) -> None:
        self.gate = gate
        self.authority = authority
        self._folder = folder
        self.ports: dict[str, int] = {}

    @property
    def proxy(self) -> int:
        return self.ports["proxy"]

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in log_file(self._folder, "sandbox").read_text().splitlines()]

    async def logged(self, **wanted: object) -> dict[str, Any]:
        """Wait for a line of the log that holds all of this."""
        async with asyncio.timeout(20):
            while True:
                for line in self.log:
                    if all(line.get(name) == value for name, value in wanted.items()):
                        return line
                await asyncio.sleep(0.01)

    async def ask(self, request: bytes) -> bytes:
        """Send bytes to the proxy and return all that comes back."""

        def work() -> bytes:
            try:
                with socket.create_connection(("127.0.0.1", self.proxy), timeout=30) as connection:
                    connection.sendall(request)
                    return read_all(connection)
            except ConnectionError:  # cut while it was made or written to
                return b""

        return await asyncio.to_thread(work)

    async def connect(self, authority: str, then: Talk | None = None) -> bytes:
        """Return the head of the answer to CONNECT, or what `then` returns of the connection that it opened."""

        def work() -> bytes:
            with socket.create_connection(("127.0.0.1", self.proxy), timeout=30) as connection:
                connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
                head = b""
                while not head.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
                    head += byte
                if then is None:
                    return head
                assert head.startswith(b"HTTP/1.1 200"), head
                return then(connection)

        return await asyncio.to_thread(work)

    async def fetch(self, host: str, port: int, pem: str, *, path: str = "/", sni: str | None = None) -> bytes:
        """Return the answer of an https:// address; ssl.SSLError."""
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        return await self.connect(f"{host}:{port}", secured(pem, sni or host, request))


def secured(pem: str, name: str, request: str) -> Talk:
    """Speak TLS, send a request and return all that comes back."""
    context = ssl.create_default_context(cadata=pem)

    def talk(connection: socket.socket) -> bytes:
        with context.wrap_socket(connection, server_hostname=name) as inner:
            inner.sendall(f"{request}Connection: close\r\n\r\n".encode())
            return read_all(inner)

    return talk


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the end, or until the connection is cut."""
    pieces = []
    try:
        while data := connection.recv(1 << 20):
            pieces.append(data)
    except ConnectionError:
        pass
    return b"".join(pieces)


@contextlib.asynccontextmanager
async def way_out(
    folder: Path,
    allowed: Sequence[HostRule] = (),
    *,
    policy: NetworkPolicy | None = None,
    names: Mapping[str, str] | None = None,
    private: Sequence[PrivateNetwork] = LOOPBACK,
    control_plane: Sequence[tuple[Host, int]] = (),
    proxy: UpstreamProxy | None = None,
    pem: str | None = None,
    most: int = 512,
    per_second: int = 10_000,
    web: Sequence[tuple[str, int]] = (),
) -> AsyncIterator[Out]:
    """Serve one; `names` is the DNS of the host, `web` are addresses that programs aim at."""

    async def resolve(name: str, _: int) -> Sequence[str]:
        if names is None or name not in names:
            raise OSError
        return names[name].split()

    policy = policy or NetworkPolicy(NetworkMode.LIMITED, tuple(allowed))
    authority = make_authority("sandbox") if policy.injections else None
    context = ssl.create_default_context(cadata=pem) if pem else ssl.create_default_context()
    gate = Gate(
        EgressPolicy(policy, read_rules(private, ()), control_plane),
        Journal(folder, "sandbox", SystemClock(), 1 << 24),
        Dialler(context, proxy, (), resolve),
        Certificates(authority) if authority else None,
    )
    out = Out(gate, folder, authority)
    listeners = [(Listener("proxy", 3128), _listen("127.0.0.1", 0)), (Listener("dns", 53), _names())]
    listeners += [(Listener("web", port), _listen(address, port)) for address, port in web]
    out.ports = {listener.kind: opened.getsockname()[1] for listener, opened in reversed(listeners)}
    attached = Attached(gate, Turnstile(most, per_second, SystemClock()), listeners)
    attached.start()
    try:
        yield out
    finally:
        await attached.stop()


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.bind((address, port))
    listener.listen(128)
    return listener


def _names() -> socket.socket:
    names = socket.socket(type=socket.SOCK_DGRAM)
    names.setsockopt(socket.IPPROTO_IP, 8, 1)
    names.bind(("127.0.0.1", 0))
    return names
