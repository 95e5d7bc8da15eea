"""CPU per proxied request, whole answers: ours with keys, limits hook and ledger on, beside nginx `proxy_pass`.

Eight connections ask one request after another, round by round: ours, nginx, ours, nginx … The time on CPU of all of a
server's threads is read before a round and a second after it, so that the ledger's writes are counted. A second pair of
rounds asks at a fixed 200 requests/s: with little to do at once, each wake-up serves less.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import closed_loop, message, open_loop, run
from bench.readings import Figure, Report, cpu_seconds, options
from bench.servers import Target, bare, trio

CLIENTS = 8
RATE = 200
SETTLE_SECONDS = 1.0


def busy(target: Target, count: int) -> float:
    """Return microseconds on CPU per request, asked as fast as the answers come."""
    before = cpu_seconds(target.pid)
    run(closed_loop(target.port, message(target.key), count, CLIENTS))
    time.sleep(SETTLE_SECONDS)
    return (cpu_seconds(target.pid) - before) / count * 1e6


def paced(target: Target, count: int) -> float:
    """Return the same at a fixed rate."""
    before = cpu_seconds(target.pid)
    run(open_loop(target.port, message(target.key), [1 / RATE] * count))
    return (cpu_seconds(target.pid) - before) / count * 1e6


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    rounds, count, slow = (3, 1500, 400) if chosen.quick else (7, 6000, 2000)
    with trio() as servers, bare(servers) as stack:
        targets = (*servers.proxies, stack)
        for target in targets:
            run(closed_loop(target.port, message(target.key), 800, CLIENTS))
        for _ in range(rounds):
            for target in targets:
                report.note(f"{target.name}, 8 connections", busy(target, count), "us")
        for _ in range(1 if chosen.quick else 3):
            for target in servers.proxies:
                report.note(f"{target.name}, 200 requests/s", paced(target, slow), "us")
    full, calm = "8 connections", "200 requests/s"
    ours, peer = report.median(f"ours, {full}"), report.median(f"nginx, {full}")
    report.add(Figure("CPU per proxied request", "us", ours, peer, target=200, ratio_target=16))
    stack_peer = report.median(f"bare stack, {full}")
    report.add(Figure("the same beside the bare stack", "us", ours, stack_peer, peer_name="bare stack"))
    ours, peer = report.median(f"ours, {calm}"), report.median(f"nginx, {calm}")
    report.add(Figure("the same at 200 requests/s", "us", ours, peer))
    report.print()


if __name__ == "__main__":
    main()
