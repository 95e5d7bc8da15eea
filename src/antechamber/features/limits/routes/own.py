"""The endpoint by which somebody learns of themselves (an extension)."""

from typing import Annotated

from fastapi import APIRouter

from antechamber.base.errors import InvalidRequest
from antechamber.base.permissions import Permission
from antechamber.base.principal import AccessToken, ApiKey, Principal
from antechamber.features.limits.model.entries import Holder
from antechamber.features.limits.service.holding import OwnLimits
from antechamber.features.limits.wire import own as wire
from antechamber.http.needs import Needs
from antechamber.http.routing import Router


def own_routes(own: OwnLimits) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get("/v1/usage/me", summary="The caller's own limits, what remains of them, and what was used")
    async def me(caller: Annotated[Principal, Needs(Permission.SELF_READ)]) -> wire.OwnUsageBody:
        return wire.show(await own.report(_holder(caller)))

    return routes


def _holder(caller: Principal) -> Holder:
    sees_money = Permission.COST_READ in caller.permissions
    if isinstance(caller, ApiKey):
        return Holder(caller.organization_id, caller.key_id, caller.workspace_id, caller.user_id, sees_money)
    user_id = caller.user_id if isinstance(caller, AccessToken) else None
    if user_id is None:
        message = "This credential is neither an API key nor a person's token; nobody's own usage stands behind it."
        raise InvalidRequest(message)
    return Holder(caller.organization_id, None, None, user_id, sees_money)
