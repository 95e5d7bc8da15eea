"""The endpoint by which somebody learns who they are (an extension)."""

from typing import Annotated

from fastapi import APIRouter

from antechamber.base.permissions import Permission
from antechamber.base.principal import Holder
from antechamber.features.callers import wire
from antechamber.features.callers.service import Callers
from antechamber.http.needs import Needs
from antechamber.http.routing import Router


def router(callers: Callers) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get("/v1/me", summary="Whose credential this is, where it is bound, and what it may do")
    async def me(caller: Annotated[Holder, Needs(Permission.SELF_READ)]) -> wire.CallerBody:
        return wire.show(await callers.describe(caller))

    return routes
