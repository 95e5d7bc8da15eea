"""Sealing anew that is killed in the middle: every secret opens at every moment, and the next run ends it."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from antechamber.base.seals import SealedColumn
from antechamber.database.engine import Database, database_url
from tests.faults.processes import Server
from tests.sealing import fill, openable

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

_ROWS = 1500
_ALL = _ROWS * len(SealedColumn)
_SECONDS = 120


def _configure(server: Server, keys: str) -> None:
    server.config.write_text(f'simulated = "on"\nmaster_key = "{keys}"\n')


async def _look(server: Server, rows: int) -> int:
    database = Database(database_url(None, server.data))
    try:
        if rows:
            await fill(database, "old", server.organization_id, rows)
        return (await openable(database, "new", "old"))["new"]
    finally:
        await database.close()


def _renewed(server: Server, rows: int = 0) -> int:
    """Return how many values the new key opens, after adding so many; the others must be the old one's."""
    return asyncio.run(_look(server, rows))


@pytest.mark.parametrize("killed", ["the command", "the server"])
def test_a_kill_in_the_middle_loses_no_secret(tmp_path: Path, killed: str) -> None:
    server = Server(tmp_path, 'simulated = "on"\n')
    _configure(server, "new,old")
    assert _renewed(server, _ROWS) == 0
    server.start()
    try:
        command = [sys.executable, "-m", "antechamber", "secrets", "reseal", "--data", str(server.data)]
        resealing = subprocess.Popen([*command, "--config", str(server.config)], env=server.environment)
        until = time.monotonic() + _SECONDS
        while not _renewed(server):
            assert time.monotonic() < until
        if killed == "the server":
            server.kill()
        else:
            resealing.kill()
        # without a server the command goes on by itself, or says that it could not
        resealing.wait(_SECONDS)
        assert _renewed(server) > 0

        if killed == "the server":
            server.start()
        found = json.loads(server.run("secrets", "reseal", "--json"))
        assert found["secrets"] == _ALL
        assert _renewed(server) == _ALL
        server.kill()
        _configure(server, "new")
        server.start()
        assert json.loads(server.run("secrets", "reseal", "--json"))["resealed"] == 0
    finally:
        server.kill()
