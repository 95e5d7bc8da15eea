"""Blocking posts to a server over the outbound port, from any thread: what token requests are made with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from antechamber.base.outbound import Headers, Outbound, OutboundOptions


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


def open_poster(connect: Callable[[OutboundOptions], Outbound], options: OutboundOptions) -> Poster:
    """Return a poster that opens a connection for each request; callable from any thread, event loop or not."""
    raise NotImplementedError
