"""The endpoints of webhooks; all of them are a beta."""

from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Depends, Query

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.webhooks import wire
from antechamber.features.webhooks.model.endpoints import Listing
from antechamber.features.webhooks.service.endpoints import Webhooks
from antechamber.http.betas import WEBHOOKS, Beta
from antechamber.http.lists import Cursor, IdList, show_page
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_ALL: Final = "/v1/organizations/webhooks"
_ONE: Final = f"{_ALL}/{{webhook_endpoint_id}}"

Reader: TypeAlias = Annotated[Administrator, Beta(Permission.WEBHOOKS_READ, WEBHOOKS)]
Writer: TypeAlias = Annotated[Administrator, Beta(Permission.WEBHOOKS_WRITE, WEBHOOKS)]


async def _read_listing(
    limit: Annotated[int, Query(ge=0, le=100)] = 0,
    after_id: str | None = None,
    before_id: str | None = None,
    order: Literal["asc", "desc"] = "desc",
) -> Listing:
    return Listing(limit, after_id, before_id, ascending=order == "asc")


Asked: TypeAlias = Annotated[Listing, Depends(_read_listing)]


def webhook_routes(webhooks: Webhooks) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_ALL, summary="The organization's webhook endpoints")
    async def listing(caller: Reader, asked: Asked) -> IdList[wire.EndpointBody]:
        return wire.show_part(await webhooks.listing(caller.organization_id, asked))

    @routes.post(_ALL, summary="Make a webhook endpoint; its signing secret is shown this once")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.NewEndpointBody:
        return wire.show_new(*await webhooks.create(caller.organization_id, body.draft(), by))

    @routes.get(_ONE, summary="One webhook endpoint")
    async def get(webhook_endpoint_id: str, caller: Reader) -> wire.EndpointBody:
        return wire.show(await webhooks.get(caller.organization_id, webhook_endpoint_id))

    @routes.post(_ONE, summary="Change a webhook endpoint")
    async def update(webhook_endpoint_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.EndpointBody:
        return wire.show(await webhooks.update(caller.organization_id, webhook_endpoint_id, body.draft(), by))

    @routes.delete(_ONE, summary="Remove a webhook endpoint")
    async def delete(webhook_endpoint_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await webhooks.delete(caller.organization_id, webhook_endpoint_id, by)
        return wire.show_deleted(webhook_endpoint_id)

    @routes.post(_ONE + "/regenerate_signing_secret", summary="Sign deliveries with a new secret from now on")
    async def regenerate(webhook_endpoint_id: str, caller: Writer, by: Acting) -> wire.SecretBody:
        secret = await webhooks.regenerate_secret(caller.organization_id, webhook_endpoint_id, by)
        return wire.SecretBody(signing_secret=secret.reveal())

    @routes.get(_ONE + "/deliveries", summary="What was and is to be delivered to a webhook endpoint")
    async def deliveries(webhook_endpoint_id: str, caller: Reader, cursor: Cursor) -> IdList[wire.DeliveryBody]:
        page = await webhooks.deliveries(caller.organization_id, webhook_endpoint_id, cursor)
        return show_page(page, wire.show_delivery, lambda delivery: delivery.event_id)

    return routes
