"""Many streams at once: is an event held back, how evenly do they come, what does a stream weigh?

The upstream writes the time into each event (`stamping_upstream.py`), on the clock that the client reads as well: their
difference is the time from the upstream's write to the client's read. The gap is that between two events of a stream as
the client reads them. Streams begin evenly spread; only what comes while all are open counts. Rounds alternate: direct,
ours, nginx; added is the median round less the median direct one.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import Stamped, message, run, stamped_streams
from bench.readings import Figure, Report, options, percentile, resident_bytes
from bench.servers import Target, trio

RATE = 20
SPREAD_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    """Milliseconds, but for the memory (kB per stream at its highest)."""

    delays: Sequence[float]
    gaps: Sequence[float]
    kilobytes: float


async def measure(target: Target, count: int, seconds: float) -> Round:
    """Open `count` streams and watch them for `seconds` after the last has begun."""
    events = int(RATE * (SPREAD_SECONDS + seconds + 1))
    request = message(target.key, f"[events={events} rate={RATE}]", stream=True)
    before = highest = resident_bytes(target.pid)
    reading = asyncio.ensure_future(stamped_streams(target.port, request, count, spread=SPREAD_SECONDS))
    await asyncio.sleep(SPREAD_SECONDS)
    while not reading.done():
        await asyncio.wait({reading}, timeout=1.0)
        highest = max(highest, resident_bytes(target.pid))
    return Round(*_steady(await reading, seconds), (highest - before) / count / 1024)


def _steady(streams: Sequence[Stamped], seconds: float) -> tuple[list[float], list[float]]:
    begin = max(stream.events[0][0] for stream in streams)
    end = begin + seconds * 1e9
    delays, gaps = [], []
    for stream in streams:
        last = None
        for at, delay in stream.events:
            if begin <= at <= end:
                delays.append(delay / 1e6)
                if last is not None:
                    gaps.append((at - last) / 1e6)
            last = at
    return delays, gaps


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    rounds, seconds = (1, 3.0) if chosen.quick else (3, 6.0)
    with trio(stamping=True) as servers:
        for target in servers.all:
            run(measure(target, 20, 0.5))
        for _ in range(rounds):
            for count in (500, 100):
                for target in servers.all:
                    got = run(measure(target, count, seconds))
                    name = f"{target.name}, {count} streams"
                    report.note(f"{name}, delay p50", percentile(got.delays, 0.5), "ms")
                    report.note(f"{name}, delay p99", percentile(got.delays, 0.99), "ms")
                    report.note(f"{name}, gap p99", percentile(got.gaps, 0.99), "ms")
                    report.note(f"{name}, memory", got.kilobytes, "kB")
    _added(report, 500, "gap p99", "added inter-event gap p99, 500 streams", 20)
    _added(report, 100, "delay p99", "added write-to-read time p99, 100 streams", 5)
    _added(report, 100, "delay p50", "added write-to-read time p50, 100 streams", None)
    _added(report, 500, "delay p99", "added write-to-read time p99, 500 streams", None)
    # the first round weighs most: later ones find the memory of the first
    ours, peer = (max(report.rounds(f"{name}, 500 streams, memory")) for name in ("ours", "nginx"))
    report.add(Figure("memory per stream, 500 streams", "kB", ours, peer, target=60))
    report.print()


def _added(report: Report, count: int, what: str, title: str, target: float | None) -> None:
    direct = report.median(f"direct, {count} streams, {what}")
    ours, peer = (report.median(f"{name}, {count} streams, {what}") - direct for name in ("ours", "nginx"))
    report.add(Figure(title, "ms", ours, peer, target=target, relative=False))


if __name__ == "__main__":
    main()
