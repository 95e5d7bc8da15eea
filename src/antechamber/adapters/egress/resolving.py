"""Answers the resolver of a sandbox: allowed names with made-up addresses, others with a refusal; asks nobody."""

import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

from antechamber.adapters.egress import dns
from antechamber.adapters.egress.gate import Gate
from antechamber.adapters.egress.hosts import read_host
from antechamber.adapters.egress.policy import Denied

Spawn = Callable[[Coroutine[Any, Any, None]], None]
_Answer = Callable[[bytes], None]

_PACKET_INFO: Final = 8  # IP_PKTINFO: which address a query was sent to, and answers come from
_LONGEST_QUERY: Final = 4096
_AT_ONCE: Final = 64
_ROOM: Final = socket.CMSG_SPACE(12)


def serve_names(gate: Gate, opened: socket.socket, spawn: Spawn) -> None:
    """Answer what has come; `opened` tells which address each query was sent to."""
    for _ in range(_AT_ONCE):
        try:
            data, ancillary, _, asker = opened.recvmsg(_LONGEST_QUERY, _ROOM)
        except OSError:
            return
        answer = _answerer(opened, asker, ancillary)
        try:
            query = dns.read_query(data)
        except dns.QueryError:
            continue
        _serve(gate, query, answer, spawn)


def _serve(gate: Gate, query: dns.Query, answer: _Answer, spawn: Spawn) -> None:
    if not query.is_plain:
        answer(dns.answer(query, dns.NOT_IMPLEMENTED))
        return
    try:
        name = read_host(query.name)
    except ValueError:
        name = query.name.encode("ascii", "replace").decode("ascii")
        gate.journal.deny("dns", name, 53, Denied("malformed", "This is no name of a host."))
        answer(dns.answer(query, dns.REFUSED))
        return
    decision = gate.policy.name(str(name))
    if isinstance(decision, Denied):
        gate.deny("dns", name, 53, decision)
        answer(dns.answer(query, dns.REFUSED))
    elif gate.policy.is_limited or gate.names.knows(str(name)):
        _tell(gate, query, str(name), decision.rule, answer)
    else:
        spawn(_look_up(gate, query, str(name), decision.rule, answer))


def _tell(gate: Gate, query: dns.Query, name: str, rule: str, answer: _Answer) -> None:
    # no other kind has records: neither IPv6 nor keys for a hidden ClientHello are given out
    if query.kind != dns.A:
        answer(dns.answer(query, dns.NO_ERROR))
        return
    if not gate.names.knows(name):
        gate.journal.allow("dns", name, 53, rule)
    answer(dns.answer(query, dns.NO_ERROR, gate.names.address_of(name)))


async def _look_up(gate: Gate, query: dns.Query, name: str, rule: str, answer: _Answer) -> None:
    # where every name is open, whether one exists is known only to the DNS of the host
    if await gate.dialler.exists(name):
        _tell(gate, query, name, rule, answer)
    else:
        answer(dns.answer(query, dns.NO_SUCH_NAME))


def _answerer(opened: socket.socket, asker: object, ancillary: list[tuple[int, int, bytes]]) -> _Answer:
    sent_to = b""
    for level, kind, content in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _PACKET_INFO):
            # struct in_pktinfo: interface, address that it came in by, address in the header
            sent_to = content[8:12]
    control = [(socket.IPPROTO_IP, _PACKET_INFO, bytes(4) + sent_to + bytes(4))] if sent_to else []

    def answer(data: bytes) -> None:
        try:
            opened.sendmsg([data], control, 0, asker)  # type: ignore[arg-type] # an address as recvmsg gives it
        except OSError:
            return

    return answer
