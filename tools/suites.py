"""Runs the tests, suite by suite: `python tools/suites.py [--coverage] [NAME ...]`; all of them without names.

A suite is what carries its marker (and none of those before it in MARKERS); `quick` is what carries no marker. Every
suite runs even if one before it failed. A suite without a test is a failure: an empty one must not look passed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

MARKERS = ("browser", "sandbox", "soak", "faults", "clients", "postgres")
NO_TESTS = 5  # pytest's exit code
OVERDUE = 124  # as coreutils' timeout has it
RESULTS = Path(".cache/suites")


@dataclass(frozen=True, slots=True)
class Suite:
    """A part of the tests: how many processes share it, and its limits in seconds (a test's, the whole's).

    `usual_seconds` is what it takes on two quiet cores; the limit of the whole is there to end what hangs.

    `by_file` keeps a file's tests in one process, for servers and environments that a whole file shares.
    """

    name: str
    processes: int
    test_seconds: int
    all_seconds: int
    usual_seconds: int = 0
    may_be_empty: bool = False
    by_file: bool = False

    @property
    def expression(self) -> str:
        """What pytest's `-m` selects it by."""
        if self.name not in MARKERS:
            return " and ".join(f"not {marker}" for marker in MARKERS)
        before = MARKERS[: MARKERS.index(self.name)]
        return " and ".join([self.name, *(f"not {marker}" for marker in before)])


# what they take adds up to less than 30 minutes
SUITES = (
    Suite("browser", processes=2, test_seconds=60, all_seconds=220, usual_seconds=110, by_file=True),
    Suite("quick", processes=2, test_seconds=60, all_seconds=860, usual_seconds=430),
    Suite("sandbox", processes=2, test_seconds=120, all_seconds=580, usual_seconds=300, by_file=True),
    Suite("postgres", processes=2, test_seconds=120, all_seconds=280, usual_seconds=140, by_file=True),
    Suite("clients", processes=2, test_seconds=300, all_seconds=500, usual_seconds=250, by_file=True),
    Suite("faults", processes=0, test_seconds=120, all_seconds=900, usual_seconds=460),
    Suite("soak", processes=0, test_seconds=130, all_seconds=130, usual_seconds=95),
)


def command(suite: Suite, *, coverage: bool) -> list[str]:
    """Return the command that runs a suite."""
    python = [sys.executable, "-m", *(["coverage", "run", "-m"] if coverage else [])]
    shared = ["-n", str(suite.processes)] if suite.processes else []
    shared += ["--dist", "loadfile"] if suite.by_file else []
    return [
        *python,
        "pytest",
        "-q",
        "-m",
        suite.expression,
        f"--timeout={suite.test_seconds}",
        "--durations=5",
        f"--junit-xml={RESULTS / suite.name}.xml",
        *shared,
    ]


def run(suite: Suite, *, coverage: bool) -> int:
    """Run a suite and return its exit code."""
    print(f"\n== {suite.name}", flush=True)
    (RESULTS / f"{suite.name}.xml").unlink(missing_ok=True)
    process = subprocess.Popen(command(suite, coverage=coverage))
    try:
        return process.wait(suite.all_seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        return OVERDUE


def verdict(suite: Suite, code: int) -> str:
    """Say in a word or two how a suite ended; `passed` and `no tests yet` are good."""
    if code == NO_TESTS and suite.may_be_empty:
        return "no tests yet"
    return {0: "passed", NO_TESTS: "empty", OVERDUE: f"over {suite.all_seconds} s"}.get(code, "failed")


def losses(suite: str) -> list[str]:
    """Return the tests of a suite that failed, each with the first line of why, for the end of a long output."""
    try:
        cases = ET.parse(RESULTS / f"{suite}.xml").iter("testcase")  # noqa: S314 - pytest's own, just written
    except (OSError, ET.ParseError):
        return ["ended before it could say which"]
    found = []
    for case in cases:
        for word in ("failure", "error"):
            if (why := case.find(word)) is not None:
                first = (why.get("message") or "").partition("\n")[0][:160]
                found.append(f"{case.get('classname')}::{case.get('name')}: {first}")
    return found


def covered() -> int:
    """Report coverage: 100 % of the vocabulary and the pure rules, 90 % of the rest."""
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet"], check=False)
    rules = "src/antechamber/base/*,src/antechamber/features/*/model.py,src/antechamber/features/*/model/*"
    reports = ([f"--include={rules}", "--fail-under=100"], [f"--omit={rules}", "--fail-under=90"])
    return max(subprocess.run([*coverage, "report", *report], check=False).returncode for report in reports)


def main(arguments: Sequence[str]) -> int:
    """Run the named suites and say how each ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {suite.name for suite in SUITES}:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    ended = []
    for suite in SUITES:
        if options.names and suite.name not in options.names:
            continue
        start = time.monotonic()
        code = run(suite, coverage=options.coverage)
        ended.append((suite.name, verdict(suite, code), time.monotonic() - start))
    print()
    for name, word, seconds in ended:
        print(f"{name:<10}{word:<14}{seconds:6.0f} s")
        for loss in losses(name) if word not in {"passed", "no tests yet"} else ():
            print(f"  {loss}")
    lost = sum(word not in {"passed", "no tests yet"} for _, word, _ in ended)
    print(f"suites: {len(ended) - lost} passed, {lost} failed")
    return (covered() if options.coverage else 0) if not lost else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
