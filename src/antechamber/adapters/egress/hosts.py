"""Names of hosts: how they are read, and which patterns match them."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Host: TypeAlias = str | IPv4Address | IPv6Address

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_NAME: Final = 253
_LARGEST_PORT: Final = 65535
_PORT: Final = re.compile(r"[0-9]{1,5}")


def read_host(text: str) -> Host:
    """Return a name in lower case without a trailing dot, or an address; ValueError for anything between the two.

    A last label of digits that is no IPv4 address is one to many a resolver, in an old spelling (`127.1`, `0x7f.1`).
    """
    name = text.strip().lower()
    if name.startswith("[") and name.endswith("]"):
        return IPv6Address(name[1:-1])
    if ":" in name:
        return _unscoped(IPv6Address(name))
    name = name.removesuffix(".")
    labels = name.split(".")
    if labels[-1][:1].isdigit():
        return IPv4Address(name)
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        message = f"{text[:80]!r} is no name of a host"
        raise ValueError(message)
    return name


def read_authority(text: str, default_port: int | None = None) -> tuple[Host, int]:
    """Return host and port of `host[:port]`; ValueError, also without a port where none is assumed."""
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]") or ("]" not in host and ":" in host):
        host, port = text, ""
    if not port and default_port is not None:
        return read_host(host), default_port
    if not _PORT.fullmatch(port) or not 0 < int(port) <= _LARGEST_PORT:
        message = f"{text[:80]!r} has no port"
        raise ValueError(message)
    return read_host(host), int(port)


def matches(pattern: str, name: str) -> bool:
    """Say whether a name is the pattern's, or with `*.suffix` a name at any depth below the suffix, never itself."""
    lowered = pattern.lower().removesuffix(".")
    if lowered.startswith("*."):
        return name.endswith(lowered[1:]) and len(name) > len(lowered) - 1
    return name == lowered


def first_match(patterns: Iterable[str], name: str) -> str | None:
    """Return the first pattern that matches."""
    return next((pattern for pattern in patterns if matches(pattern, name)), None)


def show_host(host: Host) -> str:
    """Return a host as it stands in an authority."""
    return f"[{host}]" if isinstance(host, IPv6Address) else str(host)


def is_address(text: str) -> bool:
    """Say whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _unscoped(address: IPv6Address) -> IPv6Address:
    if address.scope_id is not None:
        message = f"{address} has a scope"
        raise ValueError(message)
    return address
