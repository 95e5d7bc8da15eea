"""The addresses that names have inside a sandbox: made up, from 198.18.0.0/15 (RFC 2544), and its own."""

import hashlib
from collections import OrderedDict
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from antechamber.adapters.egress.hosts import Address

RANGE: Final = IPv4Network("198.18.0.0/15")
_FIRST: Final = int(RANGE.network_address) + 256  # those before are kept for the resolver
_COUNT: Final = RANGE.num_addresses - 256 - 1
_MOST: Final = 4096


class Names:
    """Which name each made-up address stands for.

    An address follows from its name, so that what a program inside remembers holds when the proxy starts anew. Of more
    than `most` names those unused the longest are forgotten.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._addresses: OrderedDict[str, IPv4Address] = OrderedDict()
        self._names: dict[IPv4Address, str] = {}

    def address_of(self, name: str) -> IPv4Address:
        """Return a name's address, made up if it has none."""
        if (known := self._addresses.get(name)) is not None:
            self._addresses.move_to_end(name)
            return known
        if len(self._addresses) >= self._most:
            _, forgotten = self._addresses.popitem(last=False)
            del self._names[forgotten]
        offset = int.from_bytes(hashlib.blake2s(name.encode(), digest_size=8).digest()) % _COUNT
        while (made := IPv4Address(_FIRST + offset)) in self._names:
            offset = (offset + 1) % _COUNT
        self._addresses[name] = made
        self._names[made] = name
        return made

    def name_of(self, address: Address) -> str | None:
        """Return the name that an address was made up for."""
        return self._names.get(address) if isinstance(address, IPv4Address) else None

    def knows(self, name: str) -> bool:
        """Say whether a name has an address."""
        return name in self._addresses
