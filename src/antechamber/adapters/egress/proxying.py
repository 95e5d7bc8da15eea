"""Serves programs that know of the proxy: CONNECT, and requests for `http://` addresses."""

import asyncio
from typing import Final

from antechamber.adapters.egress.dialling import Target
from antechamber.adapters.egress.gate import HANDSHAKE_SECONDS, Gate
from antechamber.adapters.egress.heads import (
    LARGEST_HEAD,
    Head,
    HeadError,
    connect_target,
    end_of_head,
    plain_target,
    read_head,
)
from antechamber.adapters.egress.hosts import Host
from antechamber.adapters.egress.policy import Denied
from antechamber.adapters.egress.refusing import BAD_GATEWAY, BAD_REQUEST, FORBIDDEN, refuse
from antechamber.adapters.egress.requests import send_request
from antechamber.adapters.egress.stream import Stream, TooLargeError
from antechamber.adapters.egress.tunnels import pass_on

_ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


async def serve_proxy(gate: Gate, stream: Stream) -> None:
    """Serve one connection to the proxy's port: one request."""
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            head = read_head(await stream.read_until(end_of_head, LARGEST_HEAD))
        if head.method == "CONNECT":
            await _connect(gate, stream, head)
        else:
            await _plain(gate, stream, head)
    except HeadError as error:
        await _malformed(gate, stream, Denied("malformed", f"{error}."))
    except TooLargeError:
        await _malformed(gate, stream, Denied("too_large", "The head of the request is too large."))


async def _connect(gate: Gate, stream: Stream, head: Head) -> None:
    host, port = connect_target(head)
    admitted = await admit(gate, stream, gate.host_of(host), port, "connect")
    if admitted is not None:
        await pass_on(gate, stream, *admitted, _ESTABLISHED)


async def _plain(gate: Gate, stream: Stream, head: Head) -> None:
    host, port, origin = plain_target(head)
    admitted = await admit(gate, stream, gate.host_of(host), port, "http", plain=True)
    if admitted is not None:
        target, _, rule = admitted
        await send_request(gate, stream, target, origin, rule)


async def admit(
    gate: Gate, stream: Stream, host: Host, port: int, kind: str, *, plain: bool = False
) -> tuple[Target, str, str] | None:
    """Return where an HTTP client may be taken, the kind and the rule; None when it was refused."""
    decision = gate.policy.connection(host, port, plain=plain)
    if isinstance(decision, Denied):
        gate.deny(kind, host, port, decision)
        await refuse(stream, FORBIDDEN, host, port, decision)
        return None
    target = await gate.dialler.target(host, port, gate.policy)
    if isinstance(target, Denied):
        gate.deny(kind, host, port, target)
        await refuse(stream, BAD_GATEWAY, host, port, target)
        return None
    return target, kind, decision.rule


async def _malformed(gate: Gate, stream: Stream, denied: Denied) -> None:
    gate.journal.deny("http", "", 0, denied)
    await refuse(stream, BAD_REQUEST, None, 0, denied)
