"""Which addresses a sandbox may be taken to: the public ones (client/guard.py), and what the operator adds."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
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
# RFC 6052 §2.1
_NAT64: Final = IPv6Network("64:ff9b::/96")


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
        return replace(self, blocked=tuple(dict.fromkeys((*self.blocked, *more))))

    def refusal(self, address: Address, name: str | None) -> str | None:
        """Return why an address that a name stands for (None: it was given itself) is not dialled, or None."""
        plain = unwrap(address)
        inner = _translated(plain)
        if _lies_in(plain, self.blocked) or _lies_in(inner, self.blocked):
            return "blocked_network"
        if name is not None and self._excepted(plain, name):
            return None
        if not is_public(plain) or _lies_in(plain, _WAYS_IN) or _lies_in(inner, _WAYS_IN):
            return "private_address"
        return "own_address" if is_own(plain) or is_own(inner) else None

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


def _translated(address: Address) -> Address:
    """Return the IPv4 address that a NAT64 gateway makes of an address, or the address."""
    if isinstance(address, IPv6Address) and address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _lies_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == each.version and address in each for each in networks)


def is_own(address: Address) -> bool:
    """Say whether an address is one of this machine: only such can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
