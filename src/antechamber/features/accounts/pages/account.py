"""A person's own account: who they are, how they get in, and where they are logged in."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.base.errors import WireError
from antechamber.base.ids import BrowserSessionId, PasskeyId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.accounts.model import BrowserSession
from antechamber.features.accounts.pages.agents import describe
from antechamber.features.accounts.pages.desk import Desk, Guest, let_in, missing, options, wrong
from antechamber.features.accounts.pages.links import DONE
from antechamber.features.accounts.service import acting
from antechamber.http.browser import HOME, LOG_IN, browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import lead, page_router, render, words
from antechamber.http.pages.filled import Filled, Saying

_NOTHING: Final = Filled()
_PASSWORD: Final = {"password": "new_password"}
# what may be said above the page after something was done
_SAID: Final = {
    "passkey_added": "account.passkey_added",
    "passkey_removed": "account.passkey_removed",
    "passkey_renamed": "account.passkey_renamed",
    "password_changed": "account.password_changed",
    "session_revoked": "account.session_revoked",
    "sessions_revoked": "account.sessions_revoked",
}


@dataclass(frozen=True, slots=True)
class _Session:
    """A session as its line shows it."""

    id: BrowserSessionId
    agent: str
    address: str | None
    last_seen_at: int
    is_this: bool


def own_pages(desk: Desk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get(HOME)
    async def show(request: Request, visit: Guest, said: str = "") -> Response:
        return await _page(request, desk, visit, said=_SAID.get(said, ""))

    @routes.get(DONE)
    async def welcome(request: Request, visit: Guest) -> Response:
        memberships = await desk.logins.memberships(visit.user_id)
        return await render(
            request,
            "accounts/welcome.html",
            organization=", ".join(each.organization_name for each in memberships),
            admin=any(each.role is OrganizationRole.ADMIN for each in memberships),
            base_url=desk.base_url,
        )

    @routes.post(f"{HOME}/password")
    async def change_password(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "username", "old_password", "new_password")
        if empty := missing(fields, new_password="password.missing"):  # noqa: S106 - a text's key
            return await _page(request, desk, visit, 400, empty)
        try:
            entered = await desk.passwords.change(visit, fields["old_password"], fields["new_password"], by)
        except WireError as error:
            return await _refused(request, desk, visit, error, wrong({}, error, **_PASSWORD))
        return let_in(request, entered, f"{HOME}?said=password_changed")

    _add_passkeys(routes, desk)
    _add_sessions(routes, desk)
    return routes


def _add_passkeys(routes: APIRouter, desk: Desk) -> None:
    @routes.post(f"{HOME}/passkeys/begin")
    async def begin(request: Request, visit: Guest) -> Response:
        await browser_of(request).fields(request, "passkey_name", "credential")
        return await options(request, lambda: desk.passkeys.begin_registration(visit))

    @routes.post(f"{HOME}/passkeys")
    async def add(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "passkey_name", "credential")
        try:
            await desk.passkeys.finish_registration(visit, fields["credential"], fields["passkey_name"], by)
        except WireError as error:
            return await _refused(request, desk, visit, error, wrong(fields, error))
        return lead(f"{HOME}?said=passkey_added")

    @routes.post(f"{HOME}/passkeys/{{passkey_id}}/rename")
    async def rename(passkey_id: str, request: Request, visit: Guest) -> Response:
        fields = await browser_of(request).fields(request, "name")
        try:
            await desk.passkeys.rename(visit, PasskeyId(passkey_id), fields["name"])
        except WireError as error:
            filled = wrong({**fields, "passkey_id": passkey_id}, error, passkey_name="name")
            return await _refused(request, desk, visit, error, filled)
        return lead(f"{HOME}?said=passkey_renamed")

    @routes.post(f"{HOME}/passkeys/{{passkey_id}}/remove")
    async def remove(passkey_id: str, request: Request, visit: Guest, by: Acting) -> Response:
        await browser_of(request).fields(request)
        try:
            await desk.passkeys.remove(visit, PasskeyId(passkey_id), by)
        except WireError as error:
            return await _refused(request, desk, visit, error, wrong({}, error))
        return lead(f"{HOME}?said=passkey_removed")


def _add_sessions(routes: APIRouter, desk: Desk) -> None:
    @routes.post(f"{HOME}/sessions/revoke")
    async def revoke_others(request: Request, visit: Guest, by: Acting) -> Response:
        await browser_of(request).fields(request)
        await desk.sessions.revoke_all(visit.user_id, acting(by, visit.user_id), but=visit.id)
        return lead(f"{HOME}?said=sessions_revoked")

    @routes.post(f"{HOME}/sessions/{{session_id}}/revoke")
    async def revoke(session_id: str, request: Request, visit: Guest, by: Acting) -> Response:
        browser = browser_of(request)
        await browser.fields(request)
        if session_id == visit.id:
            await desk.logins.log_out(visit, by)
            return browser.leave(lead(f"{LOG_IN}?said=logged_out"))
        await desk.sessions.revoke(visit.user_id, BrowserSessionId(session_id), acting(by, visit.user_id))
        return lead(f"{HOME}?said=session_revoked")


async def _refused(request: Request, desk: Desk, visit: BrowserSession, error: WireError, filled: Filled) -> Response:
    headers = {"retry-after": str(error.retry_after)} if error.retry_after else None
    return await _page(request, desk, visit, status_of(error), filled, headers=headers)


async def _page(
    request: Request,
    desk: Desk,
    visit: BrowserSession,
    status: int = 200,
    filled: Filled = _NOTHING,
    *,
    said: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    return await render(
        request,
        "accounts/account.html",
        status,
        filled=filled,
        headers=headers,
        said=said,
        memberships=await desk.logins.memberships(visit.user_id),
        has_password=await desk.passwords.has(visit.user_id),
        is_fresh=visit.is_fresh(desk.sessions.now()),
        passkeys=await desk.passkeys.listing(visit.user_id),
        passkeys_available=desk.passkeys.is_available,
        sessions=[_line(request, each, visit) for each in await desk.sessions.listing(visit.user_id)],
    )


def _line(request: Request, session: BrowserSession, visit: BrowserSession) -> _Session:
    browser, system = describe(session.user_agent or "")
    agent = words(request, Saying("agent.on", {"browser": browser, "system": system})) if system else browser
    return _Session(session.id, agent, session.address, session.last_seen_at, session.id == visit.id)
