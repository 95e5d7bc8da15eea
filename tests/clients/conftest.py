"""What the drivers told, each run once a session against the shared live server."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import run_node, run_python
from tests.clients.towns import settle
from tests.live import LiveServer

Told = Callable[[str], Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("clients")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own for whoever administers: people, keys and traffic are in it."""
    server = LiveServer(tmp_path_factory.mktemp("town"))
    try:
        yield settle(server.start())
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def drive(live: LiveServer) -> Iterator[Callable[[str, str], Told]]:
    """Return what a driver told, by environment: `drive("anthropic-2", "anthropic_sdk")("whole")`."""

    @cache
    def results(environment: str, driver: str) -> dict[str, Any]:
        return run_node(driver, live) if environment == "npm" else run_python(environment, driver, live)

    def drive(environment: str, driver: str) -> Told:
        def told(case: str) -> Any:  # noqa: ANN401 - whatever JSON holds
            outcome = results(environment, driver)[case]
            if "failed" in outcome:
                pytest.fail(f"{driver} with {environment}, {case}:\n{outcome['failed']}", pytrace=False)
            return outcome.get("value")

        return told

    yield drive
    assert '"event": "unhandled"' not in live.log()
