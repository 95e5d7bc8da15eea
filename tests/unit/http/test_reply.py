"""Bodies are read up to a limit and not a byte further."""

import pytest

from antechamber.base.errors import InvalidRequest, RequestTooLarge
from antechamber.http.reply import CallerLeftError, Message, check_length, read_body

LIMIT = 10


class Body:
    """A body in parts; `taken` counts those that were asked for."""

    def __init__(self, *parts: bytes, whole: bool = True) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        if whole and self.messages:
            self.messages[-1]["more_body"] = False
        self.taken = 0

    async def receive(self) -> Message:
        self.taken += 1
        return self.messages.pop(0) if self.messages else {"type": "http.disconnect"}


async def read(body: Body, declared: bytes | None = None) -> bytes:
    headers = [] if declared is None else [(b"content-length", declared)]
    return await read_body({"headers": headers}, body.receive, LIMIT)


@pytest.mark.parametrize("parts", [(b"",), (b"0123456789",), (b"01234", b"56789"), (b"", b"x", b"")])
async def test_a_body_within_the_limit_is_read_whole(parts: tuple[bytes, ...]) -> None:
    assert await read(Body(*parts)) == b"".join(parts)


async def test_a_declared_length_over_the_limit_is_refused_before_anything_is_read() -> None:
    body = Body(b"0" * 11)
    with pytest.raises(RequestTooLarge):
        await read(body, b"11")
    assert body.taken == 0


@pytest.mark.parametrize("parts", [(b"0" * 11,), (b"0" * 10, b"0", b"0" * 100), (b"0" * 11, b"0")])
async def test_an_undeclared_length_is_refused_at_the_part_that_passes_the_limit(parts: tuple[bytes, ...]) -> None:
    body = Body(*parts)
    with pytest.raises(RequestTooLarge):
        await read(body)
    assert body.taken <= 2


@pytest.mark.parametrize("parts", [(), (b"012",)])
async def test_a_caller_who_leaves_before_the_end_is_told_nothing(parts: tuple[bytes, ...]) -> None:
    with pytest.raises(CallerLeftError):
        await read(Body(*parts, whole=False))


@pytest.mark.parametrize("declared", [b"", b"-1", b"ten", b"1.5", b"\xb2", b" 1"])
def test_a_length_that_is_no_number_is_refused(declared: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^content-length: must be a whole number$"):
        check_length(declared, LIMIT)


@pytest.mark.parametrize("declared", [b"11", b"9" * 30, b"9" * 10_000])
def test_any_number_over_the_limit_is_too_large(declared: bytes) -> None:
    with pytest.raises(RequestTooLarge):
        check_length(declared, LIMIT)


def test_the_refusal_says_the_limit() -> None:
    with pytest.raises(RequestTooLarge, match=r"^Request exceeds the maximum size of 32 MB\.$"):
        check_length(b"33554433", 32 << 20)
