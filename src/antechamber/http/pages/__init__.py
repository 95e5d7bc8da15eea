"""The renderer of pages: Jinja2 templates beside it, every value escaped, every text in the reader's language.

Pages work without scripts and styles of their own: what they use lies in `assets/`, so the policy forbids all else.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from antechamber.base.clock import to_rfc3339
from antechamber.base.permissions import Permission
from antechamber.http.needs import Needs
from antechamber.http.pages.assets import asset_path
from antechamber.http.pages.filled import Filled, Saying
from antechamber.http.pages.words import language_of, say
from antechamber.http.routing import LateRoute, Router

if TYPE_CHECKING:
    from jinja2 import Environment

    from antechamber.http.browser import Browser

_NOTHING: Final = Filled()
_HEADERS: Final = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",  # with no-referrer browsers would send `Origin: null` with our own forms
    "vary": "accept-language, cookie",
    "x-content-type-options": "nosniff",
}


class PageRoute(LateRoute):
    """A route that answers browsers: its errors are pages too."""


def page_router() -> APIRouter:
    """Return a router for pages: public, as each asks for its visitor itself, and no part of the API's description."""
    return Router(
        route_class=PageRoute,
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Needs(Permission.PUBLIC, versioned=False)],
    )


async def render(
    request: Request,
    template: str,
    status: int = 200,
    *,
    filled: Filled = _NOTHING,
    form_action: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a page that no cache keeps.

    A template has `t` (a text by its key), `language`, `visit` (None for a stranger), `form_token`, and `filled`: what
    a form was sent with, and what is wrong with it. `form_action` are further addresses that its forms may lead to.
    """
    language = language_of(request.headers.get("accept-language", ""))
    browser: Browser | None = getattr(request.app.state, "browser", None)
    shown = (
        _environment()
        .get_template(template)
        .render(
            t=partial(say, language),
            language=language,
            visit=await browser.visit(request) if browser else None,
            form_token=await browser.form_token(request) if browser else "",
            filled=filled,
            path=request.url.path,
            **values,
        )
    )
    policy = {"content-security-policy": _policy(form_action), "content-language": language}
    response = HTMLResponse(shown, status, {**_HEADERS, **policy, **(headers or {})})
    if browser:
        browser.keep_form(request, response)
    return response


def lead(location: str) -> Response:
    """Lead a browser on with a GET, after a form (Post/Redirect/Get)."""
    return RedirectResponse(location, 303, {"cache-control": "no-store", "referrer-policy": "same-origin"})


@cache
def _environment() -> "Environment":
    # loaded for the first page
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - see above

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset_path
    made.filters["day"] = lambda instant: _time(instant, to_rfc3339(instant)[:10])
    made.filters["minute"] = lambda instant: _time(instant, f"{to_rfc3339(instant)[:16].replace('T', ' ')} UTC")
    return made


def _time(instant: int, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(to_rfc3339(instant), shown)


def _policy(form_action: Sequence[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            " ".join(("form-action 'self'", *form_action)),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def words(request: Request, saying: Saying) -> str:
    """Return a text in the reader's language, for what is not written in a template."""
    return say(language_of(request.headers.get("accept-language", "")), saying.key, **saying.values)
