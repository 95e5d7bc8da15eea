"""`/oauth/authorize`: a person picks where a program may act for them, and says yes or no (RFC 6749 §4.1).

Opening it changes nothing. What is picked lies in the address until the form at the end is sent, and whoever began
it is asked every time: a program on the person's own machine too (RFC 8252 §8.6).
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.features.oauth.model import AuthorizationRequest, BadClient, BadRequest
from antechamber.features.oauth.model.clients import CODE_PAGE
from antechamber.features.oauth.pages.places import (
    UNFRAMED,
    Picking,
    actor_of,
    open_router,
    pick,
    somebody_else,
    why_not,
)
from antechamber.features.oauth.service import Authorizations
from antechamber.http.browser import Visit, browser_of, visitor
from antechamber.http.pages import render

PATH: Final = "/oauth/authorize"
_ORGANIZATION: Final = "organization"
_WORKSPACE: Final = "workspace"
_SEE_OTHER: Final = 303
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
_LEAKS_NOTHING: Final = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class _Page:
    """One visit to the page: a sound request, and who is asked."""

    def __init__(self, request: Request, asked: AuthorizationRequest, visit: Visit, public_url: str) -> None:
        self.request = request
        self.asked = asked
        self.visit = visit
        self._is_shown = asked.redirect_uri.startswith(f"{public_url}{CODE_PAGE}")

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The program's own parameters."""
        pairs = self.request.query_params.multi_items()
        return [(name, value) for name, value in pairs if name not in {_ORGANIZATION, _WORKSPACE}]

    async def stop(self, reason: str | None) -> Response:
        """Say that there is no place to pick, and why: the program may have named one that is not this person's."""
        return await self._render("oauth/stop.html", 403, why=why_not(reason))

    async def pick(self, picking: Picking) -> Response:
        """Ask for the organisation, or the workspace in it."""
        kept = self.pairs
        if picking.organization is not None:
            kept = [*kept, (_ORGANIZATION, picking.organization.id)]
        return await self._render("oauth/pick.html", picking=picking, kept=kept)

    async def ask(self, picking: Picking) -> Response:
        """Ask for a yes or no."""
        return await self._render("oauth/consent.html", picking=picking)

    async def _render(
        self,
        template: str,
        status: int = 200,
        *,
        picking: Picking | None = None,
        kept: Sequence[tuple[str, str]] = (),
        why: str = "",
    ) -> Response:
        target = urlsplit(self.asked.redirect_uri)
        here = f"{PATH}?{urlencode(self.pairs)}"
        return await render(
            self.request,
            template,
            status,
            form_action=[_source(self.asked.redirect_uri)],
            headers=UNFRAMED,
            client=self.asked.client.name,
            scopes=self.asked.scopes,
            target=target.netloc or target.scheme,
            target_kind="code" if self._is_shown else "local" if target.scheme == "http" else "site",
            picking=picking,
            method="get",
            action=PATH if kept else here,
            kept=kept,
            again=here if picking is not None and picking.is_changeable else None,
            why=why,
            somebody_else=somebody_else(here),
            device=None,
            code="",
        )


def authorize_pages(authorizations: Authorizations, public_url: str) -> APIRouter:
    """Return the page over a service."""
    routes = open_router()

    async def opened(request: Request) -> _Page | Response:
        """Read the request; a refusal goes back to the program only once somebody is logged in (RFC 9700 §4.11.2)."""
        asked = await authorizations.read(request.query_params.multi_items())
        if isinstance(asked, BadClient):
            return await render(request, "oauth/bad_client.html", 400, message=asked.message)
        visit = await visitor(request)
        return _redirect(asked.location) if isinstance(asked, BadRequest) else _Page(request, asked, visit, public_url)

    @routes.get(PATH)
    async def show(request: Request) -> Response:
        page = await opened(request)
        if not isinstance(page, _Page):
            return page
        query = request.query_params
        choices = await authorizations.choices(page.visit.user_id, page.asked)
        picking = pick(choices, query.get(_ORGANIZATION, ""), query.get(_WORKSPACE, ""))
        if not picking.organizations:
            return await page.stop(choices.reason)
        return await (page.ask(picking) if picking.workspace else page.pick(picking))

    @routes.post(PATH)
    async def decide(request: Request) -> Response:
        page = await opened(request)
        if not isinstance(page, _Page):
            return page
        form = await browser_of(request).fields(request, "decision", _ORGANIZATION, _WORKSPACE)
        if form["decision"] == "deny":
            return _redirect(authorizations.deny(page.asked))
        if form["decision"] != "allow":
            message = "decision: must be allow or deny"
            raise InvalidRequest(message)
        place = OrganizationId(form[_ORGANIZATION]), WorkspaceId(form[_WORKSPACE])
        by = actor_of(request, page.visit)
        return _redirect(await authorizations.approve(page.visit.user_id, page.asked, *place, by))

    return routes


def _redirect(location: str) -> Response:
    # 303, so that no browser sends the form on to the program (RFC 9700 §4.12)
    return RedirectResponse(location, _SEE_OTHER, _LEAKS_NOTHING)


def _source(redirect_uri: str) -> str:
    """Return what `form-action` must name, or browsers would not follow the redirect (CSP §6.4.1)."""
    parts = urlsplit(redirect_uri)
    # a source has no form for an IPv6 address, and a private scheme has no host
    return f"{parts.scheme}://{parts.netloc}" if _HOST.fullmatch(parts.netloc) else f"{parts.scheme}:"
