"""Blocking posts to a server over the outbound port, from any thread: what token requests are made with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundOptions, OutboundResponse
from antechamber.client.failures import ServerUnreachable

# Token answers are small; more is a page of something that is in between.
_LARGEST: Final = 1024 * 1024
_POST: Final = "POST"
_MALFORMED: Final = "protocol"
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Poster(Protocol):
    """Sends one request."""

    def __call__(self, url: str, headers: Headers, body: bytes) -> Reply:
        """POST and return the answer, whatever its status; ServerUnreachable when none comes."""
        ...


class OutboundPoster:
    """Opens a connection for each request."""

    def __init__(self, connect: Callable[[OutboundOptions], Outbound], options: OutboundOptions) -> None:
        """Keep how to connect; nothing is opened yet."""
        self._connect = connect
        self._options = options

    def __call__(self, url: str, headers: Headers, body: bytes) -> Reply:
        """POST and return the answer, whatever its status; ServerUnreachable when none comes within 30 seconds."""
        import asyncio  # noqa: PLC0415 - 25 ms that a command without the network need not pay

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self._post(url, headers, body))
        # This thread runs somebody's loop already, and two do not nest.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(self._post(url, headers, body))).result()

    async def _post(self, url: str, headers: Headers, body: bytes) -> Reply:
        import asyncio  # noqa: PLC0415 - as above

        outbound = self._connect(self._options)
        try:
            async with asyncio.timeout(_SECONDS):
                response = await outbound.send(_POST, url, headers, body)
                return Reply(response.status, dict(response.headers), await _whole(response))
        except OutboundError as error:
            kind, note = error.kind, error.note
        except TimeoutError:
            kind, note = "timeout", f"no whole answer within {_SECONDS:g} s"
        finally:
            await outbound.close()
        raise ServerUnreachable(_POST, url, kind, note)


async def _whole(response: OutboundResponse) -> bytes:
    content = bytearray()
    while (piece := await response.chunk()) is not None:
        content += piece
        if len(content) > _LARGEST:
            note = f"the answer is larger than {_LARGEST} bytes"
            raise OutboundError(_MALFORMED, note)
    return bytes(content)


def open_poster(connect: Callable[[OutboundOptions], Outbound], options: OutboundOptions) -> Poster:
    """Return a poster that opens a connection for each request; callable from any thread, event loop or not."""
    return OutboundPoster(connect, options)
