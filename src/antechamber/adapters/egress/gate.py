"""One sandbox's way out: its policy, its names, its log, and how much of it is in use."""

from dataclasses import dataclass, field
from typing import Final

from antechamber.adapters.egress.authority import Certificates
from antechamber.adapters.egress.dialling import Dialler
from antechamber.adapters.egress.hosts import Host, show_host
from antechamber.adapters.egress.journal import Journal
from antechamber.adapters.egress.names import Names
from antechamber.adapters.egress.policy import Denied, EgressPolicy
from antechamber.base.clock import Clock

HANDSHAKE_SECONDS: Final = 15
_BURSTS: Final = 2


@dataclass(slots=True)
class Gate:
    """What every connection of a sandbox is decided by."""

    policy: EgressPolicy
    journal: Journal
    dialler: Dialler
    certificates: Certificates | None = None
    names: Names = field(default_factory=Names)

    def host_of(self, host: Host) -> Host:
        """Return the name that a made-up address stands for; anything else stays what it is."""
        return host if isinstance(host, str) else self.names.name_of(host) or host

    def deny(self, kind: str, host: Host, port: int, denied: Denied) -> None:
        """Write a refusal into the log."""
        self.journal.deny(kind, show_host(host), port, denied)


class Turnstile:
    """Counts a sandbox's connections: how many at once, and how many new ones a second (twice as many in a burst)."""

    def __init__(self, most: int, per_second: int, clock: Clock) -> None:
        """Nobody is in."""
        self._most = most
        self._per_second = per_second
        self._clock = clock
        self._room = float(per_second * _BURSTS)
        self._filled_at = clock.monotonic()

    def admits(self, inside: int) -> bool:
        """Say whether one more may come in now, beside those that are inside, and count it as new."""
        now = self._clock.monotonic()
        self._room = min(self._per_second * _BURSTS, self._room + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._room < 1 or inside >= self._most:
            return False
        self._room -= 1
        return True
