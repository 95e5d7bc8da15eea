"""Runs *.script files: commands as a person types them, and what they answer.

    # a comment
    $ ante models list --transform id -r        a command; ${NAME} is replaced by a value of the test
    < model: sim-1                              a line on its stdin
    sim-1                                       a line of its stdout
    ! hint: …                                   a line of its stderr
    ? 5                                         its exit code, 0 if not given

`[..]` stands for anything within a line, a line `...` for any number of lines. Stderr is compared only if a `!` line is
there.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template


@dataclass
class Step:
    line: int
    command: str
    stdin: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    code: int = 0


def parse(text: str) -> Iterator[Step]:
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), 1):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            steps.append(Step(number, rest))
        elif not line or mark == "#":
            continue
        elif mark == "?":
            steps[-1].code = int(rest)
        else:
            parts = {"<": steps[-1].stdin, "!": steps[-1].err}
            parts.get(mark, steps[-1].out).append(rest if mark in parts else line)
    return iter(steps)


def matches(expected: list[str], actual: str) -> bool:
    """Compare with wildcards; empty lines do not count."""
    parts = [r"(?:.*\n)*" if line == "..." else _line(line) for line in expected]
    lines = "".join(f"{line.rstrip()}\n" for line in actual.splitlines() if line.strip())
    return re.fullmatch("".join(parts), lines) is not None


def _line(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("[..]"))) + r"\n"


def run(script: Path, values: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """Run a script; return a complaint for each step that answered something else."""
    complaints = []
    for step in parse(script.read_text(encoding="utf-8")):
        words = shlex.split(Template(step.command).safe_substitute(values))
        if words[0] == "ante":
            words[:1] = [sys.executable, "-m", "antechamber"]
        stdin = "".join(f"{line}\n" for line in step.stdin)
        done = subprocess.run(
            words, input=stdin, env=dict(environment), capture_output=True, text=True, check=False, timeout=30
        )
        fits = matches(step.out, done.stdout) and (not step.err or matches(step.err, done.stderr))
        if done.returncode != step.code or not fits:
            complaints.append(
                f"{script.name}:{step.line}: $ {step.command}\n"
                f"exit code {done.returncode}, expected {step.code}\n{done.stdout}--- stderr\n{done.stderr}"
            )
    return complaints
