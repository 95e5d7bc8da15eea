"""The outbound HTTP port: how anything of ours calls another server."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Headers: TypeAlias = Sequence[tuple[str, str]]
# where a body is poured to: what it returns is waited for before the next piece
Sink: TypeAlias = Callable[[bytes], Awaitable[None] | None]


class OutboundError(Exception):
    """The other server could not be used; `kind` says how far the request came."""

    def __init__(self, kind: str, note: str) -> None:
        """`kind`: `refused` (no connection), `reset` (cut), `timeout`, `protocol` (not HTTP), `tls`."""
        super().__init__(note)
        self.kind = kind
        self.note = note


@dataclass(frozen=True, slots=True)
class OutboundOptions:
    """How a client of the port connects.

    Times are in seconds; `read_seconds` is the longest silence between two reads. `proxies` maps `http`, `https` and
    `no` (a comma list, as NO_PROXY) to their values; empty means a direct connection. `address` is the only address
    that is connected to, whatever the URL's name resolves to; certificates are still checked against the name.
    `ca_pem` holds the only authorities that are believed, in place of the system's.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 600.0
    max_connections: int = 2000
    max_idle_per_host: int = 256
    idle_seconds: float = 90.0
    http2: bool = False
    ca_file: str | None = None
    ca_pem: str | None = None
    address: str | None = None
    proxies: Mapping[str, str] | None = None
    user_agent: str = "antechamber"


class OutboundResponse(Protocol):
    """An answer whose headers have come and whose body may still be coming."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Headers:
        """Every header in order, names in lower case."""
        ...

    async def chunk(self) -> bytes | None:
        """Return what has come of the body since the last call, waiting for at least a byte; None at its end.

        Raises OutboundError when the connection breaks before the body is whole.
        """
        ...

    async def pour(self, sink: Sink) -> None:
        """Hand what comes of the body to the sink, at least a byte at a time, to its end.

        The sink is called and waited for by whoever has the bytes first, which need not be the caller's task; what it
        raises comes out here, and so does OutboundError when the connection breaks before the body is whole.
        """
        ...

    async def body(self) -> bytes:
        """Return the rest of the body."""
        ...

    async def close(self) -> None:
        """Drop the connection if the body has not ended; idempotent."""
        ...


class Outbound(Protocol):
    """A pool of connections."""

    async def send(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> OutboundResponse:
        """Send a request and return when the answer's headers have come; OutboundError if they don't."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
