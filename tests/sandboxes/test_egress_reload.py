"""A running server takes up what its file says of the egress, and the authorities that it names."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.issuers import Authority
from tests.live import LiveServer
from tests.origins import Echo
from tests.sandboxes.private import CANARY, Private, pip_files
from tests.sandboxes.sites import Rotation, config_of
from tests.sandboxes.test_sessions import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]
INSIDE, TRACKER = "inside.example", "tracker.example"
# what a session's program may reach is said by the proxy, in the answer to CONNECT
ASK = (
    "import os, socket, urllib.parse as p; u = p.urlsplit(os.environ['https_proxy']); "
    "c = socket.create_connection((u.hostname, u.port)); "
    "c.sendall(b'CONNECT {host}:{port} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n'); "
    "h = c.recv(4096).decode(); print(h.partition('rule=')[2].split()[0] if 'rule=' in h else h.split()[1])"
)
EGRESS = """
[egress]
blocked = {blocked}
private = [{{ network = "127.0.0.0/8", host = "{private}" }}]
hosts = {{ "tracker.example" = "127.0.0.1", "inside.example" = "127.0.0.1" }}
"""


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def egress(private: str, *blocked: str) -> str:
    return EGRESS.format(private=private, blocked=list(blocked))


def test_running_sessions_are_kept_from_what_is_blocked_and_new_ones_get_all_of_it(
    echo: Echo, make_server: Callable[..., LiveServer]
) -> None:
    server = make_server(config=egress(TRACKER))
    place, rotation = Place(server), Rotation(server)
    environment = place.environment("open")

    def said(session: str, host: str) -> str:
        told = place.execute(session, f'python3 -c "{ASK.format(host=host, port=echo.port)}"')
        return told.text.strip() or told.err.decode()

    old = place.session(environment)
    assert (said(old, TRACKER), said(old, INSIDE)) == ("200", "private_address")

    server.config.write_text(egress(INSIDE, TRACKER), encoding="utf-8")
    rotation.hang_up()
    new = place.session(environment)
    assert (said(old, TRACKER), said(old, INSIDE)) == ("blocked_host", "private_address")
    assert (said(new, TRACKER), said(new, INSIDE)) == ("blocked_host", "200")

    # what cannot be read changes nothing, and says why
    server.config.write_text(egress(TRACKER).replace("127.0.0.0/8", "127.0.0.0/99"), encoding="utf-8")
    refused = rotation.reload()
    assert refused.returncode == 1
    assert "[egress]: '127.0.0.0/99'" in refused.stderr
    assert said(place.session(environment), INSIDE) == "200"


def test_builds_that_follow_believe_the_authorities_that_are_there_then(
    tmp_path: Path, make_server: Callable[..., LiveServer]
) -> None:
    first, second = Authority(), Authority()
    bundle, password = tmp_path / "ca.pem", tmp_path / "password"
    password.write_text(CANARY)
    bundle.write_text(first.pem)
    origin = Private(tmp_path / "origin", second)
    try:
        for name in ("early", "late", "moved"):
            origin.files |= pip_files(name)
        rotation = Rotation(make_server(config=config_of(origin, bundle, password)))
        assert rotation.built("early") == "failed"
        bundle.write_text(second.pem)
        rotation.hang_up()
        assert rotation.built("late") == "succeeded"

        bundle.rename(tmp_path / "moved.pem")
        rotation.server.config.write_text(config_of(origin, tmp_path / "moved.pem", password))
        told = rotation.reload()
        assert told.returncode == 0, told.stderr
        assert rotation.built("moved") == "succeeded"
    finally:
        origin.close()
