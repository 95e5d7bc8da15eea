"""Addresses that others choose are fetched only if nothing private can come of it."""

import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.outbound import Outbound, OutboundOptions
from antechamber.client.direct import DirectOutbound
from antechamber.client.guard import (
    Guard,
    GuardLimits,
    GuardReason,
    GuardRefusal,
    check_certificates,
    is_public,
    read_origin,
)
from tests.issuers import Authority, LocalIssuer, send
from tests.origins import Origin


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    served = LocalIssuer(tmp_path)
    yield served
    served.close()


def _reason(url: str, guard: Guard | None = None) -> GuardReason:
    with pytest.raises(GuardRefusal) as caught:
        (guard or Guard()).check(url)
    return caught.value.reason


async def _refused(guard: Guard, url: str, ca_pem: str | None = None) -> GuardRefusal:
    with pytest.raises(GuardRefusal) as caught:
        await guard.fetch("GET", url, ca_pem=ca_pem)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example.com/keys",
        "ftp://issuer.example.com/",
        "//issuer.example.com/",
        "issuer.example.com",
        "",
        "https://",
        "https:///keys",
        "https://user@issuer.example.com/",
        "https://user:secret@issuer.example.com/",
        "https://issuer.example.com:8443/",
        "https://issuer.example.com:0/",
        "https://issuer.example.com:80/",
        "https://issuer.example.com:x/",
        "https://issuer.example.com/#keys",
        "https://issuer.example.com\\@127.0.0.1/",
        "https://issuer.example.com/ keys",
        "https://issuer.example.com/\r\nhost: 127.0.0.1",
        "https://\u0131ssuer.example.com/",
        "https://issuer.example.com/" + "x" * 2048,
        "https://[::1/",
    ],
)
def test_only_an_https_address_without_frills_on_port_443_may_be_fetched(url: str) -> None:
    assert _reason(url) is GuardReason.URL


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "8.8.8.8", "[::1]", "[2606:4700::1111]", "[::ffff:8.8.8.8]", "2130706433", "0x7f000001", "127.1",
        "0177.0.0.1", "1.1.1", "example.0x1", "localhost", "metadata", "example.com.", ".example.com", "exa mple.com",
        "-example.com", "a..b", "x" * 64 + ".com", ".".join(["x" * 60] * 5),
    ],
)  # fmt: skip
def test_what_is_no_name_of_the_public_dns_is_not_fetched(host: str) -> None:
    assert _reason(f"https://{host}/") in {GuardReason.NAME, GuardReason.URL}


@pytest.mark.parametrize(
    "url",
    [
        "https://issuer.example.com",
        "https://issuer.example.com/",
        "https://issuer.example.com:443/tenant/keys?version=2",
        "https://ISSUER.example.com/",
        "https://_spiffe.example.com/keys",
    ],
)
def test_a_public_name_on_port_443_may(url: str) -> None:
    Guard().check(url)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1",
        "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001:db8::1", "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_of_the_internet_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "140.82.121.4", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_does_not_make_it_public(address: object) -> None:
    assert is_public(ip_address(f"::ffff:{address}")) == is_public(ip_address(str(address)))
    assert is_public(ip_address(f"64:ff9b::{address}")) == is_public(ip_address(str(address)))


async def test_a_name_that_resolves_to_a_private_address_is_refused_without_saying_which() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["1.1.1.1", "10.99.0.7"]

    refusal = await _refused(Guard(resolve=resolve), "https://issuer.example.com/")
    assert refusal.reason is GuardReason.PRIVATE
    assert "10.99" not in str(refusal)


async def test_a_name_that_rebinds_is_connected_to_where_it_was_checked(issuer: LocalIssuer) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    asked: list[str] = []
    connected: list[str | None] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(f"{host}:{port}")
        return answers.pop(0)

    def open_noting(options: OutboundOptions) -> Outbound:
        connected.append(options.address)
        return DirectOutbound(options)

    guard = Guard(resolve=resolve, open_outbound=open_noting, limits=GuardLimits(total_seconds=0.5))
    await _refused(guard, "https://rebinding.example.com/keys")
    # asked once only: the second answer, which is private, is never heard
    assert asked == ["rebinding.example.com:443"]
    assert connected == ["93.184.216.34"]
    assert issuer.asked == []


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    assert (await _refused(Guard(resolve=resolve), "https://issuer.example.com/")).reason is GuardReason.UNREACHABLE


async def test_nothing_listens_means_unreachable(tmp_path: Path) -> None:
    gone = LocalIssuer(tmp_path)
    gone.close()
    assert (await _refused(Guard([gone.url]), gone.url)).reason is GuardReason.UNREACHABLE


async def test_a_private_origin_needs_the_operators_word(issuer: LocalIssuer) -> None:
    assert _reason(issuer.url) is GuardReason.URL
    answer = await Guard([issuer.url]).fetch("GET", f"{issuer.url}/keys", ca_pem=issuer.authority.pem)
    assert (answer.status, b"kid" in answer.body) == (200, True)


async def test_the_operators_word_is_for_one_port_of_one_host(issuer: LocalIssuer) -> None:
    port = int(issuer.url.rpartition(":")[2])
    guard = Guard([f"https://127.0.0.1:{port + 1}"])
    assert _reason(issuer.url, guard) is GuardReason.URL
    assert _reason(f"https://localhost:{port + 1}", guard) is GuardReason.URL


async def test_a_name_that_the_operator_allows_may_be_private(issuer: LocalIssuer) -> None:
    port = issuer.url.rpartition(":")[2]
    guard = Guard([f"https://localhost:{port}"])
    answer = await guard.fetch("GET", f"https://localhost:{port}/keys", ca_pem=issuer.authority.pem)
    assert answer.status == 200


async def test_a_certificate_of_another_authority_is_refused(issuer: LocalIssuer) -> None:
    guard = Guard([issuer.url])
    for pem in (None, Authority().pem):
        assert (await _refused(guard, issuer.url, pem)).reason is GuardReason.TLS


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority()
    other = LocalIssuer(tmp_path, authority)
    try:
        port = other.url.rpartition(":")[2]

        async def resolve(host: str, port: int) -> Sequence[str]:
            del host, port
            return ["127.0.0.1"]

        guard = Guard([f"https://issuer.internal:{port}"], resolve=resolve)
        assert (await _refused(guard, f"https://issuer.internal:{port}/", authority.pem)).reason is GuardReason.TLS
    finally:
        other.close()


async def test_certificates_that_are_none_are_refused() -> None:
    for pem in ("", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(GuardRefusal):
            check_certificates(pem)
    check_certificates(Authority().pem)


async def test_a_redirect_is_not_followed(issuer: LocalIssuer) -> None:
    issuer.answers["/away"] = lambda request: send(request, b"", 302, location=f"{issuer.url}/keys")
    refusal = await _refused(Guard([issuer.url]), f"{issuer.url}/away", issuer.authority.pem)
    assert refusal.reason is GuardReason.REDIRECT
    assert issuer.asked == ["/away"]


@pytest.mark.parametrize("is_declared", [True, False])
async def test_an_answer_past_a_mebibyte_is_cut_off(issuer: LocalIssuer, *, is_declared: bool) -> None:
    sent: list[int] = []

    def pour(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if is_declared:
            request.send_header("content-length", str(10 << 20))
        else:
            request.send_header("connection", "close")
        request.end_headers()
        try:
            for _ in range(10):
                request.wfile.write(b"x" * (1 << 20))
                sent.append(1)
        except OSError:
            request.close_connection = True

    issuer.answers["/much"] = pour
    refusal = await _refused(Guard([issuer.url]), f"{issuer.url}/much", issuer.authority.pem)
    assert refusal.reason is GuardReason.TOO_LARGE
    assert len(sent) < 10


async def test_an_answer_of_exactly_a_mebibyte_is_taken(issuer: LocalIssuer) -> None:
    issuer.answers["/full"] = lambda request: send(request, b"x" * (1 << 20))
    answer = await Guard([issuer.url]).fetch("GET", f"{issuer.url}/full", ca_pem=issuer.authority.pem)
    assert len(answer.body) == 1 << 20


async def test_a_server_that_trickles_is_given_up_in_time(issuer: LocalIssuer) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-length", "1000")
        request.end_headers()
        try:
            for _ in range(200):
                request.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            request.close_connection = True

    issuer.answers["/drip"] = trickle
    guard = Guard([issuer.url], limits=GuardLimits(total_seconds=0.5))
    assert (await _refused(guard, f"{issuer.url}/drip", issuer.authority.pem)).reason is GuardReason.TIMEOUT


async def test_a_server_that_says_nothing_is_given_up_in_time(issuer: LocalIssuer) -> None:
    issuer.answers["/mute"] = lambda _request: time.sleep(1)
    guard = Guard([issuer.url], limits=GuardLimits(silent_seconds=0.2))
    assert (await _refused(guard, f"{issuer.url}/mute", issuer.authority.pem)).reason is GuardReason.TIMEOUT


async def test_what_is_not_http_is_a_protocol_error(issuer: LocalIssuer) -> None:
    issuer.answers["/odd"] = lambda request: [request.wfile.write(b"ssh-2.0\r\n\r\n"), request.connection.close()][1]
    refusal = await _refused(Guard([issuer.url]), f"{issuer.url}/odd", issuer.authority.pem)
    assert refusal.reason in {GuardReason.PROTOCOL, GuardReason.UNREACHABLE}


@pytest.mark.parametrize(
    "origin",
    ["http://10.0.0.1", "https://", "https://a.example/path", "https://a.example?x=1", "10.0.0.1", "https://u@a"],
)
def test_an_origin_that_is_none_is_refused_at_once(origin: str) -> None:
    with pytest.raises(ValueError, match="https"):
        read_origin(origin)


def test_origins_are_read_whatever_their_capitals_and_slash() -> None:
    assert read_origin("https://Kubernetes.default.SVC/") == ("https", "kubernetes.default.svc", 443)
    assert read_origin("https://[fd00::1]:8443") == ("https", "fd00::1", 8443)


def test_an_origin_without_tls_is_read_only_where_that_is_allowed() -> None:
    assert read_origin("http://127.0.0.1:4318", plain=True) == ("http", "127.0.0.1", 4318)
    assert read_origin("http://collector", plain=True) == ("http", "collector", 80)
    with pytest.raises(ValueError, match="https"):
        Guard(["http://127.0.0.1:4318"])


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:4319/", "http://example.com/", "http://example.com:443/", "https://127.0.0.1:4318/"],
)
def test_what_the_operator_did_not_name_is_never_asked_without_tls(url: str) -> None:
    with pytest.raises(GuardRefusal):
        Guard(["http://127.0.0.1:4318"], plain=True).check(url)


async def test_an_origin_without_tls_is_asked_as_the_operator_named_it(tmp_path: Path) -> None:
    origin = Origin(tmp_path)
    url = f"http://127.0.0.1:{origin.port}"
    try:
        answer = await Guard([url], plain=True).fetch("POST", f"{url}/v1/traces", body=b"spans")
    finally:
        origin.close()
    assert (answer.status, origin.bodies) == (200, [b"spans"])
