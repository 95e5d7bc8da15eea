"""The endpoints of service accounts."""

from fastapi import APIRouter

from antechamber.base.ids import ServiceAccountId
from antechamber.features.federation.routes.asking import AccountReader, AccountWriter, Asking, show_part
from antechamber.features.federation.service import ServiceAccounts
from antechamber.features.federation.wire import accounts as wire
from antechamber.features.federation.wire.fields import NothingBody
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_ROOT = "/v1/organizations/service_accounts"
_ONE = "/v1/organizations/service_accounts/{service_account_id}"


def account_routes(accounts: ServiceAccounts) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.post(_ROOT, summary="Make a service account")
    async def create(body: wire.CreateAccountBody, caller: AccountWriter, by: Acting) -> wire.AccountBody:
        return wire.show(await accounts.create(caller.organization_id, body.draft(), by))

    @routes.get(_ROOT, summary="Service accounts, newest first")
    async def listing(caller: AccountReader, asking: Asking) -> PageList[wire.AccountBody]:
        return show_part(await accounts.listing(caller.organization_id, asking), wire.show)

    @routes.get(_ONE, summary="One service account")
    async def get(service_account_id: str, caller: AccountReader) -> wire.AccountBody:
        return wire.show(await accounts.get(caller.organization_id, ServiceAccountId(service_account_id)))

    @routes.post(_ONE, summary="Change a service account")
    async def update(
        service_account_id: str, body: wire.UpdateAccountBody, caller: AccountWriter, by: Acting
    ) -> wire.AccountBody:
        named = ServiceAccountId(service_account_id)
        return wire.show(await accounts.update(caller.organization_id, named, body.change(), by))

    @routes.post(_ONE + "/archive", summary="Archive a service account for good, and end its credentials")
    async def archive(
        service_account_id: str, caller: AccountWriter, by: Acting, body: NothingBody | None = None
    ) -> wire.AccountBody:
        del body
        return wire.show(await accounts.archive(caller.organization_id, ServiceAccountId(service_account_id), by))

    return routes
