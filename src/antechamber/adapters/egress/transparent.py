"""Serves programs that know of no proxy: what they aimed at is the address of the connection."""

import asyncio

from antechamber.adapters.egress.gate import HANDSHAKE_SECONDS, Gate
from antechamber.adapters.egress.heads import (
    LARGEST_HEAD,
    Head,
    HeadError,
    end_of_head,
    host_header,
    read_head,
)
from antechamber.adapters.egress.hello import HANDSHAKE
from antechamber.adapters.egress.hosts import Address, Host
from antechamber.adapters.egress.policy import Denied
from antechamber.adapters.egress.proxying import admit
from antechamber.adapters.egress.refusing import BAD_REQUEST, alert, refuse
from antechamber.adapters.egress.requests import send_request
from antechamber.adapters.egress.stream import Stream, TooLargeError
from antechamber.adapters.egress.tunnels import pass_on


async def serve_address(gate: Gate, stream: Stream, address: Address, port: int) -> None:
    """Serve one connection that was opened to an address."""
    host = gate.host_of(address)
    if not gate.policy.is_limited:
        await _tunnel(gate, stream, host, port, "tcp")
        return
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        first = await stream.peek()
    if first[:1] == bytes((HANDSHAKE,)):
        await _tunnel(gate, stream, host, port, "tls")
    elif first:
        await _request(gate, stream, host, port)


async def _tunnel(gate: Gate, stream: Stream, host: Host, port: int, kind: str) -> None:
    decision = gate.policy.connection(host, port)
    if isinstance(decision, Denied):
        await _close(gate, stream, host, port, kind, decision)
        return
    target = await gate.dialler.target(host, port, gate.policy)
    if isinstance(target, Denied):
        await _close(gate, stream, host, port, kind, target)
        return
    await pass_on(gate, stream, target, kind, decision.rule)


async def _close(gate: Gate, stream: Stream, host: Host, port: int, kind: str, denied: Denied) -> None:
    gate.deny(kind, host, port, denied)
    if kind == "tls":
        await alert(stream)
    else:
        stream.abort()


async def _request(gate: Gate, stream: Stream, host: Host, port: int) -> None:
    try:
        head = await _read(stream, host, port)
    except HeadError as error:
        await _malformed(gate, stream, host, port, Denied("host_mismatch", f"{error}."))
        return
    except TooLargeError:
        await _malformed(gate, stream, host, port, Denied("too_large", "The head of the request is too large."))
        return
    admitted = await admit(gate, stream, host, port, "http", plain=True)
    if admitted is not None:
        target, _, rule = admitted
        await send_request(gate, stream, target, head, rule)


async def _read(stream: Stream, host: Host, port: int) -> Head:
    async with asyncio.timeout(HANDSHAKE_SECONDS):
        head = read_head(await stream.read_until(end_of_head, LARGEST_HEAD))
    if not head.target.startswith("/") and head.target != "*":
        message = "the request is for another host than the connection"
        raise HeadError(message)
    # of an address that has no name the policy says why, and better
    if isinstance(host, str) and host_header(head, port) != (host, port):
        message = "the Host header is not the host of the connection"
        raise HeadError(message)
    return head


async def _malformed(gate: Gate, stream: Stream, host: Host, port: int, denied: Denied) -> None:
    gate.deny("http", host, port, denied)
    await refuse(stream, BAD_REQUEST, host, port, denied)
