"""The set-up page; the forms of log-in join it with the identity work."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from antechamber.base.permissions import Permission
from antechamber.features.accounts.service import Accounts
from antechamber.http.needs import Needs
from antechamber.http.pages import render


def pages(accounts: Accounts) -> APIRouter:
    """Return the pages over a service."""
    routes = APIRouter()

    @routes.get(
        "/setup",
        summary="The one-time set-up link of the first admin",
        response_class=HTMLResponse,
        responses={404: {"description": "The link is not open any more", "content": {"text/html": {}}}},
        dependencies=[Needs(Permission.PUBLIC, versioned=False)],
    )
    async def setup(token: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
        link = await accounts.open_setup_link(token)
        status = 200 if link else 404
        return render("setup.html", status, email=link.email if link else None, is_open=link is not None)

    return routes
