"""The only place that builds things: settings become adapters, adapters services, services the application."""

import tempfile
from pathlib import Path

from antechamber.settings import load
from antechamber.wiring.application import Application, Route


def routes() -> list[Route]:
    """Return every registered endpoint, for the goldens and the generated reference; serves nothing."""
    with tempfile.TemporaryDirectory() as folder:
        return Application(load({"data": Path(folder)})).routes()


__all__ = ["Application", "Route", "routes"]
