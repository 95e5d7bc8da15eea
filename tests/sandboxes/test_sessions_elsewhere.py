"""Sessions of a server that is not root, and of one whose containers an engine runs: up, shut in, and gone."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dockerd import Dockerd
from tests.live import LiveServer
from tests.sandboxes.test_sessions import LIMITED, Place, until
from tests.sandboxing import ROOT, make_user, needed

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(240)]
ASK = "python3 -c \"import urllib.request as u; u.urlopen('https://denied.example')\""


class UsersServer(LiveServer):
    """A server that a user without rights runs."""

    def __init__(self, folder: Path, user: str) -> None:
        super().__init__(folder, environment={"ANTE_CACHE": str(folder / "cache")})
        self._shown = ":".join([*needed(), str(folder)])
        self._user = user
        for place, _, files in os.walk(folder):
            for name in (".", *files):
                shutil.chown(f"{place}/{name}", user)

    def launch(self) -> None:
        launcher = [sys.executable, str(ROOT / "tests" / "unprivileged.py"), self._user, self._shown]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*launcher, sys.executable, "-m", "antechamber", *self.arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@pytest.fixture(params=["oci-rootless", "docker"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with contextlib.ExitStack() as stack:
        # short, for sockets; and where another user may pass
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-sessions-")))
        folder.chmod(0o755)
        if request.param == "docker":
            engine = Dockerd().start()
            stack.callback(engine.stop)
            config = f'sandbox_runtime = "docker"\nsandbox_docker_url = "{engine.url}"\n'
            server = LiveServer(folder, config=config)
        else:
            server = UsersServer(folder, make_user().pw_name)
        stack.callback(server.stop)
        yield Place(server.start())
        assert '"event": "unhandled"' not in server.log()


def test_a_session_s_container_comes_up_is_shut_in_and_goes_with_it(place: Place) -> None:
    session = place.session(place.environment("limited", LIMITED))
    assert place.execute(session, "pwd; echo kept > said; cat said").text == "/workspace\nkept\n"
    assert place.execute(session, ASK).status.code != 0
    until(lambda: place.get(f"/v1/sessions/{session}/egress")["data"])
    denied = place.get(f"/v1/sessions/{session}/egress?limit=1")["data"][0]
    assert (denied["decision"], denied["host"], denied["rule"]) == ("deny", "denied.example", "allowed_hosts")
    assert place.ask("DELETE", f"/v1/sessions/{session}").status == 200
    until(lambda: not place.is_there(session))
