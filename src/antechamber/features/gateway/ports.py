"""What the gateway needs from outside."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from antechamber.base.errors import WireError
from antechamber.base.outbound import Headers, OutboundResponse
from antechamber.features.gateway.model import Asked, Catalogue, Provider, Tally, UpstreamProblem
from antechamber.features.limits.model.admission import Asking, Detour


class Upstreams(Protocol):
    """Connections to every provider of the catalogue."""

    def adopt(self, catalogue: Catalogue) -> None:
        """Open what a new catalogue needs and let go of the rest; requests under way end undisturbed."""
        ...

    async def send(
        self, provider: Provider, method: str, target: str, headers: Headers, body: bytes | None
    ) -> OutboundResponse:
        """Send to a provider with its own key; OutboundError if no answer begins."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Scanner(Protocol):
    """Watches one answer go by."""

    tally: Tally
    begun: bool
    finished: bool
    problem: UpstreamProblem | None

    def feed(self, chunk: bytes) -> bool:
        """See the next bytes of a stream; true where of the tally nothing but the output can have changed."""
        ...

    def whole(self, body: bytes) -> None:
        """See a complete answer."""
        ...

    def shown(self, chunk: bytes, *, last: bool = False) -> bytes:
        """Return what the caller is to see now, when usage was asked for on our account; `last`: and what is left."""
        ...


class Dialect(Protocol):
    """One endpoint's wire, as far as the gateway must know it."""

    openai: bool

    def read(self, body: bytes, version: str | None) -> Asked:
        """Read the few fields that are needed; InvalidRequest names the first that is wrong."""
        ...

    def splice(self, body: bytes, model: str) -> bytes:
        """Return the body with only the model's name replaced."""
        ...

    def ask_usage(self, body: bytes) -> bytes:
        """Return the body with the wish to be told of usage added."""
        ...

    def scanner(self) -> Scanner:
        """Return a watcher for one answer."""
        ...

    def error_event(self, error_type: str, message: str, request_id: str) -> bytes:
        """Return the stream's frames that tell the caller of an error and end it."""
        ...

    def problem(self, body: bytes) -> UpstreamProblem | None:
        """Return the error that an upstream's error body tells of, if it has that form."""
        ...


class Ticket(Protocol):
    """An admission; given back when the request has ended."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the answer says of limits."""
        ...

    async def release(self, used: Tally | None, /) -> None:
        """Settle: what was used, or None when nothing was dispatched."""
        ...


class Admission(Protocol):
    """Decides whether a request may go on now."""

    async def admit(self, asking: Asking) -> Ticket | Detour:
        """Return a ticket, or another model to go to instead; raises Overloaded or RefusedByLimit."""
        ...


class Reply(Protocol):
    """Where the answer goes."""

    def status_of(self, refusal: WireError) -> int:
        """Return the status that the caller sees for a refusal."""
        ...

    def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> Awaitable[None]:
        """Send status and headers."""
        ...

    def write(self, chunk: bytes) -> Awaitable[None]:
        """Send a part of the body; waits while the caller is slow."""
        ...

    def end(self, chunk: bytes = b"") -> Awaitable[None]:
        """Send the last part of the body, and end it."""
        ...


class ModelObjects(Protocol):
    """Reads providers' lists of models."""

    def read_list(self, body: bytes) -> Sequence[Mapping[str, object]]:
        """Return the objects of a list answer; ValueError if it isn't one."""
        ...
