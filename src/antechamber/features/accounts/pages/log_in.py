"""Logging in, by password or passkey, and out."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from antechamber.features.accounts.model import LoggedIn, Refused
from antechamber.features.accounts.pages.desk import Desk, let_in, missing, options, refused
from antechamber.http.browser import HOME, LOG_IN, browser_of, local_path
from antechamber.http.needs import Acting
from antechamber.http.pages import lead, page_router, render
from antechamber.http.pages.filled import Filled

_SAID: Final = {"logged_out": "login.logged_out"}
_NOTHING: Final = Filled()

Path = Annotated[str, Query(max_length=2000)]


def log_in_pages(desk: Desk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get(LOG_IN)
    async def show(
        request: Request,
        next: Path = "",  # noqa: A002 - its name in links
        again: Literal["", "1"] = "",
        said: str = "",
    ) -> Response:
        visit = await browser_of(request).visit(request)
        if visit is not None and not again:
            return lead(local_path(next) or HOME)
        fields = {"next": next, "again": again, "email": visit.email if visit else ""}
        return await _form(request, desk, fields, said=_SAID.get(said, ""))

    @routes.post(LOG_IN)
    async def log_in(request: Request, by: Acting) -> Response:
        browser = browser_of(request)
        fields = await browser.fields(request, "email", "password", "next", "again")
        if empty := missing(fields, email="login.missing_email", password="login.missing_password"):  # noqa: S106 - keys
            return await _form(request, desk, fields, 400, filled=empty)
        outcome = await desk.logins.log_in(fields["email"], fields["password"], by, browser.session_secret(request))
        return await _end(request, desk, fields, outcome, "login.wrong")

    @routes.post(f"{LOG_IN}/passkey/begin")
    async def begin(request: Request) -> Response:
        await browser_of(request).fields(request, "next", "again", "credential")
        return await options(request, desk.passkeys.begin_log_in)

    @routes.post(f"{LOG_IN}/passkey")
    async def log_in_by_passkey(request: Request, by: Acting) -> Response:
        browser = browser_of(request)
        fields = await browser.fields(request, "next", "again", "credential")
        outcome = await desk.passkeys.finish_log_in(fields["credential"], by, browser.session_secret(request))
        return await _end(request, desk, fields, outcome, "login.wrong_passkey")

    @routes.post("/logout")
    async def log_out(request: Request, by: Acting) -> Response:
        browser = browser_of(request)
        fields = await browser.fields(request, "next")
        session = await desk.sessions.resolve(browser.session_secret(request) or "")
        if session is not None:
            await desk.logins.log_out(session, by)
        return browser.leave(lead(local_path(fields["next"]) or f"{LOG_IN}?said=logged_out"))

    return routes


async def _form(
    request: Request,
    desk: Desk,
    fields: Mapping[str, str],
    status: int = 200,
    *,
    filled: Filled = _NOTHING,
    headers: Mapping[str, str] | None = None,
    said: str = "",
) -> Response:
    return await render(
        request,
        "accounts/log_in.html",
        status,
        filled=filled,
        headers=headers,
        next=local_path(fields["next"]) or "",
        again="1" if fields["again"] else "",
        email=fields.get("email", ""),
        said=said,
        passkeys=desk.passkeys.is_available,
    )


async def _end(
    request: Request, desk: Desk, fields: Mapping[str, str], outcome: LoggedIn | Refused, wrong_key: str
) -> Response:
    if isinstance(outcome, Refused):
        filled, status, headers = refused(fields, outcome, wrong_key)
        return await _form(request, desk, fields, status, filled=filled, headers=headers)
    return let_in(request, outcome, local_path(fields["next"]) or HOME)
