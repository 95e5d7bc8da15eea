"""The policy that Claude Code asks a gateway for, about once an hour (wire-auth.md 6.3)."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response

from antechamber.base.errors import NotFound
from antechamber.base.permissions import Permission
from antechamber.features.gateway.service.policy import ManagedSettings
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

_NOT_MODIFIED: Final = 304
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The policy", "content": {"application/json": {"schema": {"type": "object"}}}},
    304: {"description": "The caller has this policy already"},
    404: {"description": "There is no policy"},
}


def policy_router(managed: ManagedSettings) -> APIRouter:
    """Return the route over the policy in force."""
    routes = Router()

    @routes.get(
        "/managed/settings",
        summary="Claude Code's managed settings: 404 for no policy, one without settings is a policy too",
        response_class=Response,
        responses=_RESPONSES,
        dependencies=[Needs(Permission.MODELS_READ, versioned=False)],
    )
    async def settings(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        policy = managed.policy
        if policy is None:
            message = "This server has no policy for Claude Code."
            raise NotFound(message)
        headers = {"etag": policy.etag, "cache-control": "private, no-cache"}
        if policy.is_known(if_none_match):
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        return Response(policy.body, headers=headers, media_type="application/json")

    return routes
