"""What every test has: hypothesis profiles, asyncio, golden files, live servers."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.live import LiveServer, SimulatedUpstream

# as the server sets it: the collector's walks over a heap of this size were a quarter of the suite
gc.set_threshold(50_000, 20, 100)

GOLDEN = Path(__file__).parent / "golden"

# no deadline: a test never asserts a measured duration
settings.register_profile("quick", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True, print_blob=True)
settings.register_profile("long", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(os.environ.get("ANTE_TEST_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="rewrite tests/golden instead of comparing with it")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker("golden")
    if not config.getoption("loadscopereorder", default=True):
        begin_with_long_files(items)


def begin_with_long_files(items: list[pytest.Item]) -> None:
    """Put files of few tests that take long first, then those of many: the last file keeps one process alone."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    numbers = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in long, -numbers[item.path]))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with a file below tests/golden; `make golden` writes the file instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.is_file(), f"tests/golden/{name} is missing: make golden, and read it"
        assert text == path.read_text(encoding="utf-8"), f"tests/golden/{name} differs: make golden, and read the diff"

    return compare


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all tests that leave it as it was: SQLite, simulated models, one organisation, two keys."""
    server = LiveServer(tmp_path_factory.mktemp("live"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def make_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LiveServer]]:
    """Start more servers, each with a TOML text (`config`) and variables (`env`) of its own."""
    made: list[LiveServer] = []

    def make(*, config: str = "", env: Mapping[str, str] | None = None) -> LiveServer:
        server = LiveServer(tmp_path_factory.mktemp("server"), config=config, environment=env)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def make_simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., SimulatedUpstream]]:
    """Start simulated upstreams as processes of their own, with further arguments of `ante simulate`."""
    made: list[SimulatedUpstream] = []

    def make(*arguments: str) -> SimulatedUpstream:
        upstream = SimulatedUpstream(tmp_path_factory.mktemp("simulated"), *arguments)
        made.append(upstream)
        return upstream.start()

    yield make
    for upstream in made:
        upstream.stop()
