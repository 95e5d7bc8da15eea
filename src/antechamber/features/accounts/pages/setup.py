"""The set-up page; the forms of log-in join it with the identity work."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from antechamber.features.accounts.service import Accounts
from antechamber.http.pages import page_router, render


def setup_pages(accounts: Accounts) -> APIRouter:
    """Return the pages over a service."""
    routes = page_router()

    @routes.get("/setup")
    async def setup(request: Request, token: Annotated[str, Query(max_length=200)] = "") -> Response:
        link = await accounts.open_setup_link(token)
        status = 200 if link else 404
        return await render(
            request, "accounts/setup.html", status, email=link.email if link else None, is_open=link is not None
        )

    return routes
