"""A whole server that is killed while it builds: its supervisor and sandboxes end with it, and the next one builds."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.issuers import Authority
from tests.live import LiveServer
from tests.sandboxes.private import CANARY, Private, pip_files
from tests.sandboxes.sites import SECONDS, Site, config_of
from tests.sandboxing import alive, family

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Private]:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "password").write_text(CANARY)
    made = Private(tmp_path / "origin", authority)
    made.files |= pip_files("wanted")
    yield made
    made.open.set()
    made.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_that_is_killed_while_packages_are_installed_leaves_its_log_and_nothing_else(
    origin: Private, tmp_path: Path, make_server: Callable[..., LiveServer]
) -> None:
    site = Site(make_server(config=config_of(origin, tmp_path / "ca.pem", tmp_path / "password")))
    environment = site.environment("wanted")
    origin.open.clear()
    build = site.begin(environment)
    until(lambda: origin.asked)
    assert site.look(environment, build)["state"] == "building"
    assert site.server.process is not None
    processes = family(site.server.process.pid)
    site.server.kill()
    until(lambda: not alive(processes))
    layers = site.server.data / "sandboxes" / "layers"
    assert not list(layers.glob("*/*"))

    origin.open.set()
    site.server.start()
    left = site.look(environment, build)
    assert (left["state"], left["failure"]["reason"]) == ("failed", "interrupted")
    log = (site.server.data / "sandboxes" / "builds" / f"{build}.log").read_text()
    assert "pip install" in log
    assert "the server ended during this build" in log
    again = site.ended(environment, site.begin(environment))
    assert (again["state"], again["id"] != build) == ("succeeded", True)
    assert len(list(layers.glob("*/*"))) == 1
    until(lambda: not (site.server.data / "sandboxes" / "sessions" / build).exists())
