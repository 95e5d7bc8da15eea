"""Programs that know of the proxy."""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.adapters.egress.dialling import read_proxy
from antechamber.features.environments.model.sandbox import HostRule, Injection, NetworkMode, NetworkPolicy
from tests.issuers import Authority
from tests.origins import Echo, Origin, ProxyUpstream
from tests.unit.egress.gates import read_all, secured, way_out

pytestmark = pytest.mark.anyio
GOOD = "good.example"
POST = b"POST http://mirror.example/ HTTP/1.1\r\nHost: mirror.example\r\n"
HOSTS = {GOOD: "127.0.0.1", "other.example": "127.0.0.1"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def origin(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    served = Origin(tmp_path_factory.mktemp("origin"), authority, GOOD)
    yield served
    served.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    served = Origin(tmp_path_factory.mktemp("plain"), None, "mirror.example")
    yield served
    served.close()


def rule(port: int, host: str = GOOD) -> HostRule:
    return HostRule(host, "allowed_hosts", (443, port))


async def test_an_allowed_host_is_reached_and_logged(tmp_path: Path, origin: Origin, authority: Authority) -> None:
    async with way_out(tmp_path, [rule(origin.port)], names=HOSTS) as out:
        answer = await out.fetch(GOOD, origin.port, authority.pem)
        assert b"hello from good.example" in answer
        allowed = await out.logged(decision="allow", host=GOOD, rule="allowed_hosts", address="127.0.0.1")
        ended = await out.logged(decision="end", of=allowed["sequence"])
        assert ended["sent"] > 100
        assert ended["received"] > len(answer)
        assert "failure" not in ended


async def test_megabytes_come_through_whole(tmp_path: Path, origin: Origin, authority: Authority) -> None:
    async with way_out(tmp_path, [rule(origin.port)], names=HOSTS) as out:
        answer = await out.fetch(GOOD, origin.port, authority.pem, path="/size/20000000")
        assert answer.count(b"x") == 20_000_000


async def test_tls_for_another_host_is_not_dialled(tmp_path: Path, origin: Origin, authority: Authority) -> None:
    before = origin.connections
    async with way_out(tmp_path, [rule(origin.port)], names=HOSTS) as out:
        with pytest.raises(ssl.SSLError, match=r"(?i)access.denied"):
            await out.fetch(GOOD, origin.port, authority.pem, sni="other.example")
        await out.logged(decision="deny", rule="sni_mismatch")
    assert origin.connections == before


async def test_other_than_tls_is_not_dialled(tmp_path: Path, origin: Origin) -> None:
    before = origin.connections
    async with way_out(tmp_path, [rule(origin.port)], names=HOSTS) as out:
        answer = await out.connect(f"{GOOD}:{origin.port}", _other_than_tls)
        assert len(answer) == 7  # an alert of TLS
        await out.logged(decision="deny", rule="not_tls")
    assert origin.connections == before


@pytest.mark.parametrize(
    ("authority_text", "broken"),
    [
        ("other.example:443", "allowed_hosts"),
        ("sub.good.example:443", "allowed_hosts"),
        ("93.184.216.34:443", "direct_address"),
        ("[2606:2800:220:1::1]:443", "direct_address"),
        ("169.254.169.254:80", "direct_address"),
        ("good.example:22", "port"),
    ],
)
async def test_what_is_not_allowed_is_refused_with_the_rule(tmp_path: Path, authority_text: str, broken: str) -> None:
    async with way_out(tmp_path, [HostRule(GOOD, "allowed_hosts")], names=HOSTS) as out:
        answer = await out.ask(f"CONNECT {authority_text} HTTP/1.1\r\nHost: {authority_text}\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 403 Forbidden")
        assert f"X-Antechamber-Egress: denied; rule={broken}".encode() in head
        error = json.loads(body)["error"]
        assert error["type"] == "permission_error"
        assert error["details"]["rule"] == broken
        assert error["details"]["remedy"] in error["message"]
        await out.logged(decision="deny", rule=broken)


@pytest.mark.parametrize(
    ("address", "broken"),
    [
        ("127.0.0.1", "private_address"),
        ("10.1.2.3", "private_address"),
        ("169.254.169.254", "private_address"),
        ("100.64.0.1", "private_address"),
        ("::1", "private_address"),
        ("::ffff:10.0.0.1", "private_address"),
        ("64:ff9b::a00:1", "private_address"),
        ("2002:a00:1::", "private_address"),
        ("93.184.216.34 192.168.0.1", "private_address"),
        ("", "unresolvable"),
    ],
)
async def test_an_allowed_name_never_leads_to_what_is_not_public(tmp_path: Path, address: str, broken: str) -> None:
    rules = [HostRule(GOOD, "allowed_hosts")]
    async with way_out(tmp_path, rules, names={GOOD: address}, private=()) as out:
        answer = await out.ask(b"CONNECT good.example:443 HTTP/1.1\r\nHost: good.example:443\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 Bad Gateway")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["details"]["rule"] == broken


async def test_a_private_network_is_for_the_hosts_that_it_names(
    tmp_path: Path, origin: Origin, authority: Authority
) -> None:
    rules = [rule(origin.port), rule(origin.port, "other.example")]
    private = [PrivateNetwork("127.0.0.0/8", GOOD)]
    async with way_out(tmp_path, rules, names=HOSTS, private=private) as out:
        assert b"hello" in await out.fetch(GOOD, origin.port, authority.pem)
        assert b" 502 " in await out.connect(f"other.example:{origin.port}")


async def test_the_control_plane_is_never_reached(tmp_path: Path, origin: Origin) -> None:
    policies = [
        NetworkPolicy(NetworkMode.LIMITED, (rule(origin.port),)),
        NetworkPolicy(NetworkMode.UNRESTRICTED),
    ]
    for number, policy in enumerate(policies):
        own = (("ante.example", 443), ("localhost", origin.port))
        async with way_out(tmp_path / str(number), policy=policy, names=HOSTS, control_plane=own) as out:
            assert b"rule=control_plane" in await out.connect(f"{GOOD}:{origin.port}")
            assert b"rule=control_plane" in await out.connect("ante.example:443")


async def test_plain_http_is_for_hosts_that_have_a_port_for_it(tmp_path: Path, plain: Origin) -> None:
    names = {"mirror.example": "127.0.0.1", GOOD: "127.0.0.1"}
    rules = [HostRule("mirror.example", "apt", (80, plain.port)), HostRule(GOOD, "allowed_hosts")]
    host = f"mirror.example:{plain.port}"
    async with way_out(tmp_path, rules, names=names) as out:
        answer = await out.ask(f"GET http://{host}/pool?x=1 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"hello from mirror.example" in answer
        assert plain.asked[-1][:2] == (host, "/pool?x=1")
        await out.logged(decision="end", sent=0, host="mirror.example")
        denied = await out.ask(b"GET http://good.example/ HTTP/1.1\r\nHost: good.example\r\n\r\n")
        assert b" 403 " in denied
        assert b"rule=https_only" in denied
        other = await out.ask(f"GET http://{host}/ HTTP/1.1\r\nHost: good.example\r\n\r\n".encode())
        assert b" 400 " in other


async def test_one_connection_carries_one_plain_request(tmp_path: Path, plain: Origin) -> None:
    rules = [HostRule("mirror.example", "apt", (80, plain.port))]
    host = f"mirror.example:{plain.port}"
    before = len(plain.asked)
    async with way_out(tmp_path, rules, names={"mirror.example": "127.0.0.1"}) as out:
        one = f"GET http://{host}/one HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n"
        two = "GET /two HTTP/1.1\r\nHost: hidden.example\r\n\r\n"
        answer = await out.ask((one + two).encode())
        assert answer.count(b"HTTP/1.1") == 1
    assert [path for _, path, _ in plain.asked[before:]] == ["/one"]


@pytest.mark.parametrize(
    ("framing", "body", "taken"),
    [
        ("Content-Length: 5\r\n", "hello", b"hello"),
        ("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
    ],
)
async def test_bodies_go_out_as_they_are_framed(
    tmp_path: Path, plain: Origin, framing: str, body: str, taken: bytes
) -> None:
    rules = [HostRule("mirror.example", "apt", (80, plain.port))]
    host = f"mirror.example:{plain.port}"
    async with way_out(tmp_path, rules, names={"mirror.example": "127.0.0.1"}) as out:
        head = f"POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{framing}\r\n"
        assert b"taken" in await out.ask((head + body).encode())
    assert plain.bodies[-1] == taken


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET http://mirror.example/ HTTP/1.1\r\nHost: mirror.example\r\nHost: other.example\r\n\r\n",
        b"GET http://mirror.example/ HTTP/1.1\r\n\r\n",
        b"GET /path HTTP/1.1\r\nHost: mirror.example\r\n\r\n",
        b"GET https://mirror.example/ HTTP/1.1\r\nHost: mirror.example\r\n\r\n",
        b"GET http://user@mirror.example/ HTTP/1.1\r\nHost: mirror.example\r\n\r\n",
        b"GET http://mirror.example/ HTTP/1.1\r\nHost : mirror.example\r\n\r\n",
        b"GET http://mirror.example/ HTTP/1.1\r\nHost: mirror.example\r\n folded: yes\r\n\r\n",
        b"CONNECT good.example HTTP/1.1\r\n\r\n",
        b"CONNECT 127.1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT 0x7f000001:443 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        b"GET http://mirror.example/ HTTP/1.1\r\nX: " + b"x" * 70_000,
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused(tmp_path: Path, request_bytes: bytes) -> None:
    rules = [HostRule("mirror.example", "apt", (80,)), HostRule(GOOD, "allowed_hosts")]
    async with way_out(tmp_path, rules, names={"mirror.example": "127.0.0.1", GOOD: "127.0.0.1"}) as out:
        assert (await out.ask(request_bytes)).startswith(b"HTTP/1.1 400 Bad Request")


async def test_unrestricted_takes_any_protocol_to_any_port(tmp_path: Path) -> None:
    echo = Echo()
    try:
        async with way_out(tmp_path, policy=NetworkPolicy(NetworkMode.UNRESTRICTED), names=HOSTS) as out:
            assert await out.connect(f"good.example:{echo.port}", _chat) == b"ready\nsome bytes\n"
            await out.logged(decision="end", sent=11, received=17)
    finally:
        echo.close()


async def test_unrestricted_keeps_to_what_is_public_and_not_blocked(tmp_path: Path) -> None:
    policy = NetworkPolicy(NetworkMode.UNRESTRICTED, blocked=("*.bad.example", "93.184.216.0/24"))
    async with way_out(tmp_path, policy=policy, names={"x.bad.example": "1.1.1.1"}, private=()) as out:
        for authority_text, broken in (
            ("10.0.0.1:22", b"private_address"),
            ("169.254.169.254:80", b"private_address"),
            ("x.bad.example:443", b"blocked_host"),
            ("93.184.216.34:443", b"blocked_network"),
        ):
            head = await out.connect(authority_text)
            assert b" 403 " in head
            assert b"rule=" + broken in head


async def test_a_header_is_injected_where_the_sandbox_cannot_see_it(
    tmp_path: Path, origin: Origin, authority: Authority
) -> None:
    injected = Injection(GOOD, "Authorization", "Bearer secret-of-the-vault", (origin.port,), reads_only=True)
    policy = NetworkPolicy(NetworkMode.LIMITED, (rule(origin.port),), injections=(injected,))
    async with way_out(tmp_path, policy=policy, names=HOSTS, pem=authority.pem) as out:
        assert out.authority is not None
        pem, place = out.authority.certificate, f"{GOOD}:{origin.port}"
        request = f"GET /with HTTP/1.1\r\nHost: {place}\r\nAuthorization: mine\r\n"
        assert b"hello from good.example" in await out.connect(place, secured(pem, GOOD, request))
        assert origin.asked[-1][2]["Authorization"] == "Bearer secret-of-the-vault"
        assert "secret-of-the-vault" not in json.dumps(out.log)
        writing = f"POST /with HTTP/1.1\r\nHost: {place}\r\nContent-Length: 0\r\n"
        await out.connect(place, secured(pem, GOOD, writing))
        assert "Authorization" not in origin.asked[-1][2]
        other = "GET / HTTP/1.1\r\nHost: other.example\r\n"
        refused = await out.connect(place, secured(pem, GOOD, other))
        assert b" 400 " in refused


async def test_an_injected_header_goes_to_its_ports_alone(tmp_path: Path, origin: Origin, authority: Authority) -> None:
    injected = Injection(GOOD, "Authorization", "Bearer secret-of-the-vault")
    policy = NetworkPolicy(NetworkMode.LIMITED, (rule(origin.port),), injections=(injected,))
    async with way_out(tmp_path, policy=policy, names=HOSTS, pem=authority.pem) as out:
        assert b"hello" in await out.fetch(GOOD, origin.port, authority.pem)
        assert "Authorization" not in origin.asked[-1][2]


async def test_a_host_that_takes_connections_and_says_nothing_is_given_up_where_there_is_a_limit(
    tmp_path: Path, authority: Authority
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        policy = NetworkPolicy(NetworkMode.LIMITED, (rule(port),), answer_seconds=0.5)
        async with way_out(tmp_path, policy=policy, names=HOSTS) as out:
            with contextlib.suppress(OSError, AssertionError):
                await out.fetch(GOOD, port, authority.pem)
            await out.logged(decision="end", host=GOOD, port=port, failure="unanswered")
            answer = await out.ask(f"GET http://{GOOD}:{port}/ HTTP/1.1\r\nHost: {GOOD}:{port}\r\n\r\n".encode())
            assert b" 504 " in answer
            assert b"rule=unanswered" in answer


async def test_an_upstream_proxy_is_asked_by_name_with_its_password(
    tmp_path: Path, origin: Origin, authority: Authority
) -> None:
    upstream = ProxyUpstream(lambda _: origin.port)
    try:
        proxy = read_proxy(f"http://user:p%40ss@127.0.0.1:{upstream.port}")
        async with way_out(tmp_path, [rule(origin.port)], names=None, proxy=proxy) as out:
            out.gate.dialler._resolve = _only_addresses
            assert b"hello" in await out.fetch(GOOD, origin.port, authority.pem)
        assert upstream.asked[0].startswith(f"CONNECT {GOOD}:{origin.port} HTTP/1.1")
        assert "Proxy-Authorization: Basic dXNlcjpwQHNz" in upstream.asked[0]
        assert "p%40ss" not in repr(proxy)
    finally:
        upstream.close()


async def _only_addresses(name: str, _: int) -> list[str]:
    if name != "127.0.0.1":
        raise OSError
    return [name]


async def test_more_connections_than_a_sandbox_may_have_are_cut(tmp_path: Path) -> None:
    async with way_out(tmp_path, names=HOSTS, most=2) as out:
        with (
            socket.create_connection(("127.0.0.1", out.proxy)),
            socket.create_connection(("127.0.0.1", out.proxy)),
        ):
            # those before it are counted first: the proxy accepts in order
            assert await out.ask(b"GET / HTTP/1.1\r\n\r\n") == b""
            await out.logged(decision="deny", rule="too_many_connections")


def _chat(connection: socket.socket) -> bytes:
    with connection.makefile("rwb") as file:
        first = file.readline()
        file.write(b"some bytes\n")
        file.flush()
        connection.shutdown(socket.SHUT_WR)
        return first + file.read()


def _other_than_tls(connection: socket.socket) -> bytes:
    connection.sendall(b"SSH-2.0-x\r\n")
    return read_all(connection)
