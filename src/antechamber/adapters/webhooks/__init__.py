"""Webhook endpoints as they are reached over the network, through the guard (`webhooks.ports`)."""

from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.outbound import Headers
from antechamber.client.guard import Guard, GuardLimits, GuardRefusal
from antechamber.features.webhooks.model.deliveries import Outcome

# an endpoint says that it took an event, and has nothing else to say
LIMITS: Final = GuardLimits(longest_body=1 << 16, total_seconds=15.0, silent_seconds=10.0)


class GuardedAddresses:
    """Says which addresses may be delivered to (`ports.Addresses`)."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for one that can't be, as its name resolves now."""
        try:
            await self._guard.check_name(url)
        except GuardRefusal as refusal:
            message = f"{field}: {refusal.note}"
            raise InvalidRequest(message, note=str(refusal)) from None


class GuardedPostman:
    """Takes deliveries to their endpoints (`ports.Postman`)."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def deliver(self, url: str, headers: Headers, body: bytes) -> Outcome:
        """Send one, to the addresses that its name resolves to now and that are checked anew."""
        try:
            answer = await self._guard.fetch("POST", url, headers, body)
        except GuardRefusal as refusal:
            return Outcome(reason=refusal.reason.value, note=str(refusal))
        return Outcome(status=answer.status)
