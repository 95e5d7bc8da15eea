"""What a command loads: those that only ask a running server, or are no server, load no server."""

import subprocess
import sys

import pytest

HEAVY = ("alembic", "fastapi", "pydantic", "sqlalchemy", "antechamber.wiring.storage")


@pytest.mark.parametrize("command", ["config", "oauth", "organizations", "people", "simulate", "token"])
def test_a_command_that_asks_or_simulates_loads_no_server(command: str) -> None:
    script = (
        f"import sys, antechamber.cli.server.{command}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
