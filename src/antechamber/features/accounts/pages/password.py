"""A new password, by the operator's one-time link."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from antechamber.base.errors import WireError
from antechamber.features.accounts.model import LinkStatus, Refused
from antechamber.features.accounts.pages.desk import Desk, let_in, missing, refused, wrong
from antechamber.features.accounts.pages.links import closed, is_about_link
from antechamber.http.browser import HOME, browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import page_router, render
from antechamber.http.pages.filled import Filled

_NOTHING: Final = Filled()

Token = Annotated[str, Query(max_length=200)]


def password_pages(desk: Desk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get("/password")
    async def show(request: Request, token: Token = "") -> Response:
        return await _page(request, desk, {"token": token})

    @routes.post("/password")
    async def use(request: Request, by: Acting) -> Response:
        # the address is there for the browser's store of passwords only: the link says whose it is
        fields = await browser_of(request).fields(request, "token", "username", "password")
        if empty := missing(fields, password="password.missing"):  # noqa: S106 - a text's key
            return await _page(request, desk, fields, 400, empty)
        try:
            outcome = await desk.passwords.use_link(fields["token"], fields["password"], by)
        except WireError as error:
            return await _page(request, desk, fields, status_of(error), wrong(fields, error), error)
        if isinstance(outcome, Refused):
            return await _page(request, desk, fields, 403, refused(fields, outcome, "login.wrong")[0])
        return let_in(request, outcome, f"{HOME}?said=password_changed")

    return routes


async def _page(
    request: Request,
    desk: Desk,
    fields: Mapping[str, str],
    status: int = 200,
    filled: Filled = _NOTHING,
    error: WireError | None = None,
) -> Response:
    link = await desk.passwords.open_link(fields["token"])
    state = None if link is None else link.status(desk.sessions.now())
    if link is None or state is not LinkStatus.OPEN or is_about_link(error):
        return await closed(request, state, "closed.password_next")
    return await render(
        request, "accounts/password.html", status, filled=filled, token=fields["token"], email=link.email
    )
