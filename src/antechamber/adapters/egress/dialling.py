"""Takes an allowed connection out: resolves the name, checks every address it stands for, dials what was checked."""

import asyncio
import base64
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from antechamber.adapters.egress.heads import end_of_head, show_authority
from antechamber.adapters.egress.hosts import Address, Host, first_match
from antechamber.adapters.egress.policy import Denied, EgressPolicy
from antechamber.adapters.egress.stream import Stream, TlsStream, TooLargeError
from antechamber.client.guard import resolve_name

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_CONNECT_SECONDS: Final = 15
_RESOLVE_SECONDS: Final = 10
_TRIES: Final = 3
_LARGEST_ANSWER: Final = 16 * 1024


class DialError(Exception):
    """The host was not reached; the message says why."""


@dataclass(frozen=True, slots=True)
class UpstreamProxy:
    """A proxy that everything goes out by; `authorization` is the value of Proxy-Authorization."""

    host: str
    port: int
    is_tls: bool
    authorization: str | None

    def __repr__(self) -> str:
        return f"UpstreamProxy({self.host}:{self.port})"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection goes: `addresses` are checked; without any, the upstream proxy is told the name."""

    host: Host
    port: int
    addresses: tuple[Address, ...]


class Dialler:
    """One for all sandboxes."""

    def __init__(
        self,
        context: ssl.SSLContext,
        proxy: UpstreamProxy | None = None,
        no_proxy: Sequence[str] = (),
        resolve: Resolve = resolve_name,
    ) -> None:
        """`context` is what a server's certificate is checked by where the proxy itself speaks TLS."""
        self.context = context
        self._proxy = proxy
        self._no_proxy = tuple(no_proxy)
        self._resolve = resolve

    def by_proxy(self, host: Host) -> bool:
        """Say whether a host is reached by the upstream proxy."""
        return self._proxy is not None and (not isinstance(host, str) or first_match(self._no_proxy, host) is None)

    async def target(self, host: Host, port: int, policy: EgressPolicy) -> Target | Denied:
        """Resolve a host and check all of its addresses; one that is not fit spoils the others."""
        if not isinstance(host, str):
            return policy.address(host, port, host) or Target(host, port, (host,))
        found = await self._look_up(host, port)
        if not found and not self.by_proxy(host):
            return Denied("unresolvable", f"{host} has no address.")
        for address in found:
            if (denied := policy.address(address, port, host)) is not None:
                return denied
        return Target(host, port, () if self.by_proxy(host) else found[:_TRIES])

    async def exists(self, name: str) -> bool:
        """Say whether a name has addresses, as far as that can be known here."""
        return self.by_proxy(name) or bool(await self._look_up(name, 0))

    async def dial(self, target: Target, seconds: float = 0) -> Stream:
        """Connect, within so many seconds if any are named; DialError."""
        seconds = seconds or _CONNECT_SECONDS
        try:
            async with asyncio.timeout(seconds):
                if self.by_proxy(target.host):
                    return await self._through_proxy(target)
                return await _connect_first(target.addresses, target.port)
        except TimeoutError:
            message = f"no connection within {seconds:g} s"
            raise DialError(message) from None

    async def secure(self, stream: Stream, name: str, seconds: float = 0) -> Stream:
        """Speak TLS as a client, checking the certificate; DialError."""
        secured = TlsStream(stream, self.context, server_name=name)
        try:
            async with asyncio.timeout(seconds or _CONNECT_SECONDS):
                await secured.handshake()
        except (OSError, EOFError, ssl.CertificateError, TimeoutError) as error:
            stream.abort()
            message = f"no TLS with {name}: {str(error) or 'it does not answer'}"
            raise DialError(message) from error
        return secured

    async def _look_up(self, name: str, port: int) -> tuple[Address, ...]:
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                return tuple(ip_address(each) for each in await self._resolve(name, port))
        except (OSError, UnicodeError, ValueError, TimeoutError):
            return ()

    async def _through_proxy(self, target: Target) -> Stream:
        proxy = self._proxy
        assert proxy is not None  # noqa: S101 - by_proxy said so
        try:
            addresses = tuple(ip_address(each) for each in await self._resolve(proxy.host, proxy.port))
        except (OSError, UnicodeError, ValueError) as error:
            message = "the upstream proxy does not resolve"
            raise DialError(message) from error
        stream = await _connect_first(addresses, proxy.port)
        if proxy.is_tls:
            stream = await self.secure(stream, proxy.host)
        try:
            await self._ask_proxy(stream, target, proxy)
        except (OSError, EOFError, TooLargeError) as error:
            stream.abort()
            message = "the upstream proxy closed the connection"
            raise DialError(message) from error
        except DialError:
            stream.abort()
            raise
        return stream

    async def _ask_proxy(self, stream: Stream, target: Target, proxy: UpstreamProxy) -> None:
        authority = show_authority(target.host, target.port)
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        await stream.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        head = await stream.read_until(end_of_head, _LARGEST_ANSWER)
        status = head.split(b" ", 2)[1:2]
        if status != [b"200"]:
            message = f"the upstream proxy answered {b''.join(status).decode('latin-1')[:20]}"
            raise DialError(message)


def read_proxy(url: str) -> UpstreamProxy:
    """Read `http[s]://[user:password@]host:port`; ValueError, which does not show it (it may carry a password)."""
    message = "must be as http://host:port or http://user:password@host:port"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError(message)
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    is_tls = parts.scheme == "https"
    return UpstreamProxy(parts.hostname, port or (443 if is_tls else 80), is_tls, authorization)


async def _connect_first(addresses: Sequence[Address], port: int) -> Stream:
    failure: OSError | None = None
    for address in addresses:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Stream(connection)
    why = os.strerror(failure.errno) if failure is not None and failure.errno else "no address"
    message = f"it cannot be connected to: {why}"
    raise DialError(message)
