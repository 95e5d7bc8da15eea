"""Counts as Prometheus reads them."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from antechamber.http.metrics import BOUNDS, Counts


class _Families(Collector):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        ended = CounterMetricFamily("antechamber_requests", "Requests that ended", labels=["route", "status"])
        for (route, status), count in self._counts.ended.items():
            ended.add_metric([route, str(status)], count)
        yield ended
        seconds = HistogramMetricFamily("antechamber_request_seconds", "How long requests took", labels=["route"])
        for route, (within, total) in self._counts.seconds.items():
            seconds.add_metric([route], _cumulative(within), total)
        yield seconds
        tokens = CounterMetricFamily("antechamber_tokens", "Tokens of model requests", labels=["direction"])
        for direction, count in self._counts.tokens.items():
            tokens.add_metric([direction], count)
        yield tokens
        for name, help_text, read in self._counts.gauges:
            yield GaugeMetricFamily(name, help_text, value=read())


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, map(float, BOUNDS)), "+Inf"], counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets


def expose(counts: Counts) -> tuple[bytes, str]:
    """Return the text for Prometheus and its content type."""
    return generate_latest(_registry(counts)), CONTENT_TYPE_LATEST


def listen(counts: Counts, host: str, port: int) -> None:
    """Answer Prometheus at an address of its own, in a thread; OSError, OverflowError."""
    start_http_server(port, host, _registry(counts))


def _registry(counts: Counts) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_Families(counts))
    return registry
