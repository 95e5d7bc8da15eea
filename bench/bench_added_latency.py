"""What the way through us adds to a whole answer at 100 requests/s, beside what nginx adds.

An open loop: requests leave at random moments (the same seeded ones for each target), whether or not those before are
answered. Rounds alternate: direct, ours, nginx. Added is a round's percentile less that of the direct round before it.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import message, open_loop, run
from bench.readings import Figure, Report, options, percentile
from bench.servers import trio

RATE = 100


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    rounds, count = (3, 400) if chosen.quick else (5, 1000)
    with trio() as servers:
        for target in servers.all:
            run(open_loop(target.port, message(target.key), [1 / RATE] * 200))
        for turn in range(rounds):
            arrivals = random.Random(turn)
            pauses = [arrivals.expovariate(RATE) for _ in range(count)]
            for target in servers.all:
                took = run(open_loop(target.port, message(target.key), pauses))
                for name, share in (("p50", 0.5), ("p99", 0.99)):
                    report.note(f"{target.name}, {name}", percentile(took, share) * 1e3, "ms")
    for name, bound in (("p50", 1), ("p99", 5)):
        direct = report.rounds(f"direct, {name}")
        for target in servers.proxies:
            for through, straight in zip(report.rounds(f"{target.name}, {name}"), direct, strict=True):
                report.note(f"{target.name}, added {name}", through - straight, "ms")
        ours, peer = report.median(f"ours, added {name}"), report.median(f"nginx, added {name}")
        report.add(Figure(f"added latency {name} at 100 requests/s", "ms", ours, peer, target=bound, relative=False))
        report.add(Figure(f"  direct {name}", "ms", report.median(f"direct, {name}")))
    report.print()


if __name__ == "__main__":
    main()
