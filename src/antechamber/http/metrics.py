"""Metrics for Prometheus: what the shell sees of every request, and gauges that others register."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from antechamber.base.clock import Clock
from antechamber.http.context import Context

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_DATA_PLANE: Final = frozenset({"/v1/messages", "/v1/messages/count_tokens", "/v1/complete", "/v1/chat/completions"})


class Metrics:
    """The registry of one server; labels never carry anything that a caller wrote."""

    def __init__(self, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._requests = Counter(
            "antechamber_requests", "Requests that ended", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "antechamber_request_seconds", "How long requests took", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self._tokens = Counter("antechamber_tokens", "Tokens of model requests", ["direction"], registry=self.registry)
        self._children: dict[tuple[str, int], Counter] = {}

    def observe(self, context: Context) -> None:
        """Count a request that has ended."""
        route = context.path if context.path in _DATA_PLANE else "other"
        key = (route, context.status)
        counter = self._children.get(key)
        if counter is None:
            counter = self._children[key] = self._requests.labels(route, str(context.status))
        counter.inc()
        self._seconds.labels(route).observe(self._clock.monotonic() - context.started)
        if context.input_tokens:
            self._tokens.labels("input").inc(context.input_tokens)
        if context.output_tokens:
            self._tokens.labels("output").inc(context.output_tokens)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Register a value that is read when Prometheus asks."""
        Gauge(f"antechamber_{name}", help_text, registry=self.registry).set_function(read)

    def expose(self) -> tuple[bytes, str]:
        """Return the text for Prometheus and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
