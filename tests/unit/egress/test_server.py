"""The egress process: its socket, what supervisors say there, and its configuration."""

import array
import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest

from antechamber.adapters.egress.authority import Certificates, make_authority
from antechamber.adapters.egress.channel import Channel, ChannelClosed
from antechamber.adapters.egress.configuration import EgressConfiguration, PrivateNetwork
from antechamber.adapters.egress.dialling import read_proxy
from antechamber.adapters.egress.messages import (
    Answer,
    Attach,
    Detach,
    Injected,
    Listener,
    Policy,
    of_policy,
    to_policy,
)
from antechamber.adapters.egress.server import EgressServer
from antechamber.features.environments.model.sandbox import HostRule, Injection, NetworkMode, NetworkPolicy
from tests.unit.egress.serving import serving

pytestmark = pytest.mark.anyio
POLICY = NetworkPolicy(
    NetworkMode.LIMITED,
    (HostRule("*.a.example", "pip", (443, 80)),),
    ("bad.example",),
    (Injection("a.example", "Authorization", "Bearer hidden"),),
)


@pytest.fixture
def folder() -> Iterator[Path]:
    # short: the name of a socket has a limit
    with tempfile.TemporaryDirectory(prefix="ante-e-") as name:
        yield Path(name)


def served(folder: Path) -> AbstractAsyncContextManager[tuple[EgressServer, Channel]]:
    return serving(EgressConfiguration(str(folder / "socket"), str(folder / "log")))


async def say(channel: Channel, message: Attach | Detach, sockets: tuple[socket.socket, ...] = ()) -> Answer:
    await channel.send(msgspec.json.encode(message), [each.fileno() for each in sockets])
    async with asyncio.timeout(30):
        return msgspec.json.decode(await channel.receive(), type=Answer)


def test_a_policy_is_understood_as_it_was_meant() -> None:
    sent = msgspec.json.encode(of_policy(POLICY))
    assert to_policy(msgspec.json.decode(sent, type=Policy)) == POLICY
    assert "hidden" not in repr(Injected("a.example", "Authorization", "hidden"))
    assert "hidden" not in repr(POLICY)


async def test_what_was_handed_over_is_served_until_it_is_taken_back(folder: Path) -> None:
    async with served(folder) as (_, channel):
        assert (folder / "socket").stat().st_mode & 0o777 == 0o600
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            attach = Attach(1, "sesn_1", of_policy(NetworkPolicy(NetworkMode.LIMITED)), (Listener("proxy", 3128),))
            assert await say(channel, attach, (listener,)) == Answer(1)
            assert await asyncio.to_thread(ask, port) == b"HTTP/1.1 403"
            # an attachment of the same id is in its place
            assert await say(channel, msgspec.structs.replace(attach, number=2), (listener,)) == Answer(2)
            assert await asyncio.to_thread(ask, port) == b"HTTP/1.1 403"
            assert await say(channel, Detach(3, "sesn_1")) == Answer(3)
            assert await say(channel, Detach(4, "sesn_1")) == Answer(4)


async def test_what_a_supervisor_handed_over_ends_with_it(folder: Path) -> None:
    async with served(folder) as (server, channel):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            attach = Attach(1, "sesn_1", of_policy(NetworkPolicy(NetworkMode.LIMITED)), (Listener("proxy", 3128),))
            assert await say(channel, attach, (listener,)) == Answer(1)
        channel.close()
        async with asyncio.timeout(30):
            while server._attached:  # noqa: ASYNC110 - it has no event for tests
                await asyncio.sleep(0.01)


async def test_what_cannot_be_served_is_said(folder: Path) -> None:
    async with served(folder) as (_, channel):
        for number, (sandbox_id, mode) in enumerate((("sesn_1", "other"), ("../x", "limited"))):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                attach = Attach(number, sandbox_id, Policy(mode), (Listener("proxy", 3128),))
                answer = await say(channel, attach, (listener,))
            assert answer.number == number
            assert answer.error is not None


async def test_nonsense_ends_the_connection_alone(folder: Path) -> None:
    async with served(folder) as (_, channel):
        await channel.send(b"nonsense")
        with pytest.raises(ChannelClosed):
            await channel.receive()
        async with asyncio.timeout(30):
            connection = socket.socket(socket.AF_UNIX)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, str(folder / "socket"))
            again = Channel(connection)
            assert await say(again, Detach(1, "sesn_1")) == Answer(1)
            again.close()


async def test_long_messages_and_their_descriptors_arrive_whole() -> None:
    ours, theirs = map(Channel, socket.socketpair())
    read, write = os.pipe()
    try:
        message = b"x" * 1_000_000
        sending = asyncio.create_task(ours.send(message, [write]))
        assert await theirs.receive() == message
        await sending
        (taken,) = theirs.take_descriptors(1)
        os.write(taken, b"through")
        assert os.read(read, 10) == b"through"
        os.close(taken)
        with pytest.raises(ChannelClosed, match="announced"):
            theirs.take_descriptors(1)
        with pytest.raises(ValueError, match="too large"):
            await ours.send(bytes(5 << 20))
    finally:
        os.close(read)
        os.close(write)
        ours.close()
        theirs.close()


async def test_descriptors_that_nobody_takes_are_closed() -> None:
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    with ours:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write]))]
        ours.sendmsg([b"\0\0\0\1x"], rights)
        channel = Channel(theirs)
        assert await channel.receive() == b"x"
        os.close(write)
        channel.close()
        assert os.read(read, 1) == b""
        os.close(read)


def test_certificates_are_of_their_authority_and_for_their_host() -> None:
    authority = make_authority("sesn_1")
    context = Certificates(authority).context("a.example")
    client = ssl.create_default_context(cadata=authority.certificate)
    handshake(context, client, "a.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, client, "b.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, ssl.create_default_context(cadata=make_authority("sesn_2").certificate), "a.example")
    assert authority.key not in repr(authority)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = client.wrap_bio(back, there, server_hostname=name)
    outside = server.wrap_bio(there, back, server_side=True)
    for side in (inside, outside, inside, outside):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()


@pytest.mark.parametrize("url", ["socks5://a:1", "a:1", "http://", "http://a:x", "http://a/path", "http://a:1?x"])
def test_an_upstream_proxy_has_a_plain_address(url: str) -> None:
    with pytest.raises(ValueError, match="must be as"):
        read_proxy(url)


def test_an_upstream_proxy_is_read() -> None:
    proxy = read_proxy("https://user:p%3Aw@proxy.example")
    assert (proxy.host, proxy.port, proxy.is_tls, proxy.authorization) == (
        "proxy.example",
        443,
        True,
        "Basic dXNlcjpwOnc=",
    )
    assert read_proxy("http://proxy.example:8080").authorization is None
    shown = EgressConfiguration("/s", "/l", private=(PrivateNetwork("10.0.0.0/8"),), proxy="http://u:p@h:1")
    assert "u:p" not in repr(shown)


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"", b'{"socket": 1}\n', b'{"socket":"/s","log_folder":"/l","private":[{"network":"x"}]}\n']
)
def test_the_process_refuses_a_configuration_that_it_cannot_use(line: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "antechamber.adapters.egress"], input=line, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"egress: ")


def test_the_process_ends_when_its_input_does(folder: Path) -> None:
    told = {"socket": str(folder / "s"), "log_folder": str(folder / "l")}
    line = json.dumps(told).encode() + b"\n"
    done = subprocess.run(
        [sys.executable, "-m", "antechamber.adapters.egress"], input=line, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (folder / "s").exists()


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"CONNECT a.example:443 HTTP/1.1\r\n\r\n")
        return connection.recv(12)
