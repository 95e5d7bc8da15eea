"""The set-up link of an organisation's first admin."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from antechamber.base.errors import WireError
from antechamber.features.accounts.model import LinkStatus, Refused, Welcome
from antechamber.features.accounts.pages.desk import Desk, Guest, let_in, missing, options, refused, wrong
from antechamber.features.accounts.pages.links import DONE, Known, closed, is_about_link, known
from antechamber.http.browser import browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import page_router, render, words
from antechamber.http.pages.filled import Filled, Saying

_NOTHING: Final = Filled()
_FIELDS: Final = ("token", "email", "name", "password", "credential")

Token = Annotated[str, Query(max_length=200)]


def setup_pages(desk: Desk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get("/setup")
    async def show(request: Request, token: Token = "") -> Response:
        return await _page(request, desk, {"token": token, "email": ""})

    @routes.post("/setup")
    async def use(request: Request, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, *_FIELDS)
        if not fields["credential"] and (empty := _empty(fields)):
            return await _page(request, desk, fields, 400, empty)
        try:
            outcome = await desk.accounts.use_setup_link(
                fields["token"],
                fields["email"],
                fields["name"],
                fields["password"],
                by,
                passkey=fields["credential"] or None,
            )
        except WireError as error:
            return await _page(request, desk, fields, status_of(error), wrong(fields, error), error)
        if isinstance(outcome, Refused):
            return await _page(request, desk, fields, 403, refused(fields, outcome, "login.wrong")[0])
        return let_in(request, outcome, DONE)

    @routes.post("/setup/join")
    async def join(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "token")
        try:
            return let_in(request, await desk.accounts.use_setup_link_as(fields["token"], visit, by), DONE)
        except WireError as error:
            return await _page(request, desk, fields, status_of(error), wrong(fields, error), error)

    @routes.post("/setup/passkey")
    async def begin(request: Request) -> Response:
        fields = await browser_of(request).fields(request, *_FIELDS)
        return await options(
            request, lambda: desk.accounts.begin_passkey(fields["token"], fields["email"], fields["name"])
        )

    return routes


def _empty(fields: Mapping[str, str]) -> Filled | None:
    return missing(fields, email="login.missing_email", password="password.missing")  # noqa: S106 - texts' keys


async def _page(
    request: Request,
    desk: Desk,
    fields: Mapping[str, str],
    status: int = 200,
    filled: Filled = _NOTHING,
    error: WireError | None = None,
) -> Response:
    welcome = await desk.accounts.welcome(fields["token"])
    if welcome is None or welcome.status is not LinkStatus.OPEN or is_about_link(error):
        return await closed(request, None if welcome is None else welcome.status, "closed.setup_next")
    if welcome.has_account and welcome.email is not None:
        return await known(request, _known(request, welcome, fields["token"]), status, filled)
    return await render(
        request,
        "accounts/setup.html",
        status,
        filled=filled,
        token=fields["token"],
        email=welcome.email or "",
        organization=welcome.organization_name,
        passkeys=desk.passkeys.is_available,
    )


def _known(request: Request, welcome: Welcome, token: str) -> Known:
    return Known(
        title=words(request, Saying("setup.title")),
        lead=words(request, Saying("setup.lead", {"organization": welcome.organization_name})),
        email=welcome.email or "",
        here=f"/setup?token={token}",
        action="/setup/join",
        token=token,
    )
