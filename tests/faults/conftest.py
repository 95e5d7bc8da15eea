"""One simulated upstream and one server for all tests that do not kill them; makers for those that do."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.calls import drop_all
from tests.faults.processes import Server, Upstream, over, provider
from tests.faults.rough import RoughUpstream
from tests.faults.towns import Town, check_quiet, found_alone, found_pair


@dataclass(frozen=True)
class Rig:
    """A server and what it talks to."""

    upstream: Upstream
    server: Server
    rough: RoughUpstream


def _raise(folder: Path, stack: ExitStack, settings: dict[str, object], variables: dict[str, str]) -> Rig:
    upstream = Upstream(folder)
    stack.callback(upstream.kill)
    rough = stack.enter_context(RoughUpstream())
    further = [
        provider(f"{kind}-{name}", kind, url, models)
        for kind in ("anthropic", "openai")
        for name, url, models in (
            ("gone", "http://127.0.0.1:9", ["gone-1"]),
            ("rough", rough.url, ["rough-1"]),
        )
    ]
    server = Server(folder, over(upstream.url, *further, **settings), **variables)
    stack.callback(server.kill)
    server.start()
    return Rig(upstream, server, rough)


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The shared server: not to be killed, its folder not to be touched."""
    with ExitStack() as stack:
        rig = _raise(tmp_path_factory.mktemp("rig"), stack, {}, {})
        yield rig
        assert rig.server.stop() == 0
        assert '"event": "unhandled"' not in rig.server.logged()


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Return a maker of a server of the test's own: `make_rig(setting=value, ...)`; `variables` is its environment."""
    with ExitStack() as stack:

        def make(variables: dict[str, str] | None = None, **settings: object) -> Rig:
            return _raise(tmp_path, stack, settings, variables or {})

        yield make


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """An organisation over SQLite, for tests that leave its server running."""
    with found_alone(tmp_path_factory.mktemp("alone")) as town:
        yield town
        check_quiet(town)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """An organisation on two nodes over PostgreSQL, for tests that leave both running."""
    with found_pair(tmp_path_factory.mktemp("pair")) as town:
        yield town
        check_quiet(town)


@pytest.fixture(params=["alone", pytest.param("pair", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest) -> Town:
    """Each of the two."""
    town: Town = request.getfixturevalue(request.param)
    return town


@pytest.fixture(autouse=True)
async def no_connection_stays(anyio_backend: str) -> AsyncIterator[None]:  # noqa: ARG001 - sync tests need it named
    """Close what a test has left open, so that the next one's upstream is quiet."""
    yield
    await drop_all()
