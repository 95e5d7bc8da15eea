import os
from pathlib import Path

import pytest

from tests.cli.runner import matches, parse, run
from tests.live import LiveServer

SCRIPTS = sorted(Path(__file__).parent.glob("*.script"))
# What a program needs to start at all; a person's own keys and profiles stay outside.
KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_command_answers_as_the_script_says(script: Path, live: LiveServer, tmp_path: Path) -> None:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "ANTHROPIC_BASE_URL": live.base_url,
        "ANTHROPIC_API_KEY": live.api_key,
        "HOME": str(tmp_path),
        "NO_PROXY": "127.0.0.1",
    }
    complaints = run(script, {"BASE_URL": live.base_url, "ADMIN_KEY": live.admin_key}, environment)
    assert not complaints, "\n".join(complaints)


def test_wildcards_stand_for_what_differs() -> None:
    assert matches(["a", "...", "z[..]"], "a\nb\n\nc\nzebra\n")
    assert matches(["..."], "")
    assert not matches(["a"], "a\nb\n")
    assert not matches(["a.c"], "abc\n")


def test_a_script_is_read_step_by_step() -> None:
    first, second = parse("# why\n$ ante x\n< in\nout\n! err\n? 5\n\n$ ante y\n")
    assert (first.command, first.stdin, first.out, first.err, first.code) == ("ante x", ["in"], ["out"], ["err"], 5)
    assert (second.line, second.code) == (8, 0)
