"""Runtimes of every kind, each started once for a file of tests; rooms that end with their test."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import connect
from antechamber.features.environments.model.sandbox import Limits
from antechamber.features.environments.ports.sandboxes import Sandbox
from tests.sandboxes.running import Runtime
from tests.sandboxes.supervisors import KINDS, supervisor

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module", params=KINDS)
def socket_path(request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    with supervisor(request.param) as path:
        yield request.param, path


@pytest.fixture(scope="module")
def runtime(socket_path: tuple[str, Path]) -> Runtime:
    kind, path = socket_path
    return Runtime(kind, RemoteSandboxes(partial(connect, path)))


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
