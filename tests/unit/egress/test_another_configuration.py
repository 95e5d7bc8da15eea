"""Another configuration while the egress process runs: what is new gets it, what runs is only kept from more."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antechamber.adapters.egress.channel import Channel
from antechamber.adapters.egress.configuration import EgressConfiguration, PrivateNetwork
from antechamber.adapters.egress.messages import Answer, Attach, Listener, of_policy
from antechamber.adapters.egress.server import EgressServer
from antechamber.features.environments.model.sandbox import NetworkMode, NetworkPolicy
from tests.issuers import Authority
from tests.origins import Echo
from tests.unit.egress.serving import serving

pytestmark = pytest.mark.anyio
OPEN = NetworkPolicy(NetworkMode.UNRESTRICTED)
NAME, OTHER = "inside.example", "other.example"


@pytest.fixture
def folder() -> Iterator[Path]:
    # short: the name of a socket has a limit
    with tempfile.TemporaryDirectory(prefix="ante-e-") as name:
        yield Path(name)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def configuration(folder: Path, **parts: Any) -> EgressConfiguration:  # noqa: ANN401 - fields of EgressConfiguration
    hosts = dict.fromkeys((NAME, OTHER), "127.0.0.1")
    return EgressConfiguration(str(folder / "socket"), str(folder / "log"), hosts=hosts, **parts)


class Served:
    """An egress server, and sandboxes that are attached to it without being any."""

    def __init__(self, server: EgressServer, channel: Channel) -> None:
        self.server = server
        self._channel = channel
        self._count = 0

    async def attach(self) -> int:
        """Attach one more, and return the port of its proxy."""
        self._count += 1
        with socket.create_server(("127.0.0.1", 0)) as listener:
            attach = Attach(self._count, f"sesn_{self._count}", of_policy(OPEN), (Listener("proxy", 3128),))
            await self._channel.send(msgspec.json.encode(attach), [listener.fileno()])
            async with asyncio.timeout(30):
                answer = msgspec.json.decode(await self._channel.receive(), type=Answer)
            assert answer == Answer(self._count)
            return int(listener.getsockname()[1])


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    async with serving(configuration(folder)) as (server, channel):
        yield Served(server, channel)


async def said(proxy: int, host: str, port: int) -> str:
    """Ask a proxy for a connection, and return `open` or the rule that is against it."""

    def work() -> str:
        with socket.create_connection(("127.0.0.1", proxy), timeout=30) as connection:
            connection.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
                head += byte
            text = head.decode()
            return "open" if text.startswith("HTTP/1.1 200") else text.partition("rule=")[2].split("\r\n")[0]

    return await asyncio.to_thread(work)


async def test_what_is_opened_is_open_to_what_is_attached_later(folder: Path, echo: Echo) -> None:
    async with served(folder) as it:
        before = await it.attach()
        assert await said(before, NAME, echo.port) == "private_address"
        it.server.adopt(configuration(folder, private=(PrivateNetwork("127.0.0.0/8", NAME),)))
        after = await it.attach()
        assert (await said(before, NAME, echo.port), await said(after, NAME, echo.port)) == ("private_address", "open")


@pytest.mark.parametrize(("blocked", "rule"), [(NAME, "blocked_host"), ("127.0.0.0/8", "blocked_network")])
async def test_what_is_blocked_is_closed_to_all_and_what_is_unblocked_open_to_later_ones(
    folder: Path, echo: Echo, blocked: str, rule: str
) -> None:
    private = (PrivateNetwork("127.0.0.0/8"),)
    async with served(folder) as it:
        it.server.adopt(configuration(folder, private=private))
        running = await it.attach()
        assert await said(running, NAME, echo.port) == "open"
        for _ in range(2):
            it.server.adopt(configuration(folder, private=private, blocked=(blocked,)))
        assert [await said(each, NAME, echo.port) for each in (running, await it.attach())] == [rule, rule]
        it.server.adopt(configuration(folder, private=private))
        assert [await said(each, NAME, echo.port) for each in (running, await it.attach())] == [rule, "open"]


async def test_one_that_cannot_be_used_changes_nothing(folder: Path, echo: Echo) -> None:
    async with served(folder) as it:
        it.server.adopt(configuration(folder, private=(PrivateNetwork("127.0.0.0/8"),), blocked=(OTHER,)))
        for bad in (
            {"private": (PrivateNetwork("nonsense"),)},
            {"proxy": "nonsense"},
            {"ca_file": str(folder / "absent.pem")},
        ):
            with pytest.raises((ValueError, OSError)):
                it.server.adopt(configuration(folder, **bad))
        later = await it.attach()
        assert (await said(later, NAME, echo.port), await said(later, OTHER, echo.port)) == ("open", "blocked_host")


async def test_authorities_are_read_anew_from_the_same_file(folder: Path) -> None:
    bundle = folder / "bundle.pem"
    one, two = Authority(), Authority()
    bundle.write_text(one.pem, encoding="utf-8")
    told = configuration(folder, ca_file=str(bundle), registries_ca_file=str(bundle))
    server = EgressServer(told)
    believed = [_believed(server)]
    bundle.write_text(two.pem, encoding="utf-8")
    server.adopt(told)
    believed.append(_believed(server))
    assert believed == [{ssl.PEM_cert_to_DER_cert(one.pem)}, {ssl.PEM_cert_to_DER_cert(two.pem)}]


def _believed(server: EgressServer) -> set[bytes]:
    return set(server._rules.dialler.context.get_ca_certs(binary_form=True))


def test_the_process_takes_further_lines_and_answers_each(folder: Path) -> None:
    first = configuration(folder)
    lines: Sequence[tuple[object, bool]] = (
        (first, True),
        ({"socket": 1}, False),
        ({**msgspec.to_builtins(first), "private": [{"network": "x"}]}, False),
        ({**msgspec.to_builtins(first), "blocked": ["x.example"] * 20_000}, True),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "antechamber.adapters.egress"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(first) + b"\n")
        for line, is_taken in lines:
            process.stdin.write(msgspec.json.encode(line) + b"\n")
            process.stdin.flush()
            assert (json.loads(process.stdout.readline())["error"] is None) is is_taken
        process.stdin.close()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
