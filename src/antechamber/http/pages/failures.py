"""Errors as pages: what went wrong, and what to do next."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from antechamber.base.errors import (
    InternalError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    WireError,
)
from antechamber.http.browser import FOREIGN, STALE, browser_of, log_in_path
from antechamber.http.context import context_of
from antechamber.http.pages import PageRoute, render
from antechamber.http.pages.filled import Saying

_API: Final = ("/v1/", "/api/", "/health/", "/.well-known/", "/assets/")
_IN_WORDS: Final = "error.in_words"
_METHOD_NOT_ALLOWED: Final = 405
_OURS: Final = 500


@dataclass(frozen=True, slots=True)
class _Shown:
    """Keys of a failure's title and next step; `what` None says it in the error's own words."""

    title: str
    what: str | None = None
    next_step: str | None = None


_SHOWN: Final[dict[type[WireError], _Shown]] = {
    InvalidRequest: _Shown("error.invalid", None, "error.invalid_next"),
    PermissionDenied: _Shown("error.refused", None, "error.refused_next"),
    NotFound: _Shown("error.missing", "error.missing_what", "error.missing_next"),
    RequestTooLarge: _Shown("error.too_much", "error.too_much_what", "error.invalid_next"),
    InternalError: _Shown("error.failed", "error.failed_what", "error.failed_next"),
}
_FORMS: Final = {
    STALE: _Shown("error.stale", "error.stale_what", "error.stale_next"),
    FOREIGN: _Shown("error.foreign", "error.foreign_what", "error.foreign_next"),
}
_BUSY: Final = _Shown("error.busy", None, "error.busy_next")


def wants_page(request: Request) -> bool:
    """Say whether an error is for somebody's eyes: a page's own, or that of a browser which looks for one."""
    route = request.scope.get("route")
    if route is not None:
        return isinstance(route, PageRoute)
    accepted = request.headers.get("accept", "")
    return request.method == "GET" and "text/html" in accepted and not request.url.path.startswith(_API)


async def error_page(request: Request, error: WireError, status: int, headers: dict[str, str]) -> Response:
    """Return the page of an error, with its status and its headers but the content type."""
    if status >= _OURS and request.app.state.browser is not None:
        browser_of(request).pass_over(request)
    shown = _shown(error, status)
    back, back_text = _way_back(request, error)
    kept = {name: value for name, value in headers.items() if name != "content-type"}
    return await render(
        request,
        "error.html",
        status,
        headers=kept,
        title=shown.title,
        what=_what(shown, error),
        next_step=shown.next_step,
        back=back,
        back_text=back_text,
        request_id=context_of(request.scope).request_id if isinstance(error, InternalError) else "",
    )


def _shown(error: WireError, status: int) -> _Shown:
    if status == _METHOD_NOT_ALLOWED:
        return _Shown("error.method", "error.method_what")
    if isinstance(error, RateLimited):
        return _Shown("error.throttled", None if error.retry_after else "error.throttled_soon")
    return _FORMS.get(error.error_code or "") or _SHOWN.get(type(error), _BUSY)


def _what(shown: _Shown, error: WireError) -> Saying:
    if isinstance(error, RateLimited) and error.retry_after:
        return Saying("error.throttled_what", {"seconds": error.retry_after})
    return Saying(_IN_WORDS, {"words": error.message}) if shown.what is None else Saying(shown.what)


def _way_back(request: Request, error: WireError) -> tuple[str, str]:
    """Return where to go from here: a form is opened again, everything else begins at the start."""
    if error.error_code in _FORMS:
        route = request.scope["route"]
        # a path with a name in it may lead to a form's answer only
        return (log_in_path("/account") if "{" in route.path else request.url.path), "error.again"
    return "/", "error.home"
