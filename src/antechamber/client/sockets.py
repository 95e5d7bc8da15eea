"""WebSockets of the server: the same credentials, proxies, certificates and failures as of every other call."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # it is documented, but not typed

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI

from antechamber.base.outbound import Headers, OutboundOptions
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import VERSION, Signer

__all__ = ["ClientConnection", "ConnectionClosed", "open_socket"]

_UNAUTHORIZED: Final = 401
_GET: Final = "GET"
# bytes of a message; a server of ours sends much shorter ones
_LONGEST: Final = 16 << 20


@asynccontextmanager
async def open_socket(
    base_url: str, path: str, headers: Headers, signer: Signer, options: OutboundOptions
) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket, which is closed at the block's end; `headers` are sent beside who calls and the version.

    ServerRefused if the server answers with an error, ServerUnreachable if nobody answers.
    """
    url = base_url + path
    signed = await _signed(signer)
    try:
        socket = await _open(url, [*signed, *headers], options)
    except ServerRefused as refused:
        if refused.status != _UNAUTHORIZED or not signer.can_renew:
            raise
        # as in `http`: a token that was replaced elsewhere is asked for once more
        socket = await _open(url, [*signer.headers(refused=signed), *headers], options)
    async with socket:
        yield socket


async def _signed(signer: Signer) -> Headers:
    import asyncio  # noqa: PLC0415 - as everywhere in `client`

    return await asyncio.to_thread(signer.headers)


async def _open(url: str, headers: Headers, options: OutboundOptions) -> ClientConnection:
    try:
        return await connect(
            "ws" + url.removeprefix("http"),
            additional_headers=[("anthropic-version", VERSION), *headers],
            user_agent_header=options.user_agent,
            proxy=_proxy(url, options.proxies or {}),
            ssl=_tls(options.ca_file) if url.startswith("https:") else None,
            open_timeout=options.connect_seconds,
            max_size=_LONGEST,
            # a terminal's bytes are few, and must not wait for a compressor
            compression=None,
        )
    except InvalidStatus as error:
        answered = {name.lower(): value for name, value in error.response.headers.raw_items()}
        raise ServerRefused(
            _GET, url, error.response.status_code, answered, bytes(error.response.body or b"")
        ) from error
    except TimeoutError as error:
        raise ServerUnreachable(_GET, url, "timeout", f"no answer within {options.connect_seconds:g} s") from error
    except (ssl.SSLError, ssl.CertificateError) as error:
        raise ServerUnreachable(_GET, url, "tls", str(error)) from error
    except OSError as error:
        raise ServerUnreachable(_GET, url, "refused", error.strerror or str(error)) from error
    except (InvalidHandshake, InvalidProxy, InvalidURI) as error:
        raise ServerUnreachable(_GET, url, "protocol", str(error)) from error


def _proxy(url: str, proxies: Mapping[str, str]) -> str | None:
    parts = urlsplit(url)
    exceptions = proxies.get("no")
    if exceptions and proxy_bypass_environment(parts.netloc, {"no": exceptions}):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def _tls(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
