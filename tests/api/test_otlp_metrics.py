"""OpenTelemetry's own exporters, unchanged, against a server on loopback; and the report of what they sent."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.api.coding import Desk, desk
from tests.clients.environments import HERE, python_environment
from tests.live import clean_environment, free_port
from tests.unit.usage.samples import NOON

DRIVER = HERE / "drivers" / "otlp_metrics.py"
LONGEST_SECONDS = 120


@asynccontextmanager
async def listening(opened: Desk) -> AsyncIterator[str]:
    """Serve the application on loopback."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(opened.app.shell, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def export(opened: Desk, **variables: str) -> Any:  # noqa: ANN401 - whatever the driver tells
    """Run the driver, set up by the variables of the guide."""
    python = await asyncio.to_thread(python_environment, "opentelemetry")
    async with listening(opened) as url:
        environment = {
            **{name: value for name, value in clean_environment().items() if not name.startswith("OTEL_")},
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{opened.api_key}",
            **{f"OTEL_EXPORTER_OTLP_{name}": value for name, value in variables.items()},
        }
        command = [str(python), "-P", str(DRIVER)]
        run = subprocess.run
        done = await asyncio.to_thread(
            run, command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
        )
    assert done.returncode == os.EX_OK, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Desk]:
    # what the exporters say of the time is years off, and is counted at the server's noon
    async with desk(tmp_path, NOON) as opened:
        yield opened


@pytest.mark.clients
@pytest.mark.parametrize("temporality", ["delta", "cumulative"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
async def test_what_an_exporter_sends_twice_is_in_the_report_once(
    office: Desk, protocol: str, compression: str, temporality: str
) -> None:
    told = await export(office, PROTOCOL=protocol, COMPRESSION=compression, METRICS_TEMPORALITY_PREFERENCE=temporality)
    assert set(told) == {"SUCCESS"}
    office.clock.advance(3 * 3600)
    (record,) = (await office.report("starting_at=2025-12-01")).json()["data"]
    assert record["actor"] == {"type": "api_actor", "api_key_name": "First API key"}
    assert record["terminal_type"] == "iTerm.app"
    assert record["core_metrics"] == {
        "num_sessions": 1,
        "lines_of_code": {"added": 20, "removed": 8},
        "commits_by_claude_code": 0,
        "pull_requests_by_claude_code": 0,
    }
    assert record["tool_actions"]["write_tool"] == {"accepted": 2, "rejected": 0}
    assert record["model_breakdown"] == []
