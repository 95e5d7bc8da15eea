"""What a process has used, by the kernel's own books; and the figures as a table or as JSON."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Return the time on CPU of a process tree: nanosecond counters of its threads, not ticks."""
    total = 0
    for one in family(pid):
        for task in Path(f"/proc/{one}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue  # the thread has ended
    return total / 1e9


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process tree, shared pages counted once per process."""
    total = 0
    for one in family(pid):
        status = Path(f"/proc/{one}/status").read_text()
        total += int(status.partition("VmRSS:")[2].split()[0]) * 1024
    return total


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share (0 to 1) lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Iterable[float]) -> float:
    """Return the middle value of a figure's rounds."""
    return statistics.median(values)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the straight line's rise through the points, per unit of the first coordinate."""
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `target` bounds ours, `ratio_target` ours over the peer's."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    target: float | None = None
    ratio_target: float | None = None
    peer_name: str = "nginx"
    relative: bool = True  # false where the peer's value is about nothing, and a ratio would say nothing

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return self.ours / self.peer if self.peer and self.relative else None

    @property
    def is_met(self) -> bool:
        """Whether both bounds hold."""
        good = self.target is None or self.ours <= self.target
        return good and (self.ratio_target is None or self.ratio is None or self.ratio <= self.ratio_target)

    def row(self) -> str:
        """Return the line as text."""
        peer = "" if self.peer is None else f"{self.peer_name} {_short(self.peer)}"
        ratio = f"{self.ratio:.1f} x" if self.ratio is not None else ""
        bounds = [f"<= {_short(self.target)} {self.unit}"] if self.target is not None else []
        bounds += [f"<= {self.ratio_target:g} x"] if self.ratio_target is not None else []
        verdict = ("met" if self.is_met else "MISSED") if bounds else ""
        value = f"{_short(self.ours)} {self.unit}"
        return f"{self.name:<44} {value:>12}  {peer:<16} {ratio:>8}  {', '.join(bounds):<22} {verdict}".rstrip()


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def options(description: str | None) -> argparse.Namespace:
    """Read the flags that every script takes: --quick and --json."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, for a guard in CI")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


class Report:
    """The figures of one run, and the machine and its load at the time."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._as_json: bool = chosen.json
        self._load_before = os.getloadavg()[0]
        self._figures: list[Figure] = []
        self._rounds: dict[str, list[float]] = {}

    def note(self, name: str, value: float, unit: str) -> None:
        """Say what one round gave, as it comes."""
        self._rounds.setdefault(name, []).append(value)
        if not self._as_json:
            print(f"  {name:<42} {_short(value):>8} {unit}", flush=True)

    def rounds(self, name: str) -> list[float]:
        """Return what the rounds gave."""
        return self._rounds[name]

    def median(self, name: str) -> float:
        """Return the middle round."""
        return median(self._rounds[name])

    def add(self, figure: Figure) -> None:
        """Take a figure into the table."""
        self._figures.append(figure)

    def print(self) -> None:
        """Print the table, or the JSON object."""
        load = [round(self._load_before, 2), round(os.getloadavg()[0], 2)]
        machine = {
            "at": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load_average": load,
        }
        if self._as_json:
            figures = [{**asdict(one), "ratio": one.ratio, "met": one.is_met} for one in self._figures]
            json.dump({"machine": machine, "figures": figures, "rounds": self._rounds}, sys.stdout, indent=2)
            print()
            return
        for figure in self._figures:
            print(figure.row())
        print(
            f"{machine['at']}, {machine['cores']} x {machine['cpu']}, Python {machine['python']}, "
            f"load average {load[0]} before, {load[1]} after"
        )


def _cpu_model() -> str:
    for line in _CPUINFO.read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
