"""The guard against server-side request forgery: how the server fetches an address that somebody else has chosen.

Only https on port 443, only names of the public DNS, and only if all that such a name resolves to is public; what was
checked is what is connected to, so that a name cannot change its mind (DNS rebinding). Redirects are not followed. The
operator names the origins that may be private, and where it is of use those that need not be encrypted.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import SplitResult, urlsplit

from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundOptions
from antechamber.client.direct import DirectOutbound

Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]

_HTTPS: Final = 443
_PORTS: Final = {"http": 80, "https": _HTTPS}
_LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST_NAME: Final = 253
_LONGEST_URL: Final = 2048
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
# RFC 6052 §2.1: what a NAT64 gateway makes of an IPv4 address
_NAT64: Final = IPv6Network("64:ff9b::/96")
# IANA's special-purpose ranges that older releases of `ipaddress` take for public: RFC 6890, RFC 8215, RFC 9637
_SPECIAL: Final = tuple(
    ip_network(each)
    for each in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16")
)
_TRIES: Final = 3


class GuardReason(StrEnum):
    """Why an address was not fetched; the first three can be mended only by another address."""

    URL = "url"
    NAME = "name"
    PRIVATE = "private_address"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    TLS = "tls"
    TOO_LARGE = "too_large"
    UNREACHABLE = "unreachable"


class GuardRefusal(Exception):
    """The address may not be fetched, or did not answer as it must; `note` tells nothing of what came back.

    `status` is that of a redirect.
    """

    def __init__(self, reason: GuardReason, note: str, status: int | None = None) -> None:
        super().__init__(f"{reason}: {note}")
        self.reason = reason
        self.note = note
        self.status = status


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """How much and how long: `longest_body` in bytes; `total_seconds` for all, `silent_seconds` of no answer."""

    longest_body: int = 1 << 20
    total_seconds: float = 10.0
    silent_seconds: float = 5.0


class Fetched(NamedTuple):
    """A whole answer; headers in order, names in lower case."""

    status: int
    headers: Headers
    body: bytes


class _Target(NamedTuple):
    host: str
    port: int
    is_private_allowed: bool


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name as the system knows them; OSError if there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Fetches strangers' addresses; one belongs to a server, keeps no connection and may be used by many at once."""

    def __init__(
        self,
        private_origins: Iterable[str] = (),
        *,
        plain: bool = False,
        limits: GuardLimits | None = None,
        open_outbound: Callable[[OutboundOptions], Outbound] = DirectOutbound,
        resolve: Resolve = resolve_name,
    ) -> None:
        """`private_origins` (`https://10.0.0.1:8443`) may be private, IP literals and on other ports; ValueError.

        With `plain` they may be `http://` as well; whoever is not among them never.
        """
        self._plain = plain
        self._private = frozenset(read_origin(origin, plain=plain) for origin in private_origins)
        self._limits = limits or GuardLimits()
        self._open = open_outbound
        self._resolve = resolve

    def check(self, url: str) -> None:
        """Say by GuardRefusal that an address can never be fetched; nothing is resolved or sent."""
        self._target(url)

    async def check_name(self, url: str) -> None:
        """Say by GuardRefusal that an address can't be fetched now, because of what its name resolves to."""
        await self._addresses(self._target(url))

    async def fetch(
        self, method: str, url: str, headers: Headers = (), body: bytes | None = None, *, ca_pem: str | None = None
    ) -> Fetched:
        """Send a request and return its whole answer, whatever its status but a redirect; GuardRefusal otherwise.

        `ca_pem` holds the authorities that are believed for it, in place of the system's.
        """
        target = self._target(url)
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                addresses = await self._addresses(target)
                return await self._try(addresses, method, url, headers, body, ca_pem)
        except TimeoutError:
            note = f"{target.host} took more than {self._limits.total_seconds:g} s"
            raise GuardRefusal(GuardReason.TIMEOUT, note) from None

    async def _try(
        self,
        addresses: Sequence[str],
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        ca_pem: str | None,
    ) -> Fetched:
        for address in addresses[:-1]:
            try:
                return await self._ask(address, method, url, headers, body, ca_pem)
            except OutboundError as error:
                if error.kind != "refused":
                    raise _refusal(error) from error
        try:
            return await self._ask(addresses[-1], method, url, headers, body, ca_pem)
        except OutboundError as error:
            raise _refusal(error) from error

    async def _ask(
        self, address: str, method: str, url: str, headers: Headers, body: bytes | None, ca_pem: str | None
    ) -> Fetched:
        seconds = self._limits.silent_seconds
        options = OutboundOptions(connect_seconds=seconds, read_seconds=seconds, ca_pem=ca_pem, address=address)
        try:
            outbound = self._open(options)
        except (ssl.SSLError, OSError, ValueError) as error:
            note = "the given certificates cannot be read"
            raise GuardRefusal(GuardReason.TLS, note) from error
        try:
            answer = await outbound.send(method, url, headers, body)
            if answer.status // 100 == 3:  # noqa: PLR2004 - the class of redirections (RFC 9110 §15.4)
                note = f"status {answer.status}; redirects are not followed"
                raise GuardRefusal(GuardReason.REDIRECT, note, answer.status)
            pieces, size = [], 0
            while (piece := await answer.chunk()) is not None:
                size += len(piece)
                if size > self._limits.longest_body:
                    note = f"more than {self._limits.longest_body} bytes"
                    raise GuardRefusal(GuardReason.TOO_LARGE, note)
                pieces.append(piece)
            return Fetched(answer.status, answer.headers, b"".join(pieces))
        finally:
            await outbound.close()

    async def _addresses(self, target: _Target) -> Sequence[str]:
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            note = f"{target.host} does not resolve"
            raise GuardRefusal(GuardReason.UNREACHABLE, note) from error
        if not found:
            note = f"{target.host} does not resolve"
            raise GuardRefusal(GuardReason.UNREACHABLE, note)
        if not target.is_private_allowed and not all(is_public(ip_address(each)) for each in found):
            # which address it was is not said: a caller must not map a network by names
            note = f"{target.host} does not resolve to public addresses only"
            raise GuardRefusal(GuardReason.PRIVATE, note)
        return tuple(found[:_TRIES])

    def _target(self, url: str) -> _Target:
        parts = _split(url, plain=self._plain)
        scheme, host, port = _origin(parts)
        if (scheme, host, port) in self._private:
            return _Target(host, port, is_private_allowed=True)
        if scheme != "https":
            note = "must be an https address"
            raise GuardRefusal(GuardReason.URL, note)
        if port != _HTTPS:
            note = "must use port 443"
            raise GuardRefusal(GuardReason.URL, note)
        _check_name(host)
        return _Target(host, port, is_private_allowed=False)


def check_certificates(ca_pem: str) -> None:
    """Say by GuardRefusal that a bundle holds no certificates that can be read."""
    try:
        ssl.create_default_context(cadata=ca_pem or "-")
    except (ssl.SSLError, ValueError) as error:
        note = "must hold PEM certificates"
        raise GuardRefusal(GuardReason.TLS, note) from error


def read_origin(origin: str, *, plain: bool = False) -> tuple[str, str, int]:
    """Return scheme, host and port of an `https://host[:port]`, with `plain` also `http://`; ValueError otherwise."""
    try:
        parts = _split(origin, plain=plain)
    except GuardRefusal as refusal:
        message = f"{origin}: {refusal.note}"
        raise ValueError(message) from None
    if parts.path not in {"", "/"} or parts.query or not parts.hostname:
        message = f"{origin}: must be as https://host or https://host:port"
        raise ValueError(message)
    return _origin(parts)


def is_public(address: Address) -> bool:
    """Say whether an address is one of the public Internet, whatever form it is wrapped in (RFC 6890)."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.scope_id is not None or address.is_site_local:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").lower(), port


def _split(url: str, *, plain: bool) -> SplitResult:
    if len(url) > _LONGEST_URL or not _PRINTABLE.fullmatch(url) or "\\" in url:
        note = "must be an https address of printable ASCII characters"
        raise GuardRefusal(GuardReason.URL, note)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        note = "must be an https address"
        raise GuardRefusal(GuardReason.URL, note) from None
    if parts.scheme not in (_PORTS if plain else ("https",)) or not parts.hostname or port == 0:
        note = "must be an https address"
        raise GuardRefusal(GuardReason.URL, note)
    if "@" in parts.netloc or "#" in url:
        note = "must have no user name and no fragment"
        raise GuardRefusal(GuardReason.URL, note)
    return parts


def _check_name(host: str) -> None:
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        note = "must name a host of the public DNS, not an IP address"
        raise GuardRefusal(GuardReason.NAME, note)
    labels = host.split(".")
    # a last label of digits is an IPv4 address to many a resolver, in one of its old spellings (WHATWG URL §3.5)
    is_name = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1][:1].isdigit()
    if not is_name or len(host) > _LONGEST_NAME:
        note = "must name a host of the public DNS"
        raise GuardRefusal(GuardReason.NAME, note)


_REASONS: Final = {
    "refused": GuardReason.UNREACHABLE,
    "reset": GuardReason.UNREACHABLE,
    "timeout": GuardReason.TIMEOUT,
    "tls": GuardReason.TLS,
}


def _refusal(error: OutboundError) -> GuardRefusal:
    return GuardRefusal(_REASONS.get(error.kind, GuardReason.PROTOCOL), error.note)
