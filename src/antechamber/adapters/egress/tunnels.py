"""Connections whose bytes are passed on as they are, once the first of them have been looked at."""

import asyncio
import contextlib
from typing import Final

from antechamber.adapters.egress import hello
from antechamber.adapters.egress.dialling import DialError, Target
from antechamber.adapters.egress.gate import HANDSHAKE_SECONDS, Gate
from antechamber.adapters.egress.heads import HeadError, end_of_head, host_header, read_head
from antechamber.adapters.egress.hosts import Host, show_host
from antechamber.adapters.egress.policy import HTTP, HTTPS, Denied
from antechamber.adapters.egress.refusing import BAD_GATEWAY, alert, refuse
from antechamber.adapters.egress.relay import Carried, relay
from antechamber.adapters.egress.requests import end_tls
from antechamber.adapters.egress.stream import Stream

_PATIENCE_SECONDS: Final = 0.3


async def pass_on(gate: Gate, stream: Stream, target: Target, kind: str, rule: str, greeting: bytes = b"") -> None:
    """Take an allowed connection out; `greeting` is what a proxy's client waits for.

    In limited networks TLS must ask for the very host, before anything is dialled.
    """
    injection = gate.policy.injection(target.host, target.port)
    if gate.policy.is_limited or injection is not None:
        await stream.write(greeting)
        if (denied := await _name_refusal(stream, target.host)) is not None:
            gate.deny(kind, target.host, target.port, denied)
            await alert(stream)
            return
        if gate.certificates is not None and injection is not None:
            await end_tls(gate, stream, target, kind, rule, injection)
            return
        greeting = b""
    try:
        outside = await gate.dialler.dial(target, gate.policy.answer_seconds)
    except DialError as error:
        denied = Denied("unreachable", f"{show_host(target.host)}:{target.port}: {error}.")
        gate.deny(kind, target.host, target.port, denied)
        if greeting:
            await refuse(stream, BAD_GATEWAY, target.host, target.port, denied)
        else:
            stream.abort()
        return
    try:
        await stream.write(greeting)
        if not gate.policy.is_limited and gate.policy.reads_names(target.port):
            denied_name = await _blocked_name(gate, stream, target.port)
            if denied_name is not None:
                gate.deny(kind, target.host, target.port, denied_name)
                await alert(stream)
                return
        await carry(gate, stream, outside, target, kind, rule)
    finally:
        outside.close()


async def carry(gate: Gate, stream: Stream, outside: Stream, target: Target, kind: str, rule: str) -> None:
    """Carry bytes both ways until the end, and write into the log how many."""
    host = show_host(target.host)
    number = gate.journal.allow(kind, host, target.port, rule, str(target.addresses[0]) if target.addresses else None)
    carried, failure = Carried(), "cut"
    try:
        failure = await relay(stream, outside, carried, gate.policy.answer_seconds) or ""
    finally:
        gate.journal.end(number, kind, host, target.port, carried.sent, carried.received, failure or None)
        if failure:
            stream.abort()
            outside.abort()


async def _name_refusal(stream: Stream, host: Host) -> Denied | None:
    """Say why the first bytes are not those of TLS with this very host, or None."""
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            name = await _server_name(stream)
    except (hello.HelloError, TimeoutError, OSError) as error:
        why = str(error) if isinstance(error, hello.HelloError) else "nothing came"
        return Denied("not_tls", f"The connection to {show_host(host)} does not begin as TLS must: {why}.")
    if name != host:
        return Denied("sni_mismatch", f"The connection to {show_host(host)} asks in TLS for {name[:253]}.")
    return None


async def _server_name(stream: Stream) -> str:
    while (name := hello.server_name(data := await stream.peek())) is None:
        if len(data) > hello.LARGEST or not await stream.more():
            message = "it ends too early"
            raise hello.HelloError(message)
    return name.removesuffix(".")


async def _blocked_name(gate: Gate, stream: Stream, port: int) -> Denied | None:
    """Say whether the client, should it speak first, asks for a name that is blocked."""
    if not await stream.has_more_within(_PATIENCE_SECONDS):
        return None
    name: str | None = None
    with contextlib.suppress(hello.HelloError, HeadError, TimeoutError, OSError):
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            if port == HTTPS:
                name = await _server_name(stream)
            elif port == HTTP and (end := end_of_head(data := await stream.peek())):
                host, _ = host_header(read_head(data[:end]))
                name = host if isinstance(host, str) else None
    if name is None:
        return None
    decision = gate.policy.name(name)
    return decision if isinstance(decision, Denied) else None
