"""Minutes of mixed traffic: does memory grow? Ours beside nginx, both at the same time under the same traffic.

Whole answers, streams read to the end, streams left in the middle, upstream errors (529, a reset, a cut, an error
event), keys that are not ours and bodies that are no JSON. Memory is read each second; growth is the rise of a straight
line through the readings after a third of the time, so that pools and caches have filled. ANTE_SOAK_SECONDS sets the
length (600; with --quick 60). Every answer's status is checked.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import Connection, connect, connected, message, raw, run
from bench.readings import Figure, Report, options, resident_bytes, slope
from bench.servers import Target, Trio, trio

WORKERS = 12
PAUSE_SECONDS = 0.05  # at most, after each exchange of a worker
SETTLED_SHARE = 1 / 3
GROWTH_TARGET_MB = 3.0  # in ten minutes, of a process of about 100

Act = Callable[[Target, Counter[str]], Awaitable[None]]


async def ask(target: Target, request: bytes, kind: str, expected: set[int], counts: Counter[str]) -> None:
    """Exchange on a new connection; a status that nobody expected is counted as such."""
    async with connected(target.port, Connection) as connection:
        status = await connection.exchange(request)
    counts[kind] += 1
    # only ours turns a broken upstream into an answer, and knows keys; nginx passes on what there is
    if target.name == "ours" and status not in expected:
        counts[f"UNEXPECTED {kind}: {status}"] += 1


async def whole(target: Target, counts: Counter[str]) -> None:
    await ask(target, message(target.key), "whole", {200}, counts)


async def several(target: Target, counts: Counter[str]) -> None:
    async with connected(target.port, Connection) as connection:
        for _ in range(10):
            status = await connection.exchange(message(target.key))
            counts["whole, kept alive"] += 1
            if status != 200:
                counts[f"UNEXPECTED whole, kept alive: {status}"] += 1


async def stream(target: Target, counts: Counter[str]) -> None:
    prompt = "[sim events=60 events_per_second=60 pings=2]"
    await ask(target, message(target.key, prompt, stream=True), "stream", {200}, counts)


async def burst(target: Target, counts: Counter[str]) -> None:
    await ask(target, message(target.key, "[sim events=300]", stream=True), "burst", {200}, counts)


async def leave(target: Target, counts: Counter[str]) -> None:
    connection = await connect(target.port, Connection)
    asked = asyncio.ensure_future(
        connection.exchange(message(target.key, "[sim events=inf events_per_second=50]", stream=True))
    )
    await asyncio.sleep(0.3)
    connection.close()
    await asked
    counts["left in the middle"] += 1


async def overloaded(target: Target, counts: Counter[str]) -> None:
    await ask(target, message(target.key, "[sim status=529]"), "upstream 529", {529}, counts)


async def reset(target: Target, counts: Counter[str]) -> None:
    await ask(target, message(target.key, "[sim reset=headers]"), "upstream reset", {502, 503, 529}, counts)


async def cut(target: Target, counts: Counter[str]) -> None:
    request = message(target.key, "[sim events=20 truncate=5]", stream=True)
    await ask(target, request, "upstream cut", {200}, counts)


async def error_event(target: Target, counts: Counter[str]) -> None:
    request = message(target.key, "[sim events=20 error=5]", stream=True)
    await ask(target, request, "error event", {200}, counts)


async def stranger(target: Target, counts: Counter[str]) -> None:
    await ask(target, message("sk-ant-api03-nobody"), "unknown key", {401}, counts)


async def nonsense(target: Target, counts: Counter[str]) -> None:
    await ask(target, raw(target.key, b'{"model": '), "no JSON", {400}, counts)


MIX: list[tuple[Act, int]] = [
    (whole, 6), (several, 2), (stream, 5), (burst, 3), (leave, 3), (overloaded, 1), (reset, 1), (cut, 1),
    (error_event, 1), (stranger, 1), (nonsense, 1),
]  # fmt: skip


async def worker(target: Target, seed: int, until: float, counts: Counter[str]) -> None:
    """Take act after act by lot until the time is over."""
    lot = random.Random(seed)
    acts, weights = [act for act, _ in MIX], [weight for _, weight in MIX]
    while time.monotonic() < until:
        await lot.choices(acts, weights)[0](target, counts)
        await asyncio.sleep(lot.uniform(0, PAUSE_SECONDS))


async def soak(servers: Trio, seconds: float, counts: dict[str, Counter[str]]) -> dict[str, list[tuple[float, float]]]:
    """Load both proxies at once; return their readings: seconds since the start, megabytes."""
    start = time.monotonic()
    readings: dict[str, list[tuple[float, float]]] = {target.name: [] for target in servers.proxies}
    work = [
        asyncio.ensure_future(worker(target, seed, start + seconds, counts[target.name]))
        for target in servers.proxies
        for seed in range(WORKERS)
    ]
    while (elapsed := time.monotonic() - start) < seconds:
        for target in servers.proxies:
            readings[target.name].append((elapsed, resident_bytes(target.pid) / 2**20))
        await asyncio.wait(work, timeout=1.0, return_when=asyncio.FIRST_EXCEPTION)
    await asyncio.gather(*work)
    return readings


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    seconds = float(os.environ.get("ANTE_SOAK_SECONDS") or (60 if chosen.quick else 600))
    counts: dict[str, Counter[str]] = {"ours": Counter(), "nginx": Counter()}
    with trio() as servers:
        readings = run(soak(servers, seconds, counts))
    growth = {}
    for name, points in readings.items():
        settled = [point for point in points if point[0] >= seconds * SETTLED_SHARE]
        growth[name] = slope(settled)
        for share in (0, 0.05, 0.1, 0.2, 0.33, 0.5, 0.75, 1):
            at, size = points[min(int(share * len(points)), len(points) - 1)]
            report.note(f"{name}, memory after {at:.0f} s", size, "MB")
        for kind, count in sorted(counts[name].items()):
            report.note(f"{name}, {kind}", count, "times")
    ours, peer = (growth[name] * seconds * (1 - SETTLED_SHARE) for name in ("ours", "nginx"))
    report.add(Figure(f"growth in the last {seconds * (1 - SETTLED_SHARE):.0f} s", "MB", ours, peer, relative=False))
    ours, peer = growth["ours"] * 600, growth["nginx"] * 600
    bound = GROWTH_TARGET_MB if seconds >= 300 else None
    report.add(Figure("the same for ten minutes", "MB", ours, peer, target=bound, relative=False))
    strange = sum(count for kind, count in counts["ours"].items() if kind.startswith("UNEXPECTED"))
    report.add(Figure("answers that nobody expected", "", strange, target=0))
    report.print()


if __name__ == "__main__":
    main()
