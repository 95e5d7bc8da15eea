"""Starts that must not succeed: each says why, and how to go on."""

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.faults.calls import MESSAGES, ask, body_for
from tests.faults.conftest import Rig
from tests.faults.processes import Server

pytestmark = pytest.mark.faults


def _serve(server: Server, *more: str) -> tuple[int, str]:
    said = server.run("serve", *(more or ("--port", "0")), check=False)
    code, _, text = said.partition(" ")
    assert "Traceback" not in text
    return int(code), text


async def test_a_second_server_on_the_same_folder_is_refused(rig: Rig) -> None:
    code, text = _serve(rig.server)
    assert code == 1
    assert f"another server (process {rig.server.pid}) uses this data folder" in text
    assert (await ask(rig.server, MESSAGES, body_for(MESSAGES, "still there"))).status == 200


def test_a_port_in_use_is_refused(rig: Rig) -> None:
    code, text = _serve(rig.server, "--port", str(rig.server.port))
    assert code == 2
    assert f"127.0.0.1:{rig.server.port}: cannot be listened on: Address already in use" in text


def test_an_address_that_is_not_ours_is_refused(rig: Rig) -> None:
    code, text = _serve(rig.server, "--host", "192.0.2.1", "--port", "0")
    assert code == 2
    assert "192.0.2.1:0: cannot be listened on" in text


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_schema_from_the_future_is_refused(make_rig: Callable[..., Rig], command: str) -> None:
    server = make_rig().server
    assert server.stop() == 0
    with closing(sqlite3.connect(server.data / "antechamber.db")) as link:
        link.execute("UPDATE alembic_version SET version_num = '9999'")
        link.commit()
    said = server.run(command, *(["--port", "0"] if command == "serve" else []), check=False)
    assert said.startswith("1 ")
    assert "9999" in said
    assert "Traceback" not in said


def test_a_file_that_is_no_database_is_refused(make_rig: Callable[..., Rig]) -> None:
    server = make_rig().server
    assert server.stop() == 0
    for path in server.data.glob("antechamber.db*"):
        path.unlink()
    (server.data / "antechamber.db").write_bytes(b"hello" * 1000)
    code, text = _serve(server)
    assert code == 1
    assert text.startswith("Error: ")


def test_a_pepper_that_others_can_read_is_refused(make_rig: Callable[..., Rig]) -> None:
    server = make_rig().server
    assert server.stop() == 0
    (server.data / "secrets" / "pepper").chmod(0o644)
    code, text = _serve(server)
    assert code == 1
    assert "others can read it" in text


def test_a_folder_that_cannot_be_made_is_refused(rig: Rig) -> None:
    command = [*_python(rig), "serve", "--data", "/proc/nowhere", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=rig.server.environment)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: /proc/nowhere")


def _python(rig: Rig) -> list[str]:
    assert rig.server.popen is not None
    arguments = rig.server.popen.args
    assert isinstance(arguments, list)
    return [str(each) for each in arguments[:3]]
