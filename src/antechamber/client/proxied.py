"""The outbound HTTP port on pyreqwest: for proxies and HTTP/2."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    ConnectError,
    DecodeError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response, ResponseBodyReader

from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundOptions, Sink

_CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_TLS_WORDS: Final = ("certificate", "tls", "handshake", "ssl")
# The first that fits. A ValueError is a request that could not be built; a cut body comes as the bare library error.
_KINDS: Final = (
    (PoolTimeoutError, "refused"),
    (RequestTimeoutError, "timeout"),
    ((DecodeError, ValueError), "protocol"),
    (Exception, "reset"),
)


def open_proxied(options: OutboundOptions) -> Outbound:
    """Open a pool of connections; OSError if the CA file cannot be read, ValueError if it or a proxy is malformed."""
    return ReqwestOutbound(_configure(ClientBuilder(), options).build())


def _configure(builder: ClientBuilder, options: OutboundOptions) -> ClientBuilder:
    """Make a pyreqwest builder forward bytes as they are: no decoding, redirects, cookies or proxies of its own."""
    builder = (
        builder.no_proxy()
        .gzip(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .deflate(enable=False)
        .follow_redirects(enable=False)
        .referer(enable=False)
        .error_for_status(enable=False)
        .default_cookie_store(enable=False)
        .http1_lower_case_headers()
        .http2(options.http2)
        .user_agent(options.user_agent)
        .connect_timeout(timedelta(seconds=options.connect_seconds))
        .read_timeout(timedelta(seconds=options.read_seconds))
        .pool_timeout(timedelta(seconds=options.connect_seconds))
        .pool_idle_timeout(timedelta(seconds=options.idle_seconds))
        .pool_max_idle_per_host(options.max_idle_per_host)
        .max_connections(options.max_connections)
    )
    for proxy in _proxies(options.proxies or {}):
        builder = builder.proxy(proxy)
    if options.ca_file is not None:
        for certificate in _certificates(Path(options.ca_file)):
            builder = builder.add_root_certificate_pem(certificate)
    return builder


def _proxies(proxies: Mapping[str, str]) -> list[ProxyBuilder]:
    exceptions = proxies.get("no") or None
    makers = (("http", ProxyBuilder.http), ("https", ProxyBuilder.https), ("all", ProxyBuilder.all))
    return [make(proxies[scheme]).no_proxy(exceptions) for scheme, make in makers if proxies.get(scheme)]


def _certificates(path: Path) -> list[bytes]:
    # The library reads one certificate a call, and bundles hold many.
    found = _CERTIFICATE.findall(path.read_bytes())
    if not found:
        message = f"{path} holds no PEM certificate"
        raise ValueError(message)
    return found


def to_outbound_error(error: Exception) -> OutboundError:
    """Say in the port's words what the library met: `refused`, `reset`, `timeout`, `protocol` or `tls`."""
    details = getattr(error, "details", None)
    causes = (details.get("causes") if isinstance(details, dict) else None) or ()
    messages = [str(cause["message"]) for cause in causes]
    last = messages[-1] if messages else getattr(error, "message", str(error))
    return OutboundError(_kind(error, messages), last)


def _kind(error: Exception, messages: list[str]) -> str:
    if isinstance(error, ConnectError):
        # The library calls a connection that was cut before the first answer byte a connect error, too.
        if "client error (Connect)" not in messages:
            return "reset"
        words = " ".join(messages[2:]).lower()
        return "tls" if any(word in words for word in _TLS_WORDS) else "refused"
    return next(kind for types, kind in _KINDS if isinstance(error, types))


def to_headers(headers: HeaderMap) -> list[tuple[str, str]]:
    """List every header in order, names in lower case; one whose value is not ASCII is left out.

    The library refuses to hand out such a value, and one bad header must not lose the others.
    """
    try:
        return list(headers.items())
    except ValueError:
        return _readable(headers)


def _readable(headers: HeaderMap) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name in dict.fromkeys(headers.keys()):
        try:
            pairs.extend((name, value) for value in headers.getall(name))
        except ValueError:
            continue
    return pairs


class ReqwestResponse:
    """An answer whose body is read as it comes, one network chunk at a time, so a slow reader slows the sender."""

    __slots__ = ("_ended", "_reader", "_request", "_response", "status")

    def __init__(self, request: StreamRequest, response: Response) -> None:
        self._request = request
        self._response = response
        self._reader: ResponseBodyReader = response.body_reader
        self._ended = False
        self.status: int = response.status

    @property
    def headers(self) -> Headers:
        """Every header in order, names in lower case."""
        return to_headers(self._response.headers)

    async def chunk(self) -> bytes | None:
        """Return the next bytes of the body, at least one; None at its end; OutboundError when it is cut."""
        if self._ended:
            return None
        try:
            while (piece := await self._reader.read_chunk()) is not None:
                if piece:
                    return piece.to_bytes()
        except (PyreqwestError, ValueError) as error:
            raise to_outbound_error(error) from error
        self._ended = True
        return None

    async def pour(self, sink: Sink) -> None:
        """Hand what comes of the body to the sink, to its end."""
        while (piece := await self.chunk()) is not None:
            taken = sink(piece)
            if taken is not None:
                await taken

    async def body(self) -> bytes:
        """Return the rest of the body; OutboundError when it is cut."""
        try:
            rest = (await self._reader.bytes()).to_bytes()
        except (PyreqwestError, ValueError) as error:
            raise to_outbound_error(error) from error
        self._ended = True
        return rest

    async def close(self) -> None:
        """Drop the connection if the body has not ended; idempotent."""
        if not self._ended:
            self._ended = True
            await self._request.__aexit__(None, None, None)


class ReqwestOutbound:
    """A pool of connections on pyreqwest."""

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> ReqwestResponse:
        """Send a request and return when the answer's headers have come; OutboundError if they don't.

        Names may repeat; values are sent as UTF-8.
        """
        try:
            builder = self._client.request(method, url).headers(headers)
            if body is not None:
                builder = builder.body_bytes(body)
            # Without a limit of 0 headers and events wait until 64 KiB have come.
            request = builder.streamed_read_buffer_limit(0).build_streamed()
            return ReqwestResponse(request, await request.__aenter__())
        except (PyreqwestError, ValueError) as error:
            raise to_outbound_error(error) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()
