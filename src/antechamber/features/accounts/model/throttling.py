"""How guesses are slowed down: pure rules over what is counted of an account, an address, and both together."""

from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from antechamber.base.clock import MICROSECONDS

_WINDOW: Final = 86_400 * MICROSECONDS
_KNOWN: Final = 90 * 86_400 * MICROSECONDS
_IPV6_NETWORK: Final = 64
_MOST_DOUBLINGS: Final = 32


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is counted of one subject; times in microseconds.

    `failures` counts attempts that did not succeed, also those under way; `open_at` is when the next is let through,
    `known_until` how long an address counts as one from which its person has logged in.
    """

    failures: int = 0
    last_at: int = 0
    open_at: int = 0
    known_until: int = 0

    def forget_at(self) -> int:
        """Return when nothing of it matters any more."""
        return max(self.last_at + _WINDOW, self.known_until)

    def wait_seconds(self, now: int) -> int:
        """Return how long the next attempt has to wait, rounded up."""
        return max(0, -(-(self.open_at - now) // MICROSECONDS))


@dataclass(frozen=True, slots=True)
class ThrottleRules:
    """How many failures are free of delay; each further one doubles it, from a second up to `longest_seconds`.

    The delay of an account is capped and does not hold addresses from which its person has logged in: nobody can lock
    a known person out for good. A day without attempts forgets what was counted.
    """

    account_failures: int = 10
    pair_failures: int = 5
    address_failures: int = 100
    longest_seconds: int = 900

    def begin(self, attempts: Attempts, free: int, now: int) -> Attempts:
        """Return the count with an attempt that begins now, counted as a failure until it succeeds."""
        failures = 1 if now >= attempts.last_at + _WINDOW else attempts.failures + 1
        delay = self.delay_seconds(failures, free) * MICROSECONDS
        return replace(attempts, failures=failures, last_at=now, open_at=now + delay)

    def take_back(self, attempts: Attempts) -> Attempts:
        """Return the count without one attempt, which succeeded."""
        return replace(attempts, failures=max(attempts.failures - 1, 0), open_at=0)

    def succeed(self, attempts: Attempts, now: int) -> Attempts:
        """Return the count of an account at an address from which its person has just logged in."""
        return replace(attempts, failures=0, open_at=0, known_until=now + _KNOWN)

    def delay_seconds(self, failures: int, free: int) -> int:
        """Return how long nobody may try again after so many failures."""
        if failures < free:
            return 0
        return int(min(2 ** min(failures - free, _MOST_DOUBLINGS), self.longest_seconds))


def network_of(address: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 network of an IPv6 one (RFC 6177)."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        # a zone, as in fe80::1%eth0, is no part of a network
        return str(ip_network((int(found), _IPV6_NETWORK), strict=False))
    return str(found)
