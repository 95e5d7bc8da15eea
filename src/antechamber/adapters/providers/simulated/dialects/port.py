"""What the server needs of a dialect."""

from collections.abc import Iterator
from typing import Final, Protocol

from antechamber.adapters.providers.simulated.answer import Answer, Ask, Frame
from antechamber.adapters.providers.simulated.playback import Item
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.adapters.providers.simulated.signing import ThinkingSeal

COMMENT: Final = b": simulated comment\n\n"
PING: Final = b'event: ping\ndata: {"type": "ping"}\n\n'
LATE_SECONDS: Final = 0.25
"""How long `usage=late` keeps the usage back."""


class Dialect(Protocol):
    """One wire shape. `error` makes the body of a refusal, `error_frame` the event of one inside a stream."""

    def read(self, body: bytes, headers: dict[str, str], seal: ThinkingSeal) -> Ask:
        """Read a request; Refused says what is wrong with it."""
        ...

    def whole(self, answer: Answer, scenario: Scenario) -> bytes:
        """Write an answer that is not streamed."""
        ...

    def frames(self, answer: Answer, scenario: Scenario) -> Iterator[Item]:
        """Write an answer as events."""
        ...

    def error(self, status: int, kind: str, message: str, request_id: str) -> bytes:
        """Write the body of an error."""
        ...

    def error_frame(self, kind: str, message: str, request_id: str) -> bytes:
        """Write an error as an event."""
        ...


def interludes(ping: bytes, pings: int, comments: int) -> Iterator[tuple[Frame, ...]]:
    """Yield what goes before each event with text, as long as pings or comments are left."""
    for number in range(max(pings, comments)):
        frames = [(ping, 0)] if number < pings else []
        if number < comments:
            frames.append((COMMENT, 0))
        yield tuple(frames)
