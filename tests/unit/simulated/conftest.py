"""A simulated upstream on a free port and callers to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.base.clock import SystemClock
from tests.unit.simulated.caller import Caller


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[SimulatedUpstream]:
    server = SimulatedUpstream(clock=SystemClock(), seed="tests", truth=tmp_path / "truth.jsonl")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def caller(upstream: SimulatedUpstream) -> AsyncIterator[Caller]:
    client = Caller(upstream.port)
    yield client
    client.close()
