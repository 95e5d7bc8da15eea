"""What the egress proxy reads of others' bytes: the first of TLS, queries for names, heads of requests."""

import contextlib
import ssl
import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.egress import dns, heads, hello


def client_hello(name: str | None, protocols: tuple[str, ...] = ()) -> bytes:
    """Return what OpenSSL sends first."""
    context = ssl.create_default_context()
    if name is None:
        context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(list(protocols))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


WHOLE = client_hello("some.host.example", ("h2", "http/1.1"))


def in_records(message: bytes, sizes: int) -> bytes:
    pieces = [message[at : at + sizes] for at in range(0, len(message), sizes)]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(piece)) + piece for piece in pieces)


def test_the_name_is_found_in_what_openssl_sends() -> None:
    assert hello.server_name(WHOLE) == "some.host.example"
    assert hello.server_name(WHOLE + b"more") == "some.host.example"


@given(st.integers(0, len(WHOLE) - 1))
def test_half_of_it_is_waited_for(size: int) -> None:
    assert hello.server_name(WHOLE[:size]) is None


@given(st.integers(1, 700))
def test_it_may_come_in_records_of_any_size(size: int) -> None:
    assert hello.server_name(in_records(WHOLE[5:], size)) == "some.host.example"


def test_without_a_name_it_is_refused() -> None:
    with pytest.raises(hello.HelloError, match="names no host"):
        hello.server_name(client_hello(None))


@given(st.binary(max_size=400))
def test_other_bytes_are_refused_or_waited_for(data: bytes) -> None:
    with contextlib.suppress(hello.HelloError):
        assert hello.server_name(data) is None


@given(st.data())
def test_no_broken_hello_does_more_than_be_refused(data: st.DataObject) -> None:
    broken = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = hello.server_name(bytes(broken))
    except hello.HelloError:
        return
    assert found is None or isinstance(found, str)


def hello_with(extensions: bytes) -> bytes:
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\0"
        + b"\0\x02\x13\x01"
        + b"\x01\0"
        + struct.pack(">H", len(extensions))
        + extensions
    )
    return in_records(b"\x01" + len(body).to_bytes(3) + body, 16384)


def name_extension(*names: bytes, kind: int = 0) -> bytes:
    entries = b"".join(bytes([kind]) + struct.pack(">H", len(name)) + name for name in names)
    listed = struct.pack(">H", len(entries)) + entries
    return struct.pack(">HH", 0, len(listed)) + listed


def test_two_names_are_refused_however_they_are_said() -> None:
    assert hello.server_name(hello_with(name_extension(b"A.example"))) == "a.example"
    one = name_extension(b"a.example")
    for extensions in (
        one + one,
        name_extension(b"a.example", b"b.example"),
        name_extension(b"a.example", kind=1),
        b"\xff",
    ):
        with pytest.raises(hello.HelloError):
            hello.server_name(hello_with(extensions))


def test_a_hello_without_end_is_refused() -> None:
    with pytest.raises(hello.HelloError, match="too large"):
        hello.server_name(in_records(b"\x01\xff\xff\xff" + bytes(16000), 16384))
    with pytest.raises(hello.HelloError, match="length"):
        hello.server_name(b"\x16\x03\x01\xff\xff")
    with pytest.raises(hello.HelloError, match="no ClientHello"):
        hello.server_name(in_records(b"\x02\0\0\0", 16))


def query(name: str, kind: int = dns.A, flags: int = 0x0100, of: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 77, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, of)


@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True), min_size=1, max_size=6),
    st.sampled_from([dns.A, dns.AAAA, 16]),
)
def test_a_query_is_read_and_said_again(labels: list[str], kind: int) -> None:
    found = dns.read_query(query(".".join(labels), kind))
    assert (found.name, found.kind, found.is_plain) == (".".join(labels).lower(), kind, True)
    answered = dns.answer(found, dns.NO_ERROR, IPv4Address("198.18.9.9"))
    assert answered[:2] == (77).to_bytes(2)
    assert answered[12:].startswith(query(".".join(labels), kind)[12:])
    assert answered.endswith(bytes([198, 18, 9, 9]))
    refused = dns.answer(found, dns.REFUSED)
    assert refused[3] & 15 == dns.REFUSED
    assert refused[6:8] == bytes(2)


@given(st.binary(max_size=300))
def test_other_datagrams_are_no_queries(data: bytes) -> None:
    with contextlib.suppress(dns.QueryError):
        assert isinstance(dns.read_query(data), dns.Query)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        query("a.example", flags=0x8000),
        query("a.example")[:-1],
        query("a.example")[:12] + b"\xc0\x0c\0\x01\0\x01",
        query(".".join(["a" * 60] * 5)),
        query("a.example")[:12] + b"\x01\xff\0\0\x01\0\x01",
    ],
)
def test_what_is_no_query_is_not_answered(data: bytes) -> None:
    with pytest.raises(dns.QueryError):
        dns.read_query(data)


def test_other_classes_and_acts_are_told_apart() -> None:
    assert not dns.read_query(query("a.example", of=3)).is_plain
    assert not dns.read_query(query("a.example", flags=0x2800)).is_plain


def head_of(text: str) -> heads.Head:
    return heads.read_head(text.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n")


def test_a_request_is_written_for_one_hop() -> None:
    head = head_of(
        "GET http://a.example/x?y HTTP/1.1\nHost: a.example\nProxy-Authorization: Basic x\n"
        "Connection: keep-alive, X-Hop, Host\nX-Hop: 1\nAccept: */*\nKeep-Alive: 5\nUpgrade: h2c"
    )
    host, port, origin = heads.plain_target(head)
    assert (host, port) == ("a.example", 80)
    assert heads.write_head(origin, [("accept", "text/html")]) == (
        b"GET /x?y HTTP/1.1\r\nHost: a.example\r\naccept: text/html\r\nConnection: close\r\n\r\n"
    )


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    with contextlib.suppress(heads.HeadError):
        head = heads.read_head(data + b"\r\n\r\n")
        heads.body_of(head)
        heads.plain_target(head)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ("", heads.Body()),
        ("\nContent-Length: 12", heads.Body(12)),
        ("\nContent-Length: 12\nContent-Length: 12", heads.Body(12)),
        ("\nTransfer-Encoding: Chunked", heads.Body(chunked=True)),
        ("\nContent-Length: +1", None),
        ("\nContent-Length: 1, 1", None),
        ("\nContent-Length: 1\nTransfer-Encoding: chunked", None),
        ("\nTransfer-Encoding: chunked\nTransfer-Encoding: identity", None),
    ],
)
def test_the_length_of_a_body_is_known_in_one_way(fields: str, body: heads.Body | None) -> None:
    head = head_of(f"POST / HTTP/1.1\nHost: a.example{fields}")
    if body is not None:
        assert heads.body_of(head) == body
    else:
        with pytest.raises(heads.HeadError):
            heads.body_of(head)


@pytest.mark.parametrize(
    "text",
    [
        "GET / HTTP/2",
        "GET  / HTTP/1.1",
        "GET /\x01 HTTP/1.1",
        "get",
        "GET / HTTP/1.1\nno colon",
        "GET / HTTP/1.1\nA: b\x00c",
    ],
)
def test_a_head_that_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(heads.HeadError):
        head_of(text)
