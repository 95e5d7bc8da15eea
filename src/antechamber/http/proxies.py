"""Whose request it is: the address of the caller, behind proxies that are trusted and no others."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

_LONGEST: Final = 64


class TrustedProxies:
    """The networks whose `X-Forwarded-For` is believed; ValueError when one is no address and no network."""

    def __init__(self, text: str) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [
            ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()
        ]

    def __contains__(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def caller(self, scope: Mapping[str, Any]) -> str | None:
        """Return the caller's address: the last hop that is no trusted proxy (RFC 7239 §5.2 reads the same way)."""
        client = scope.get("client")
        peer: str | None = client[0] if client else None
        if not self._networks or peer is None or peer not in self:
            return peer
        values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hops = [hop.strip()[:_LONGEST] for hop in ",".join(values).split(",") if hop.strip()]
        return next((hop for hop in reversed(hops) if hop not in self), hops[0] if hops else peer)
