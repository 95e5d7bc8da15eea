"""What a command may touch of the world outside, handed to it so that tests hand in their own."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

from antechamber.base.chance import Chance, SystemChance
from antechamber.base.clock import Clock, SystemClock
from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.client.dotenv import load_environment
from antechamber.client.environment import Environment

_USUAL_WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class World:
    """Streams, time, randomness, variables and connections."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    clock: Clock
    chance: Chance
    sleep: Callable[[float], None]
    environment: Environment
    connect: Callable[[OutboundOptions], Outbound]

    def wants_colour(self, stream: TextIO, *, refused: bool = False) -> bool:
        """Say whether to colour what goes to a stream: --no-color, then NO_COLOR, then FORCE_COLOR, then a terminal."""
        if refused or self.environment.get("NO_COLOR"):
            return False
        forced = self.environment.get("FORCE_COLOR")
        return stream.isatty() if forced is None else forced != "0"

    def width(self) -> int:
        """Return how many columns the terminal behind stdout has; 80 where there is none."""
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or _USUAL_WIDTH
        except OSError:
            return _USUAL_WIDTH

    def read_stdin(self) -> bytes:
        """Return everything that is piped in."""
        return self.stdin.buffer.read() if hasattr(self.stdin, "buffer") else self.stdin.read().encode()

    def stdin_is_piped(self) -> bool:
        """Say whether something feeds stdin."""
        return not self.stdin.closed and not self.stdin.isatty()


def _connect(options: OutboundOptions) -> Outbound:
    from antechamber.client.transport import open_outbound  # noqa: PLC0415 - 20 ms that --help need not pay

    return open_outbound(options)


def system_world() -> World:
    """Return the process's own world."""
    return World(
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        clock=SystemClock(),
        chance=SystemChance(),
        sleep=time.sleep,
        environment=load_environment(),
        connect=_connect,
    )
