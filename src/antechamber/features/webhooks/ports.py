"""What webhooks need from outside."""

from collections.abc import Collection, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId, WebhookEventId, WebhookId
from antechamber.base.outbound import Headers
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.webhooks.model.deliveries import Claimed, Delivery, Outcome, Standing
from antechamber.features.webhooks.model.endpoints import Endpoint


class WebhookStore(Protocol):
    """Where endpoints and the outbox are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def everyone(self, unit: Unit, organization_id: OrganizationId) -> Sequence[Endpoint]:
        """Return every endpoint of the organisation; there are few."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId) -> Endpoint | None:
        """Return one, or None."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, endpoint: Endpoint, sealed: bytes) -> None:
        """Keep a new one with its sealed signing secret."""
        ...

    async def put(self, unit: Unit, organization_id: OrganizationId, endpoint: Endpoint) -> None:
        """Keep one as it is now; what waits for one that is disabled is dropped."""
        ...

    async def reseal(
        self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId, sealed: bytes, at: int
    ) -> None:
        """Keep another secret from `at` on."""
        ...

    async def remove(self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId) -> None:
        """Forget one, and what waits for it."""
        ...

    async def post(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        event_id: WebhookEventId,
        body: bytes,
        webhook_ids: Collection[WebhookId],
        now: int,
    ) -> None:
        """Put an event into the outbox for some endpoints, due at once."""
        ...

    async def sweep_next_due(self, unit: Unit) -> int | None:
        """Return when the next delivery of this server is due, None if none waits."""
        ...

    async def sweep_due(
        self, unit: Unit, now: int, again_at: int, limit: int, busy: Collection[WebhookId]
    ) -> Sequence[Claimed]:
        """Claim deliveries that are due but those to `busy` endpoints; unless noted before, they come at `again_at`."""
        ...

    async def note(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        webhook_id: WebhookId,
        event_id: WebhookEventId,
        standing: Standing,
    ) -> None:
        """Keep how a delivery stands after an attempt."""
        ...

    async def deliveries(
        self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId, cursor: IdCursor
    ) -> Page[Delivery]:
        """Return deliveries to an endpoint, newest first; InvalidRequest for a cursor's event that is not there."""
        ...

    async def sweep_ended(self, unit: Unit, before: int) -> None:
        """Forget deliveries of this server that ended before an instant."""
        ...


class Addresses(Protocol):
    """Which addresses may be delivered to."""

    async def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for one that can't be, as its name resolves now."""
        ...


class Postman(Protocol):
    """Whoever takes deliveries to their endpoints."""

    async def deliver(self, url: str, headers: Headers, body: bytes) -> Outcome:
        """Send one, to addresses that are checked again; never fails, and takes seconds at most."""
        ...
