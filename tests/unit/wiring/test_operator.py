"""The operator's socket: for the owner alone, and it outlives whatever is said to it."""

import asyncio
import contextlib
import json
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.settings import SettingsError
from antechamber.wiring.data_folder import DataFolderError
from antechamber.wiring.operator import OperatorSocket, ask_operator

FAILURES = {
    "wire": InvalidRequest("scope: wrong"),
    "catalogue": CatalogueError("providers: wrong"),
    "settings": SettingsError("port: wrong"),
}


async def echo(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(asked)


async def fail(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    raise FAILURES[asked["how"]]


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "operator.sock"
    path.touch()
    server = OperatorSocket(path, {"echo": echo, "fail": fail})
    await server.start()
    yield path
    await server.stop()
    await server.stop()
    assert not path.exists()


async def test_only_the_owner_may_open_it(path: Path) -> None:
    mode = path.stat().st_mode  # noqa: ASYNC240 - a file on this machine
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_ISSOCK(mode)


async def test_a_command_gets_its_arguments_and_answers(path: Path) -> None:
    assert await ask_operator(path, "echo", a=[1, "ä"]) == {"result": {"command": "echo", "a": [1, "ä"]}}


@pytest.mark.parametrize(
    ("how", "message"), [("wire", "scope: wrong"), ("catalogue", "providers: wrong"), ("settings", "port: wrong")]
)
async def test_a_refusal_is_told_in_its_own_words(path: Path, how: str, message: str) -> None:
    assert await ask_operator(path, "fail", how=how) == {"error": message}


async def test_a_failure_is_told_and_the_next_command_works(path: Path) -> None:
    answer = await ask_operator(path, "fail", how="unheard")
    assert answer["error"].startswith("the server failed at it: KeyError")
    assert "result" in await ask_operator(path, "echo")


@pytest.mark.parametrize(
    "line",
    [b"", b"nonsense", b"[]", b"5", b"{}", b'{"command": "no"}', b'{"command": []}', b'{"command": null}', b"\xff"],
)
async def test_what_is_no_command_is_told_which_there_are_on_the_same_connection(path: Path, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    for _ in range(2):
        writer.write(line + b"\n")
        assert json.loads(await reader.readline()) == {"error": "commands: echo, fail"}
    writer.close()


async def test_a_line_without_end_is_cut_off_and_the_next_caller_served(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"x" * (3 << 20))
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    assert "result" in await ask_operator(path, "echo")


async def test_nobody_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await ask_operator(tmp_path / "none.sock", "echo")


async def test_a_server_that_dies_before_it_answers_is_an_os_error(tmp_path: Path) -> None:
    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_unix_server(leave, tmp_path / "dying.sock"):
        with pytest.raises(OSError, match=r"."):
            await ask_operator(tmp_path / "dying.sock", "echo")


async def test_a_path_that_is_too_long_for_a_socket_says_so(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with pytest.raises(DataFolderError, match=r"operator\.sock: cannot be listened on: "):
        await OperatorSocket(folder / "operator.sock", {}).start()
