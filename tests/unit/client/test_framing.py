from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.client.framing import Framing, Head, MalformedAnswer, read_head

CHUNKED = Head(200, 1, [("transfer-encoding", "chunked")])


def head(text: bytes) -> Head:
    found = read_head(bytearray(text))
    assert found is not None
    return found


def body(framing: Framing, pieces: list[bytes]) -> bytes:
    buffer = bytearray()
    found = b""
    for piece in pieces:
        buffer += piece
        while taken := framing.take(buffer):
            found += taken
    return found


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(0, 10_000)), st.booleans())
def test_chunks_are_joined_wherever_the_network_cuts(chunks: list[bytes], places: list[int], trailer: bool) -> None:  # noqa: FBT001
    text = b"".join(b"%x;x=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    text += b"0\r\nx-sum: 1\r\n\r\n" if trailer else b"0\r\n\r\n"
    framing = Framing(CHUNKED, bodiless=False)
    assert body(framing, cut(text, places)) == b"".join(chunks)
    assert framing.is_ended


@given(st.binary(min_size=1, max_size=40), st.sampled_from([b"", b";x=1"]), st.binary(max_size=8), st.integers(0, 60))
def test_a_sole_chunk_is_what_reading_it_in_the_common_way_gives(
    content: bytes, extension: bytes, behind: bytes, kept: int
) -> None:
    came = (b"%x%s\r\n%s\r\n" % (len(content), extension, content) + behind)[: kept or None]
    whole, framing = Framing(CHUNKED, bodiless=False), Framing(CHUNKED, bodiless=False)
    found = framing.sole(came)
    assert found in {b"", content}
    assert bool(found) == (came == b"%x%s\r\n%s\r\n" % (len(content), extension, content))
    if found:
        assert whole.take(bytearray(came)) == found
    assert framing.sole(b"0\r\n\r\n") == b""


@pytest.mark.parametrize(
    "came", [b"-1\r\n\r\n", b"1_0\r\n0123456789abcdef\r\n", b" 1\r\na\r\n", b"\r\n\r\n", b"0\r\n\r\n"]
)
def test_what_is_no_chunks_size_is_left_to_the_common_way(came: bytes) -> None:
    assert Framing(CHUNKED, bodiless=False).sole(came) == b""


@given(st.binary(), st.lists(st.integers(0, 10_000)))
def test_a_length_ends_the_body_and_leaves_the_rest(content: bytes, places: list[int]) -> None:
    framing = Framing(Head(200, 1, [("content-length", str(len(content)))]), bodiless=False)
    assert body(framing, cut(content + b"HTTP", places)) == content
    assert framing.is_ended


@given(st.binary())
def test_any_bytes_are_a_head_or_none_or_refused(text: bytes) -> None:
    try:
        read_head(bytearray(text))
    except MalformedAnswer:
        return


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-x\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: 1\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\0\r\n\r\n",
    ],
)
def test_a_head_that_readers_could_take_differently_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        read_head(bytearray(text))


@pytest.mark.parametrize(
    "headers",
    [
        [("transfer-encoding", "gzip, chunked")],
        [("transfer-encoding", "chunked"), ("content-length", "3")],
        [("content-length", "3"), ("content-length", "4")],
        [("content-length", "-1")],
        [("content-length", "1_0")],
    ],
)
def test_contradicting_lengths_are_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(MalformedAnswer):
        Framing(Head(200, 1, headers), bodiless=False)


@pytest.mark.parametrize("text", [b"zz\r\nab\r\n", b"2\r\nabc\r\n", b"-2\r\nab", b" 2\r\nab", b"2\r\nab\n\n"])
def test_malformed_chunks_are_refused(text: bytes) -> None:
    framing = Framing(CHUNKED, bodiless=False)
    with pytest.raises(MalformedAnswer):
        body(framing, [text])


def test_answers_say_whether_the_connection_stays() -> None:
    assert head(b"HTTP/1.1 200 OK\r\n\r\n").keeps_open
    assert not head(b"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n").keeps_open
    assert not head(b"HTTP/1.0 200 OK\r\n\r\n").keeps_open
    assert head(b"HTTP/1.0 200\r\nconnection: keep-alive\r\n\r\n").keeps_open
    assert head(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_interim


def test_some_answers_have_no_body_whatever_they_say() -> None:
    headers = [("content-length", "5")]
    assert Framing(Head(204, 1, headers), bodiless=False).is_ended
    assert Framing(Head(200, 1, headers), bodiless=True).is_ended
    assert Framing(Head(200, 1, []), bodiless=False).ends_with_connection
