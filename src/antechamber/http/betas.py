"""Endpoints that are still a beta, and the header value that opens them."""

from collections.abc import Iterable
from typing import Final

from fastapi import Request
from fastapi.params import Depends

from antechamber.base.errors import NotFound
from antechamber.base.permissions import Permission
from antechamber.base.principal import Principal
from antechamber.http.needs import Need

HEADER: Final = "anthropic-beta"
MANAGED_AGENTS: Final = "managed-agents-2026-04-01"
WEBHOOKS: Final = "webhooks-2026-10-07"


class BetaNeed(Need):
    """A dependency that answers with the principal, as `Need` does, where the request names the beta too."""

    def __init__(self, permission: Permission, beta: str, *, any_query: bool) -> None:
        super().__init__(permission, versioned=True, any_query=any_query)
        self.beta = beta

    async def __call__(self, request: Request) -> Principal | None:
        """Check all that `Need` does, then the beta."""
        principal = await super().__call__(request)
        require_beta(request.headers.getlist(HEADER), self.beta)
        return principal


def ManagedAgents(permission: Permission, *, any_query: bool = False) -> Depends:  # noqa: N802 - reads as a declaration
    """Declare the permission that a route of environments, agents or sessions needs, as `Needs` does elsewhere."""
    return Depends(BetaNeed(permission, MANAGED_AGENTS, any_query=any_query))


def Beta(permission: Permission, beta: str) -> Depends:  # noqa: N802 - the same
    """Declare the permission and the beta that a route of another family needs."""
    return Depends(BetaNeed(permission, beta, any_query=False))


def require_beta(values: Iterable[str], beta: str) -> None:
    """Raise NotFound, which names header and value, unless a beta is among those named (wire-agents.md 1)."""
    named = {name.strip() for value in values for name in value.split(",")}
    if beta not in named:
        message = f"This endpoint is a beta: send the header `{HEADER}: {beta}`."
        raise NotFound(message)
