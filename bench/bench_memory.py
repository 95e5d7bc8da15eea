"""Standing still and starting up: idle memory, the time until ready, the time of the command's first words.

Cold start counts from the start of the process until `GET /health/ready` answers 200: on a data folder that exists, and
on an empty one (schema and first keys included). nginx is ready when its port answers. Of the command's times the floor
is `python -c pass`, the peer named beside them.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.load import closed_loop, message, run
from bench.readings import Figure, Report, options, resident_bytes
from bench.servers import ante, environment, free_port, nginx_line, running, serve_line, trio, wait_ready

IDLE_SECONDS = 3.0


def start_seconds(line: list[str], port: int, log: Path, *, ready: bool) -> float:
    """Return the seconds from the start of a server until it can work."""
    start = time.perf_counter()
    with running(line, port, log):
        if ready:
            wait_ready(port)
        return time.perf_counter() - start


def command_seconds(line: list[str]) -> float:
    """Return the seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - start


def main() -> None:
    chosen = options(__doc__)
    report = Report(chosen)
    starts, commands = (3, 7) if chosen.quick else (9, 25)
    with trio() as servers:
        time.sleep(IDLE_SECONDS)
        for target in servers.proxies:
            report.note(f"{target.name}, idle", resident_bytes(target.pid) / 2**20, "MB")
        for target in servers.proxies:
            run(closed_loop(target.port, message(target.key), 2000, 8))
        time.sleep(IDLE_SECONDS)
        for target in servers.proxies:
            report.note(f"{target.name}, idle after 2000", resident_bytes(target.pid) / 2**20, "MB")
        upstream = servers.direct.port
        folder = servers.folder / "again"
        folder.mkdir()
        (folder / "providers.toml").write_text((servers.folder / "providers.toml").read_text())
        for _ in range(starts):
            shutil.rmtree(folder / "data", ignore_errors=True)
            for name in ("ours, start on an empty folder", "ours, start"):
                port = free_port()
                taken = start_seconds(serve_line(folder, port), port, folder / "ours.log", ready=True)
                report.note(name, taken * 1e3, "ms")
            port = free_port()
            taken = start_seconds(nginx_line(folder, port, upstream), port, folder / "nginx.out", ready=False)
            report.note("nginx, start", taken * 1e3, "ms")
    for _ in range(commands):
        report.note("ante --version", command_seconds(ante("--version")) * 1e3, "ms")
        report.note("ante --help", command_seconds(ante("--help")) * 1e3, "ms")
        report.note("ante auth status", command_seconds(ante("auth", "status")) * 1e3, "ms")
        report.note("python -c pass", command_seconds([sys.executable, "-c", "pass"]) * 1e3, "ms")
    for name, bound in (("idle", 110), ("idle after 2000", None)):
        ours, peer = report.median(f"ours, {name}"), report.median(f"nginx, {name}")
        report.add(Figure(f"memory, {name}{' requests' if bound is None else ''}", "MB", ours, peer, target=bound))
    peer = report.median("nginx, start")
    report.add(Figure("cold start until ready", "ms", report.median("ours, start"), peer, target=1500, relative=False))
    report.add(
        Figure("  on an empty folder", "ms", report.median("ours, start on an empty folder"), peer, relative=False)
    )
    floor = report.median("python -c pass")
    for name, bound in (("ante --version", 100), ("ante --help", 150), ("ante auth status", 120)):
        report.add(Figure(name, "ms", report.median(name), floor, target=bound, peer_name="python", relative=False))
    report.print()


if __name__ == "__main__":
    main()
