"""Which addresses a sandbox may be taken to: the public ones (client/guard.py), and what the operator adds."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, TypeAlias

from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.adapters.egress.hosts import Address, matches
from antechamber.client.guard import is_public

Network: TypeAlias = IPv4Network | IPv6Network

# public by the registry of special addresses, and yet ways into other networks: RFC 7526, RFC 8215, RFC 4380
_WAYS_IN: Final[tuple[Network, ...]] = (
    IPv4Network("192.88.99.0/24"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2001::/32"),
    IPv6Network("2002::/16"),
)


@dataclass(frozen=True, slots=True)
class PrivateAllowed:
    """A network that is not public and may be reached by name; `host` None: by every name that is allowed."""

    network: Network
    host: str | None


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What holds for all sandboxes of a server."""

    exceptions: tuple[PrivateAllowed, ...] = ()
    blocked: tuple[Network, ...] = ()

    def block(self, networks: Iterable[str]) -> "AddressRules":
        """Return these with more networks blocked."""
        more = tuple(ip_network(each, strict=False) for each in networks)
        return replace(self, blocked=(*self.blocked, *more))

    def refusal(self, address: Address, name: str | None) -> str | None:
        """Return why an address that a name stands for (None: it was given itself) is not dialled, or None."""
        plain = unwrap(address)
        if any(plain.version == each.version and plain in each for each in self.blocked):
            return "blocked_network"
        if name is not None and self._excepted(plain, name):
            return None
        if not is_public(plain) or any(plain.version == each.version and plain in each for each in _WAYS_IN):
            return "private_address"
        return "own_address" if is_own(plain) else None

    def _excepted(self, address: Address, name: str) -> bool:
        return any(
            address.version == each.network.version
            and address in each.network
            and (each.host is None or matches(each.host, name))
            for each in self.exceptions
        )


def read_rules(private: Sequence[PrivateNetwork], blocked: Iterable[str]) -> AddressRules:
    """Read them; ValueError names what is no network."""
    return AddressRules(
        tuple(PrivateAllowed(ip_network(each.network, strict=False), each.host) for each in private),
        tuple(ip_network(each, strict=False) for each in blocked),
    )


def unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv4-mapped one is: the kernel dials that one."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_own(address: Address) -> bool:
    """Say whether an address is one of this machine: only such can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
