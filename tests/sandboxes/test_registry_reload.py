"""A running server takes up what its file says of registries: builds that are asked for later use it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.issuers import Authority
from tests.live import LiveServer
from tests.sandboxes.private import CANARY, Private, basic, pip_files
from tests.sandboxes.sites import Rotation, config_of

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]
OTHER = "canary-after-the-rotation"


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Private]:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    made = Private(tmp_path / "origin", authority)
    for name in ("first", "second", "third"):
        made.files |= pip_files(name)
    yield made
    made.close()


def test_a_credential_that_was_replaced_opens_the_builds_that_follow(
    origin: Private, tmp_path: Path, make_server: Callable[..., LiveServer]
) -> None:
    password = tmp_path / "password"
    password.write_text("outdated")
    rotation = Rotation(make_server(config=config_of(origin, tmp_path / "ca.pem", password)))
    assert rotation.built("first") == "failed"
    password.write_text(CANARY)
    rotation.hang_up()
    assert rotation.built("second") == "succeeded"

    origin.header = basic(OTHER)
    password.write_text(OTHER)
    said = rotation.reload()
    assert said.returncode == 0, said.stderr
    assert rotation.built("third") == "succeeded"

    # what cannot be read changes nothing
    password.unlink()
    said = rotation.reload()
    assert said.returncode == 1
    assert "registries.pip.password" in said.stderr
    origin.files |= pip_files("fourth")
    assert rotation.built("fourth") == "succeeded"
    logs = [path.read_bytes() for path in rotation.server.data.rglob("*.log*") if path.is_file()]
    for secret in (CANARY, OTHER, basic(CANARY), basic(OTHER)):
        assert secret not in rotation.server.log() + said.stderr
        assert not any(secret.encode() in each for each in logs)
