"""The endpoints of issuers."""

from fastapi import APIRouter

from antechamber.base.ids import IssuerId
from antechamber.features.federation.routes.asking import Asking, FederationReader, FederationWriter, show_part
from antechamber.features.federation.service import Issuers
from antechamber.features.federation.wire import issuers as wire
from antechamber.features.federation.wire.fields import NothingBody
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_ROOT = "/v1/organizations/federation_issuers"
_ONE = "/v1/organizations/federation_issuers/{federation_issuer_id}"


def issuer_routes(issuers: Issuers) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.post(_ROOT, summary="Trust an issuer of identities")
    async def create(body: wire.CreateIssuerBody, caller: FederationWriter, by: Acting) -> wire.IssuerBody:
        return wire.show(await issuers.create(caller.organization_id, body.draft(), by))

    @routes.get(_ROOT, summary="Issuers, newest first")
    async def listing(caller: FederationReader, asking: Asking) -> PageList[wire.IssuerBody]:
        return show_part(await issuers.listing(caller.organization_id, asking), wire.show)

    @routes.get(_ONE, summary="One issuer")
    async def get(federation_issuer_id: str, caller: FederationReader) -> wire.IssuerBody:
        return wire.show(await issuers.get(caller.organization_id, IssuerId(federation_issuer_id)))

    @routes.post(_ONE, summary="Change an issuer, or take up the polling of its keys that was paused")
    async def update(
        federation_issuer_id: str, body: wire.UpdateIssuerBody, caller: FederationWriter, by: Acting
    ) -> wire.IssuerBody:
        named = IssuerId(federation_issuer_id)
        return wire.show(await issuers.update(caller.organization_id, named, body.change(), by))

    @routes.post(_ONE + "/archive", summary="Trust an issuer no more")
    async def archive(
        federation_issuer_id: str, caller: FederationWriter, by: Acting, body: NothingBody | None = None
    ) -> wire.IssuerBody:
        del body
        return wire.show(await issuers.archive(caller.organization_id, IssuerId(federation_issuer_id), by))

    return routes
