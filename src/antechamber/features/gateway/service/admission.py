"""Admission: no more requests at once than the server is set to carry, and then whatever the limits say."""

from collections.abc import Sequence

from antechamber.base.errors import Overloaded
from antechamber.features.gateway.model import Tally
from antechamber.features.gateway.ports import Admission, Ticket
from antechamber.features.limits.model.admission import Asking, Detour


class OpenRequests:
    """Admits until a number of requests are open, by the limits behind it."""

    def __init__(self, most: int, limits: Admission) -> None:
        self._most = most
        self._limits = limits
        self.open = 0

    async def admit(self, asking: Asking) -> "OpenTicket | Detour":
        """Admit one more; Overloaded when the server carries all that it should."""
        if self.open >= self._most:
            message = "The server is carrying as many requests as it is set to; try again shortly."
            raise Overloaded(message, retry_after=1)
        self.open += 1
        ticket: Ticket | Detour | None = None
        try:
            ticket = await self._limits.admit(asking)
        finally:
            if ticket is None or isinstance(ticket, Detour):
                self.open -= 1
        return ticket if isinstance(ticket, Detour) else OpenTicket(self, ticket)


class OpenTicket:
    """One open request."""

    __slots__ = ("_requests", "_ticket")

    def __init__(self, requests: OpenRequests, ticket: Ticket) -> None:
        self._requests = requests
        self._ticket = ticket

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What the answer says of limits."""
        return self._ticket.headers

    async def release(self, used: Tally | None) -> None:
        """Give one back, and settle it."""
        self._requests.open -= 1
        await self._ticket.release(used)
