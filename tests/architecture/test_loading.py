"""What is loaded: by commands that only ask a server, or are none, no server; by a server nothing that nobody uses."""

import subprocess
import sys

import pytest

LATER = (
    "antechamber.features.telemetry",
    "asyncpg",
    "cel_expr_python",
    "fastapi",
    "jinja2",
    "joserfc",
    "opentelemetry.proto",
    "prometheus_client",
    "pydantic",
    "rich",
    "starlette",
    "webauthn",
)
HEAVY = ("alembic", "fastapi", "pydantic", "sqlalchemy", "antechamber.wiring.storage")


@pytest.mark.parametrize("command", ["config", "oauth", "organizations", "people", "simulate", "token"])
def test_a_command_that_asks_or_simulates_loads_no_server(command: str) -> None:
    script = (
        f"import sys, antechamber.cli.server.{command}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_server_begins_without_what_few_of_its_requests_use() -> None:
    script = f"import sys, antechamber.wiring.serving; print(*[name for name in {LATER!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
