"""Webhooks on the wire (SDK `beta.organization.Beta{,New,Deleted}OrganizationWebhookEndpoint`).

`extension_events` is ours: in `enabled_events` a client that checks what comes must not meet an event that it has never
heard of.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import WebhookId
from antechamber.base.secret import Secret
from antechamber.features.webhooks.model.deliveries import Delivery
from antechamber.features.webhooks.model.endpoints import Draft, Endpoint, EventType, Part, State
from antechamber.http.bodies import Body
from antechamber.http.lists import IdList

EventName = Literal[
    "external_key.failed",
    "external_key.recovered",
    "user_profile.enforcement_action_opened",
    "user_profile.enforcement_action_resolved",
    "user_profile.program_status_updated",
]
ExtensionName = Literal["spend_limit.threshold_crossed"]
StateName = Literal["disabled", "enabled"]
# far more than there are, so that one that is given twice does no harm
Events = Annotated[list[EventName], Field(max_length=64)]
Extensions = Annotated[list[ExtensionName], Field(max_length=64)]


class CreateBody(Body):
    """An endpoint that is to be made."""

    url: str
    enabled_events: Events
    extension_events: Extensions = Field(default_factory=list)
    name: str = ""
    description: str = ""

    def draft(self) -> Draft:
        """Return the draft."""
        return Draft(
            url=self.url,
            events=_events(self.enabled_events),
            extensions=_events(self.extension_events),
            name=self.name,
            description=self.description,
        )


class UpdateBody(Body):
    """What is to be changed; what is not sent stays."""

    url: str = ""
    enabled_events: Events = Field(default_factory=list)
    extension_events: Extensions = Field(default_factory=list)
    name: str = ""
    description: str = ""
    state: StateName = "enabled"

    def draft(self) -> Draft:
        """Return the draft."""
        sent = self.model_fields_set
        return Draft(
            url=self.url if "url" in sent else None,
            events=_events(self.enabled_events),
            extensions=_events(self.extension_events) if "extension_events" in sent else None,
            name=self.name if "name" in sent else None,
            description=self.description if "description" in sent else None,
            state=State(self.state) if "state" in sent else None,
        )


class EndpointBody(BaseModel):
    """An endpoint; the wire gives it no `type`. `disabled_reason` is empty unless the server switched it off."""

    id: str
    url: str
    name: str
    description: str
    enabled_events: list[EventName]
    extension_events: list[ExtensionName]
    state: StateName
    disabled_reason: str
    created_at: str
    updated_at: str


class NewEndpointBody(EndpointBody):
    """A new endpoint with its signing secret, which is shown here and never again."""

    signing_secret: str


class DeletedBody(BaseModel):
    """`{id, type: "webhook_endpoint_deleted"}`."""

    id: str
    type: Literal["webhook_endpoint_deleted"] = "webhook_endpoint_deleted"


class SecretBody(BaseModel):
    """`{signing_secret}`."""

    signing_secret: str


class DeliveryBody(BaseModel):
    """An event for one endpoint, ours; `id` is the event's, which came and comes as `webhook-id`.

    `last_error` is null unless the last attempt failed: `status` for an answer other than 2xx, else why there was none.
    """

    id: str
    type: Literal["webhook_delivery"] = "webhook_delivery"
    event_type: str
    state: Literal["pending", "delivered", "failed", "dropped"]
    attempts: int
    last_status_code: int | None
    last_error: str | None
    next_attempt_at: str | None
    created_at: str
    ended_at: str | None


def show_delivery(delivery: Delivery) -> DeliveryBody:
    """Return a delivery's shape."""
    standing = delivery.standing
    return DeliveryBody(
        id=delivery.event_id,
        event_type=delivery.event_type,
        state=standing.state.value,
        attempts=standing.attempts,
        last_status_code=standing.last_status,
        last_error=standing.last_error,
        next_attempt_at=to_rfc3339(standing.due_at) if standing.ended_at is None else None,
        created_at=to_rfc3339(delivery.created_at),
        ended_at=to_rfc3339(standing.ended_at) if standing.ended_at is not None else None,
    )


def show(endpoint: Endpoint) -> EndpointBody:
    """Return an endpoint's shape."""
    return EndpointBody.model_validate(_fields_of(endpoint))


def show_new(endpoint: Endpoint, secret: Secret) -> NewEndpointBody:
    """Return a new endpoint's shape."""
    return NewEndpointBody.model_validate({**_fields_of(endpoint), "signing_secret": secret.reveal()})


def show_part(part: Part) -> IdList[EndpointBody]:
    """Return the envelope of a part of the list."""
    return IdList(
        data=[show(endpoint) for endpoint in part.items],
        has_more=part.has_more,
        first_id=part.items[0].id if part.items else None,
        last_id=part.items[-1].id if part.items else None,
    )


def show_deleted(webhook_id: str) -> DeletedBody:
    """Return the shape of what is no more."""
    return DeletedBody(id=WebhookId(webhook_id))


def _events(names: list[EventName] | list[ExtensionName]) -> tuple[EventType, ...]:
    return tuple(EventType(name) for name in names)


def _fields_of(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "name": endpoint.name,
        "description": endpoint.description,
        "enabled_events": [event.value for event in endpoint.wire_events],
        "extension_events": [event.value for event in endpoint.extensions],
        "state": endpoint.state.value,
        "disabled_reason": endpoint.disabled_reason,
        "created_at": to_rfc3339(endpoint.created_at),
        "updated_at": to_rfc3339(endpoint.updated_at),
    }
