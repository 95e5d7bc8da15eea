"""An organisation of a server that is yet to start, as `ante init` founds one, without the process and its imports."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from antechamber.settings import load
from antechamber.wiring.beside import found
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.templates import lay_database


def found_organization(
    data: Path, config: Path | None, environment: Mapping[str, str], name: str, email: str
) -> Mapping[str, Any]:
    """Found it in a data folder that is not there yet; returns what `ante init --json` prints."""
    with mock.patch.dict(os.environ, environment, clear=True):
        loaded = load({"data": data}, config)
    if loaded.settings.database_url is None:
        lay_database(data)
    # whoever asks may be in an event loop already
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(found, loaded, name, email).result()


def lay_founded(data: Path) -> Founded:
    """Make a data folder as one is after its first run, and return what that made: the same throughout a process."""
    content, founded = _first_run()
    data.mkdir(mode=0o700, parents=True)
    for name, part in content.items():
        path = data / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(part)
    return founded


@cache
def _first_run() -> tuple[Mapping[str, bytes], Founded]:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        data = Path(folder, "data")
        lay_database(data)
        founded = thread.submit(asyncio.run, _found_first(data)).result()
        return {str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()}, founded


async def _found_first(data: Path) -> Founded:
    storage = open_storage(load({"data": data}).settings)
    try:
        return await storage.founder.found("Acme", None, admin_key=True, api_key=True)
    finally:
        await storage.database.close()
