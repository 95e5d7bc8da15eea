"""Metrics for Prometheus: what the shell sees of every request, and gauges that others register."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from antechamber.base.clock import Clock
from antechamber.http.context import Context

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_DATA_PLANE: Final = frozenset({"/v1/messages", "/v1/messages/count_tokens", "/v1/complete", "/v1/chat/completions"})


class _Requests(Collector):
    """Plain counts, made into families only when Prometheus asks: a request pays for three additions."""

    def __init__(self) -> None:
        self.ended: dict[tuple[str, int], int] = {}
        self.seconds: dict[str, tuple[list[int], float]] = {}
        self.tokens = {"input": 0, "output": 0}

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        ended = CounterMetricFamily("antechamber_requests", "Requests that ended", labels=["route", "status"])
        for (route, status), count in self.ended.items():
            ended.add_metric([route, str(status)], count)
        yield ended
        seconds = HistogramMetricFamily("antechamber_request_seconds", "How long requests took", labels=["route"])
        for route, (counts, total) in self.seconds.items():
            seconds.add_metric([route], _cumulative(counts), total)
        yield seconds
        tokens = CounterMetricFamily("antechamber_tokens", "Tokens of model requests", labels=["direction"])
        for direction, count in self.tokens.items():
            tokens.add_metric([direction], count)
        yield tokens


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, map(float, _BUCKETS)), "+Inf"], counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets


class Metrics:
    """The registry of one server; labels never carry anything that a caller wrote."""

    def __init__(self, clock: Clock) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._requests = _Requests()
        self.registry.register(self._requests)

    def observe(self, context: Context) -> None:
        """Count a request that has ended."""
        requests = self._requests
        route = context.path if context.path in _DATA_PLANE else "other"
        key = (route, context.status)
        requests.ended[key] = requests.ended.get(key, 0) + 1
        taken = self._clock.monotonic() - context.started
        counts, total = requests.seconds.get(route) or ([0] * (len(_BUCKETS) + 1), 0.0)
        counts[bisect_left(_BUCKETS, taken)] += 1
        requests.seconds[route] = (counts, total + taken)
        if context.input_tokens:
            requests.tokens["input"] += context.input_tokens
        if context.output_tokens:
            requests.tokens["output"] += context.output_tokens

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Register a value that is read when Prometheus asks."""
        Gauge(f"antechamber_{name}", help_text, registry=self.registry).set_function(read)

    def expose(self) -> tuple[bytes, str]:
        """Return the text for Prometheus and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
