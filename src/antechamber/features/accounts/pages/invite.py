"""Accepting an invite."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from antechamber.base.errors import WireError
from antechamber.features.accounts.model import Invitation, LinkStatus, Refused
from antechamber.features.accounts.pages.desk import Desk, Guest, let_in, missing, options, refused, wrong
from antechamber.features.accounts.pages.links import DONE, Known, closed, is_about_link, known
from antechamber.http.browser import browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import page_router, render, words
from antechamber.http.pages.filled import Filled, Saying

_NOTHING: Final = Filled()
# the address is there for the browser's store of passwords only: the invite says whose it is
_FIELDS: Final = ("token", "email", "name", "password", "credential")

Token = Annotated[str, Query(max_length=200)]


def invite_pages(desk: Desk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get("/invite")
    async def show(request: Request, token: Token = "") -> Response:
        return await _page(request, desk, {"token": token})

    @routes.post("/invite")
    async def accept(request: Request, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, *_FIELDS)
        if not fields["credential"] and (empty := missing(fields, password="password.missing")):  # noqa: S106 - a key
            return await _page(request, desk, fields, 400, empty)
        try:
            outcome = await desk.accounts.accept_invite(
                fields["token"], fields["name"], fields["password"], by, passkey=fields["credential"] or None
            )
        except WireError as error:
            return await _page(request, desk, fields, status_of(error), wrong(fields, error), error)
        if isinstance(outcome, Refused):
            return await _page(request, desk, fields, 403, refused(fields, outcome, "login.wrong")[0])
        return let_in(request, outcome, DONE)

    @routes.post("/invite/join")
    async def join(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "token")
        try:
            return let_in(request, await desk.accounts.accept_invite_as(fields["token"], visit, by), DONE)
        except WireError as error:
            return await _page(request, desk, fields, status_of(error), wrong(fields, error), error)

    @routes.post("/invite/passkey")
    async def begin(request: Request) -> Response:
        fields = await browser_of(request).fields(request, *_FIELDS)
        return await options(
            request, lambda: desk.accounts.begin_passkey(fields["token"], fields["email"], fields["name"])
        )

    return routes


async def _page(
    request: Request,
    desk: Desk,
    fields: Mapping[str, str],
    status: int = 200,
    filled: Filled = _NOTHING,
    error: WireError | None = None,
) -> Response:
    invitation = await desk.accounts.invitation(fields["token"])
    if invitation is None or invitation.status is not LinkStatus.OPEN or is_about_link(error):
        return await closed(request, None if invitation is None else invitation.status, "closed.invite_next")
    if invitation.has_account:
        return await known(request, _known(request, invitation, fields["token"]), status, filled)
    return await render(
        request,
        "accounts/invite.html",
        status,
        filled=filled,
        token=fields["token"],
        email=invitation.email,
        role=invitation.role,
        organization=invitation.organization_name,
        passkeys=desk.passkeys.is_available,
    )


def _known(request: Request, invitation: Invitation, token: str) -> Known:
    role = words(request, Saying(f"role.{invitation.role}"))
    return Known(
        title=words(request, Saying("invite.title", {"organization": invitation.organization_name})),
        lead=words(request, Saying("invite.lead", {"email": invitation.email, "role": role})),
        email=invitation.email,
        here=f"/invite?token={token}",
        action="/invite/join",
        token=token,
    )
