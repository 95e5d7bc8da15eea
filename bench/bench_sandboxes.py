"""Sandboxes: start, programs, end, 200 of them at once and what each takes; its peers are crun alone and dockerd.

Ours is asked as the server asks: over the supervisor's socket, egress proxy beside it, as root and as another user.
crun alone gets our bundle, without a network or a disk of its own, by commands with nothing around them
(bare_runtime.py), by turns with ours: a machine has better and worse minutes. dockerd is Debian's with a private
socket, behind our protocol and with the same limits. Needs root.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.features.environments.model.sandbox import NetworkMode, NetworkPolicy, SandboxSpec
from antechamber.features.environments.ports.sandboxes import Sandbox
from bench.readings import Figure, Report, family, options, percentile
from tests.dockerd import Dockerd
from tests.sandboxes.running import Runtime, run
from tests.sandboxing import Station, station

OURS = ("oci-root", "oci-rootless")
PEER = "docker"
MEBIBYTE = 1 << 20
CROWD = 200
AT_ONCE = 8
TURN = 5
Item = TypeVar("Item")
LIMITED = NetworkPolicy(NetworkMode.LIMITED)


async def timed(work: Awaitable[object]) -> float:
    """Return how long it takes, in ms."""
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1e3


async def lives(runtime: Runtime, rounds: int, network: NetworkPolicy) -> dict[str, list[float]]:
    """Start, use and end sandboxes one after the other."""
    found: dict[str, list[float]] = {"start": [], "exec": [], "destroy": []}
    for _ in range(rounds):
        spec = runtime.spec(runtime.name(), network=network)
        made: list[Sandbox] = []

        async def begin(spec: SandboxSpec = spec, made: list[Sandbox] = made) -> None:
            made.append(await runtime.sandboxes.create(spec))
            await run(made[0], "true")

        found["start"].append(await timed(begin()))
        found["exec"] += [await timed(run(made[0], "true")) for _ in range(3)]
        found["destroy"].append(await timed(made[0].destroy()))
    return found


def proportional_bytes(pids: list[int]) -> int:
    """Return the memory of process trees, shared pages divided among those that share them."""
    total = 0
    for pid in {each for one in pids for each in family(one)}:
        with suppress(OSError):  # it has ended
            told = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(told.partition("\nPss:")[2].split()[0]) * 1024
    return total


async def crowd(runtime: Runtime, size: int, network: NetworkPolicy, pids: list[int]) -> dict[str, float]:
    """Have many up at once, run a program in each, end them."""
    gate = asyncio.Semaphore(AT_ONCE)
    specs = [runtime.spec(runtime.name(), network=network) for _ in range(size)]
    up: list[Sandbox] = []

    async def each(work: Callable[[Item], Awaitable[object]], over: list[Item]) -> float:
        async def one(item: Item) -> None:
            async with gate:
                await work(item)

        return await timed(asyncio.gather(*(one(item) for item in over))) / 1e3

    async def begin(spec: SandboxSpec) -> None:
        up.append(await runtime.sandboxes.create(spec))

    before = proportional_bytes(pids)
    began = await each(begin, specs)
    await asyncio.sleep(1)
    taken = (proportional_bytes(pids) - before) / size / MEBIBYTE
    used = await each(lambda sandbox: run(sandbox, "true"), up)
    ended = await each(lambda sandbox: sandbox.destroy(), up)
    return {"up": began, "each": taken, "true in all": used, "end of all": ended}


def alone(place: Station, sandbox_id: str, rounds: int) -> dict[str, list[float]]:
    """Return what crun takes by itself, in the namespaces of a supervisor, beside a sandbox of it."""
    assert place.ready is not None
    whose = [] if place.user is None else ["-U", "-S", "0", "-G", "0"]
    more = [] if place.user is None else ["--cgroup-manager", "disabled"]
    enter = ["nsenter", "-t", str(place.ready.pid), "-m", "-p", *whose, "--", "python3", "-I", "-c"]
    shown = Path("/mnt") / place.data.name
    asked = [str(shown / "run" / "crun"), str(shown / "sessions" / sandbox_id), str(rounds), *more]
    text = Path(__file__).with_name("bare_runtime.py").read_text(encoding="utf-8")
    # a pipe: a runtime takes its streams for its own
    done = subprocess.run([*enter, text, *asked], input=b"", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    told: dict[str, list[float]] = json.loads(done.stdout)
    return told


def shares(turns: list[dict[str, list[float]]]) -> dict[str, float]:
    """Return the figures of all turns together."""
    found = {name: [each for turn in turns for each in turn[name]] for name in turns[0]}
    return {f"{name} {share:.0%}": percentile(found[name], share) for name in found for share in (0, 0.5, 0.99)}


async def by_turns(runtime: Runtime, place: Station, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of ours, and those of crun alone."""
    ours, bare = [], []
    async with runtime.room() as room:
        for _ in range(rounds // TURN):
            ours.append(await lives(runtime, TURN, LIMITED))
            bare.append(await asyncio.to_thread(alone, place, room.id, TURN))
    return shares(ours), shares(bare)


async def measure(
    runtime: Runtime, place: Station, pids: list[int], *, quick: bool
) -> tuple[dict[str, float], dict[str, float]]:
    """Return every figure of one kind, and for ours those of crun alone."""
    rounds = 2 * TURN if quick else 12 * TURN
    bare: dict[str, float] = {}
    network = NetworkPolicy() if runtime.kind == PEER else LIMITED
    await lives(runtime, 3, network)
    if runtime.kind == PEER:
        told = shares([await lives(runtime, rounds // 3, network)])
    else:
        told, bare = await by_turns(runtime, place, rounds)
    return told | await crowd(runtime, 20 if quick else CROWD, network, pids), bare


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    told: dict[str, dict[str, float]] = {}
    bare: dict[str, dict[str, float]] = {}
    for kind in (*OURS, PEER):
        with ExitStack() as stack:
            parts: dict[str, Any] = {}
            pids = []
            if kind == PEER:
                engine = Dockerd().start()
                stack.callback(engine.stop)
                parts = {"runtime": "docker", "docker_url": engine.url}
                pids = [engine.pid]
            place = stack.enter_context(station(kind, **parts))
            pids += [process.pid for process in (place._supervisor, place._egress) if process is not None]
            runtime = Runtime(kind, place.sandboxes)
            told[kind], bare[kind] = asyncio.run(measure(runtime, place, pids, quick=chosen.quick))
        for name, value in told[kind].items():
            report.note(f"{kind}: {name}", value, "")
    lines = (
        ("start to first command, p50", "ms", "start 50%", 30.0),
        ("start to first command, p99", "ms", "start 99%", 80.0),
        ("exec, p50", "ms", "exec 50%", 6.0),
        ("exec, p99", "ms", "exec 99%", None),
        ("destroy, p50", "ms", "destroy 50%", 20.0),
        ("200 up at once", "s", "up", 5.0),
        ("memory of each", "MiB", "each", 4.0),
        ("a program in each of 200", "s", "true in all", None),
        ("end of 200", "s", "end of all", None),
    )
    for kind in OURS:
        for name, unit, key, target in lines:
            peer = told[PEER][key]
            report.add(Figure(f"{name} ({kind})", unit, told[kind][key], peer, target=target, peer_name="dockerd"))
        for name, unit, key, _ in lines[:5]:
            report.add(Figure(f"{name} ({kind})", unit, told[kind][key], bare[kind][key], peer_name="crun alone"))
    report.print()


if __name__ == "__main__":
    main()
