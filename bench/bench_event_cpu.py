"""CPU per streamed event, ours beside nginx `proxy_pass` with buffering off: paced, and as fast as it goes.

Paced is 100 streams of 20 events/s; then most events travel alone. Unpaced is 8 streams at a time, whose events come
as the upstream wrote them together. What a stream costs besides its events (the request, the key, the ledger) is shared
among them. Rounds alternate: ours, nginx, ours, nginx …
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import message, run, streams
from bench.readings import Figure, Report, cpu_seconds, options
from bench.servers import Target, bare, trio

RATE = 20
SETTLE_SECONDS = 0.5


def used(target: Target, prompt: str, count: int, *, spread: float, times: int = 1) -> float:
    """Return microseconds on CPU per event of `times` times `count` concurrent streams."""
    request = message(target.key, prompt, stream=True)
    before = cpu_seconds(target.pid)
    events = sum(run(streams(target.port, request, count, spread=spread)) for _ in range(times))
    time.sleep(SETTLE_SECONDS)
    return (cpu_seconds(target.pid) - before) / events * 1e6


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    rounds, seconds, times = (2, 3, 5) if chosen.quick else (5, 8, 20)
    pace = f"[sim events={RATE * seconds} events_per_second={RATE}]"
    burst = "[sim events=500]"
    with trio() as servers, bare(servers) as stack:
        targets = (*servers.proxies, stack)
        for target in targets:
            used(target, burst, 8, spread=0)
        for _ in range(rounds):
            for target in targets:
                report.note(f"{target.name}, paced", used(target, pace, 100, spread=1.0), "us")
            for target in servers.proxies:
                report.note(f"{target.name}, unpaced", used(target, burst, 8, spread=0, times=times), "us")
    ours, peer = report.median("ours, paced"), report.median("nginx, paced")
    report.add(Figure("CPU per event, 100 streams of 20/s", "us", ours, peer, target=30, ratio_target=3))
    stack_peer = report.median("bare stack, paced")
    report.add(Figure("the same beside the bare stack", "us", ours, stack_peer, peer_name="bare stack"))
    ours, peer = report.median("ours, unpaced"), report.median("nginx, unpaced")
    report.add(Figure("CPU per event, unpaced", "us", ours, peer, target=30))
    report.print()


if __name__ == "__main__":
    main()
