"""Runs the tests, suite by suite: `python tools/suites.py [--coverage] [NAME ...]`; all of them without names.

A suite is what carries its marker (and none of those before it in MARKERS); `quick` is what carries no marker. Every
suite runs even if one before it failed. A suite without a test is a failure: an empty one must not look passed.

A few tests that fail beside others are run once more, alone. What fails then is red; what passes is named at the end,
to be mended: it is wrong about time on a busy machine, or leans on another test.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

MARKERS = ("browser", "sandbox", "soak", "prompt", "faults", "clients", "postgres")
NO_TESTS = 5  # pytest's exit code
FAILED = 1
OVERDUE = 124  # as coreutils' timeout has it
RESULTS = Path(".cache/suites")
FEW = 6  # more than these are not a busy machine's doing


@dataclass(frozen=True, slots=True)
class Ended:
    """How a suite ended: in a word, after how many seconds, what failed, and what failed only beside others."""

    name: str
    word: str
    seconds: float
    lost: list[str]
    busy: list[str]

    @property
    def is_good(self) -> bool:
        """Say whether it may land."""
        return self.word in {"passed", "no tests yet"}


@dataclass(frozen=True, slots=True)
class Suite:
    """A part of the tests: how many processes share it, and its limits in seconds (a test's, the whole's).

    `usual_seconds` is what it takes on two quiet cores; the limit of the whole is there to end what hangs. Where tests
    wait for a third of their time, on servers and deadlines, three processes use what two leave of two cores.

    `by_file` keeps a file's tests in one process, for servers and environments that a whole file shares.

    `places` are where its tests are looked for, if not everywhere: to import all takes each process ten seconds.
    """

    name: str
    processes: int
    test_seconds: int
    all_seconds: int
    usual_seconds: int = 0
    places: tuple[str, ...] = ()
    may_be_empty: bool = False
    by_file: bool = False

    @property
    def expression(self) -> str:
        """What pytest's `-m` selects it by."""
        if self.name not in MARKERS:
            return " and ".join(f"not {marker}" for marker in MARKERS)
        before = MARKERS[: MARKERS.index(self.name)]
        return " and ".join([self.name, *(f"not {marker}" for marker in before)])


# somewhat less than half an hour together, four minutes more where the clients' environments are made anew
SUITES = (
    Suite(
        "browser",
        processes=2,
        test_seconds=60,
        all_seconds=260,
        usual_seconds=100,
        by_file=True,
        places=("tests/browser",),
    ),
    Suite("quick", processes=3, test_seconds=60, all_seconds=1200, usual_seconds=450),
    Suite(
        "sandbox",
        processes=2,
        test_seconds=120,
        all_seconds=900,
        usual_seconds=400,
        by_file=True,
        places=("tests/sandboxes", "tests/unit/sandboxes", "tests/cli", "tests/docs"),
    ),
    Suite(
        "postgres",
        processes=3,
        test_seconds=120,
        all_seconds=320,
        usual_seconds=120,
        by_file=True,
        places=("tests/contracts",),
    ),
    Suite(
        "clients",
        processes=2,
        test_seconds=300,
        all_seconds=600,
        usual_seconds=250,
        by_file=True,
        places=("tests/clients", "tests/api/test_otlp_metrics.py", "tests/docs"),
    ),
    Suite(
        "faults",
        processes=3,
        test_seconds=200,
        all_seconds=420,
        usual_seconds=160,
        by_file=True,
        places=("tests/faults", "tests/unit/spool"),
    ),
    Suite("prompt", processes=0, test_seconds=120, all_seconds=240, usual_seconds=120, places=("tests/faults",)),
    Suite("soak", processes=0, test_seconds=130, all_seconds=190, usual_seconds=105, places=("tests/soak",)),
)


def command(suite: Suite, *, coverage: bool, alone: bool = False) -> list[str]:
    """Return the command that runs a suite, or what of it failed last, `alone`."""
    python = [sys.executable, "-m", *(["coverage", "run", "-m"] if coverage else [])]
    shared = ["-n", str(suite.processes)] if suite.processes else []
    # tests/conftest.py has the order: by numbers of tests alone, the longest file would come last
    shared += ["--dist", "loadfile", "--no-loadscope-reorder"] if suite.by_file else []
    if alone:
        shared = ["-n", "0", "--last-failed", "--last-failed-no-failures=none"]
    return [
        *python,
        "pytest",
        "-q",
        "-m",
        suite.expression,
        f"--timeout={suite.test_seconds}",
        "--durations=5",
        f"--junit-xml={results(suite, alone=alone)}",
        *shared,
        *suite.places,
    ]


def variables() -> dict[str, str]:
    """Return this process's environment, less what has every server that a test starts compile itself anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def suite_of(marks: Container[str]) -> Suite:
    """Return the suite that runs a test of these marks."""
    name = next((marker for marker in MARKERS if marker in marks), "quick")
    return next(suite for suite in SUITES if suite.name == name)


def results(suite: Suite, *, alone: bool = False) -> Path:
    """Return where a suite's results are written."""
    return RESULTS / f"{suite.name}{'-alone' if alone else ''}.xml"


def run(suite: Suite, *, coverage: bool, alone: bool = False) -> int:
    """Run a suite and return its exit code."""
    print(f"\n== {suite.name}{': once more, alone' if alone else ''}", flush=True)
    results(suite, alone=alone).unlink(missing_ok=True)
    process = subprocess.Popen(command(suite, coverage=coverage, alone=alone), env=variables())
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


def losses(file: Path) -> list[str]:
    """Return the tests that failed, each with the first line of why, for the end of a long output."""
    try:
        cases = ET.parse(file).iter("testcase")  # noqa: S314 - pytest's own, just written
    except (OSError, ET.ParseError):
        return ["ended before it could say which"]
    found = []
    for case in cases:
        for word in ("failure", "error"):
            if (why := case.find(word)) is not None:
                first = (why.get("message") or "").partition("\n")[0][:160]
                found.append(f"{case.get('classname')}::{case.get('name')}: {first}")
    return found


def attempt(suite: Suite, *, coverage: bool) -> Ended:
    """Run a suite, and alone what failed beside others, if that is little; say how it ended."""
    start = time.monotonic()
    code = run(suite, coverage=coverage)
    lost = losses(results(suite)) if code else []
    busy: list[str] = []
    if code == FAILED and len(lost) <= FEW:
        code = run(suite, coverage=coverage, alone=True)
        busy, lost = (lost, []) if code == 0 else ([], lost)
    return Ended(suite.name, verdict(suite, code), time.monotonic() - start, lost, busy)


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
    chosen = [suite for suite in SUITES if not options.names or suite.name in options.names]
    ended = [attempt(suite, coverage=options.coverage) for suite in chosen]
    print()
    for one in ended:
        print(f"{one.name:<10}{one.word:<14}{one.seconds:6.0f} s")
        for loss in one.lost:
            print(f"  {loss}")
        for loss in one.busy:
            print(f"  only beside others: {loss}")
    lost = sum(not one.is_good for one in ended)
    print(f"suites: {len(ended) - lost} passed, {lost} failed")
    return (covered() if options.coverage else 0) if not lost else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
