"""An organisation of a server that is yet to start, as `ante init` founds one, without the process and its imports."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

from antechamber.settings import load
from antechamber.wiring.beside import found
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
