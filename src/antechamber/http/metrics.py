"""Metrics for Prometheus: what the shell sees of every request, and gauges that others register."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from antechamber.base.clock import Clock
from antechamber.http.context import Context

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_DATA_PLANE: Final = frozenset({"/v1/messages", "/v1/messages/count_tokens", "/v1/complete", "/v1/chat/completions"})


@dataclass(slots=True)
class Counts:
    """Plain counts, so that a request pays for three additions.

    `ended` by route and status; `seconds` by route: how many up to each of BOUNDS and above, and the sum; `gauges`:
    name, what it is, and how to read it.
    """

    ended: dict[tuple[str, int], int] = field(default_factory=dict)
    seconds: dict[str, tuple[list[int], float]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=lambda: {"input": 0, "output": 0})
    gauges: list[tuple[str, str, Callable[[], float]]] = field(default_factory=list)


class Metrics:
    """The counts of one server; labels never carry anything that a caller wrote."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts = Counts()

    def observe(self, context: Context) -> None:
        """Count a request that has ended."""
        counts = self._counts
        route = context.path if context.path in _DATA_PLANE else "other"
        key = (route, context.status)
        counts.ended[key] = counts.ended.get(key, 0) + 1
        taken = self._clock.monotonic() - context.started
        within, total = counts.seconds.get(route) or ([0] * (len(BOUNDS) + 1), 0.0)
        within[bisect_left(BOUNDS, taken)] += 1
        counts.seconds[route] = (within, total + taken)
        if context.input_tokens:
            counts.tokens["input"] += context.input_tokens
        if context.output_tokens:
            counts.tokens["output"] += context.output_tokens

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Register a value that is read when Prometheus asks."""
        self._counts.gauges.append((f"antechamber_{name}", help_text, read))

    def expose(self) -> tuple[bytes, str]:
        """Return the text for Prometheus and its content type."""
        # the library is loaded by the first who asks
        from antechamber.http import exposition  # noqa: PLC0415 - see above

        return exposition.expose(self._counts)

    def listen(self, host: str, port: int) -> None:
        """Answer Prometheus at an address of its own, in a thread; OSError, OverflowError."""
        from antechamber.http import exposition  # noqa: PLC0415 - as above

        exposition.listen(self._counts, host, port)
