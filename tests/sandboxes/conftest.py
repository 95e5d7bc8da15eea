"""Runtimes of every kind, each started once for a file of tests; rooms that end with their test or their file."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from antechamber.features.environments.model.sandbox import Limits
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.dockerd import Dockerd
from tests.sandboxes.running import Runtime
from tests.sandboxing import KINDS, station

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module", params=[*KINDS, "docker"])
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    with contextlib.ExitStack() as stack:
        parts: dict[str, Any] = {}
        if request.param == "docker":
            engine = Dockerd().start()
            stack.callback(engine.stop)
            parts = {"runtime": "docker", "docker_url": engine.url}
        yield Runtime(request.param, stack.enter_context(station(request.param, **parts)).sandboxes)


@pytest.fixture(scope="module")
async def room(runtime: Runtime) -> AsyncIterator[Sandbox]:
    """A sandbox that all tests of a file share, each with names of its own."""
    async with runtime.room() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
async def limited(runtime: Runtime) -> AsyncIterator[Sandbox]:
    """Another, that may take little."""
    limits = Limits(memory_bytes=256 * MEBIBYTE, pids=64, cpus=1, disk_bytes=512 * MEBIBYTE)
    async with runtime.room(limits=limits) as sandbox:
        yield sandbox
