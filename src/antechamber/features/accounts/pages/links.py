"""What the pages of one-time links share: a link that opens nothing, and one for somebody who is known here."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from antechamber.base.errors import NotFound, WireError
from antechamber.features.accounts.model import LinkStatus
from antechamber.http.browser import browser_of, log_in_path
from antechamber.http.pages import render
from antechamber.http.pages.filled import Filled

DONE: Final = "/welcome"
_WHY: Final = {
    None: "closed.unknown",
    LinkStatus.DELETED: "closed.deleted",
    LinkStatus.EXPIRED: "closed.expired",
    LinkStatus.USED: "closed.used",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A link for somebody who has an account: what it is for, and where it leads."""

    title: str
    lead: str
    email: str
    here: str
    action: str
    token: str


async def closed(request: Request, status: LinkStatus | None, next_step: str) -> Response:
    """Return the page of a link that can't be used: 404 for one that there never was, 410 for one that is over."""
    why = _WHY.get(status, "closed.used")
    http_status = 404 if status is None else 410
    return await render(
        request, "accounts/closed.html", http_status, title="closed.title", why=why, next_step=next_step
    )


async def known(request: Request, link: Known, status: int, filled: Filled) -> Response:
    """Return the page on which somebody known uses a link in their session, or is led to log in first."""
    visit = await browser_of(request).visit(request)
    return await render(
        request,
        "accounts/known.html",
        status,
        filled=filled,
        title=link.title,
        lead=link.lead,
        email=link.email,
        is_for_visitor=visit is not None and visit.email.casefold() == link.email.casefold(),
        here=link.here,
        log_in=log_in_path(link.here),
        action=link.action,
        token=link.token,
    )


def is_about_link(error: WireError | None) -> bool:
    """Say whether a refusal is about the link itself, which opens nothing then."""
    return isinstance(error, NotFound) or (error is not None and (error.error_code or "").startswith("link_"))
