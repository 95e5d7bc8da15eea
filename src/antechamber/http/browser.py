"""Browsers: the session's cookie, who visits, and what shows that a form was sent from a page of ours.

A form is taken when its `Origin` is this server's and its token belongs to the session, or, before log-in, to a cookie
that only this server can have set (OWASP's double submit, with the `__Host-` prefix of RFC 6265bis §4.1.3.2).
"""

import hmac
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated, Final, Protocol, TypeVar, cast
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response

from antechamber.base.chance import Chance
from antechamber.base.errors import InvalidRequest, PermissionDenied, RequestTooLarge
from antechamber.base.ids import UserId, encode_base58
from antechamber.http.forms import read_form

SESSION: Final = "ante_session"
FORM: Final = "ante_form"
ONCE: Final = "ante_once"
# error codes of forms that are not taken
STALE: Final = "form_stale"
FOREIGN: Final = "form_foreign"
TOKEN_FIELD: Final = "csrf_token"  # noqa: S105 - a field's name
LOG_IN: Final = "/login"
HOME: Final = "/account"
_PREFIX: Final = "__Host-"
_LONGEST_PATH: Final = 2000
_LONGEST_FORM: Final = 64 << 10
_ONCE_SECONDS: Final = 60
_DRAWN: Final = 32
_DRAWN_LENGTH: Final = 44
_VISIT_KEY: Final = "antechamber.visit"
_FORM_KEY: Final = "antechamber.form_secret"

Answer = TypeVar("Answer", bound=Response)


class Visit(Protocol):
    """A browser's session, as far as every page needs it; `csrf` belongs into each of its forms."""

    @property
    def user_id(self) -> UserId:
        """Whose it is."""
        ...

    @property
    def email(self) -> str:
        """Their address."""
        ...

    @property
    def name(self) -> str:
        """Their name, which may be empty."""
        ...

    @property
    def csrf(self) -> str:
        """What its forms carry."""
        ...


class Visits(Protocol):
    """Where sessions are known by their secrets."""

    async def resolve(self, secret: str) -> Visit | None:
        """Return the session that a secret opens, if it does."""
        ...


class SeeOtherError(Exception):
    """Leads a browser to a path on this server, with a GET (RFC 9110 §15.4.4)."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class Browser:
    """What this server's pages ask of, and give to, browsers; `public_url` is how these reach it."""

    def __init__(self, public_url: str, visits: Visits, chance: Chance, lasts_seconds: int) -> None:
        """`lasts_seconds` is how long a browser keeps the session's cookie; the server's own limits end it sooner."""
        self._public_url = public_url
        self._visits = visits
        self._chance = chance
        self._lasts_seconds = lasts_seconds
        self._secure = public_url.startswith("https:")

    async def visit(self, request: Request) -> Visit | None:
        """Return the session of a request, None for a stranger; asked for once a request."""
        if _VISIT_KEY not in request.scope:
            secret = session_secret(request, secure=self._secure)
            request.scope[_VISIT_KEY] = await self._visits.resolve(secret) if secret else None
        return cast("Visit | None", request.scope[_VISIT_KEY])

    def pass_over(self, request: Request) -> None:
        """Take who asks for a stranger from now on: where something is amiss with us, nobody is looked up."""
        request.scope[_VISIT_KEY] = None

    def session_secret(self, request: Request) -> str | None:
        """Return the secret in a browser's cookie, whatever it opens."""
        return session_secret(request, secure=self._secure)

    def enter(self, response: Answer, secret: str) -> Answer:
        """Give a browser its session."""
        return set_session(response, secret, secure=self._secure, lasts_seconds=self._lasts_seconds)

    def leave(self, response: Answer) -> Answer:
        """Take it back."""
        return clear_session(response, secure=self._secure)

    def show_once(self, response: Answer, secret: str) -> Answer:
        """Keep a new secret with the browser that made it until the next page, which shows it; a minute at most."""
        name = cookie_name(ONCE, secure=self._secure)
        response.set_cookie(name, secret, max_age=_ONCE_SECONDS, httponly=True, samesite="strict", secure=self._secure)
        return response

    def once(self, request: Request) -> str:
        """Return the secret that this page is to show, empty for none."""
        return request.cookies.get(cookie_name(ONCE, secure=self._secure), "")

    def forget_once(self, response: Answer) -> Answer:
        """Take it out of the browser: it has been shown."""
        name = cookie_name(ONCE, secure=self._secure)
        response.delete_cookie(name, httponly=True, samesite="strict", secure=self._secure)
        return response

    async def form_token(self, request: Request) -> str:
        """Return what a form on the page that answers this request has to carry."""
        visit = await self.visit(request)
        if visit is not None:
            return visit.csrf
        secret = request.cookies.get(cookie_name(FORM, secure=self._secure), "")
        if len(secret) != _DRAWN_LENGTH:
            secret = request.scope.get(_FORM_KEY) or encode_base58(
                int.from_bytes(self._chance.draw(_DRAWN)), _DRAWN_LENGTH
            )
            request.scope[_FORM_KEY] = secret
        return _token_of(secret)

    def keep_form(self, request: Request, response: Response) -> None:
        """Give a stranger's browser the cookie that goes with the forms of the page, where it has none."""
        if secret := request.scope.get(_FORM_KEY):
            response.set_cookie(
                cookie_name(FORM, secure=self._secure), secret, httponly=True, samesite="lax", secure=self._secure
            )

    async def fields(self, request: Request, *names: str) -> dict[str, str]:
        """Return a form's fields but the token; a name that is missing is empty text.

        PermissionDenied for one that is not ours; InvalidRequest for a field given twice or none of `names`;
        RequestTooLarge over 64 KiB.
        """
        check_origin(request, self._public_url)
        if len(await request.body()) > _LONGEST_FORM:
            message = "This form has more in it than any of ours."
            raise RequestTooLarge(message)
        fields = await read_form(request)
        await self.check_token(request, fields.pop(TOKEN_FIELD, ""))
        refuse_unknown(fields, names)
        return {**dict.fromkeys(names, ""), **fields}

    async def check_token(self, request: Request, token: str) -> None:
        """Refuse what does not carry the token of its browser."""
        if not hmac.compare_digest((await self.form_token(request)).encode(), token.encode("utf-8", "replace")):
            message = "This form belongs to an earlier visit, or did not come from this server. Open the page again."
            raise PermissionDenied(message, error_code=STALE)

    def check_origin(self, request: Request) -> None:
        """Refuse what was not sent from a page of this server."""
        check_origin(request, self._public_url)


def refuse_unknown(fields: dict[str, str], names: tuple[str, ...]) -> None:
    """Raise InvalidRequest for a field that a form does not have; a name ending in `*` stands for all that begin so."""
    prefixes = tuple(name[:-1] for name in names if name.endswith("*"))
    unknown = sorted(name for name in fields if name not in names and not (prefixes and name.startswith(prefixes)))
    if unknown:
        message = f"This form has no field {unknown[0][:60]!r}."
        raise InvalidRequest(message)


def browser_of(request: Request) -> Browser:
    """Return the browser's side of the application that serves a request."""
    return cast("Browser", request.app.state.browser)


async def visitor(request: Request) -> Visit:
    """Return who is logged in; anybody else is led to the log-in page, and back afterwards."""
    visit = await browser_of(request).visit(request)
    if visit is None:
        raise SeeOtherError(log_in_path(_wanted(request)))
    return visit


Visitor = Annotated[Visit, Depends(visitor)]


def log_in_path(wanted: str) -> str:
    """Return the log-in page's path, with where to go afterwards."""
    return f"{LOG_IN}?next={quote(wanted, safe='')}"


def _wanted(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    if request.method == "GET":
        here = f"{request.url.path}?{query}" if query else request.url.path
    else:
        # an answer to a form is no place to come back to, the form is; the policy of our pages lets its address through
        referrer = urlsplit(request.headers.get("referer", ""))
        here = f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path
    return local_path(here) or HOME


def local_path(text: str) -> str | None:
    """Return a path on this server, None for what a browser could read as an address elsewhere.

    It begins with one slash, and has no backslash, space or control character anywhere (WHATWG URL §4.4).
    """
    if not text.startswith("/") or text.startswith("//") or len(text) > _LONGEST_PATH:
        return None
    return text if all("!" <= sign <= "~" and sign != "\\" for sign in text) else None


def cookie_name(name: str = SESSION, *, secure: bool) -> str:
    """Return a cookie's name: `__Host-` where it is `Secure`, which it can't be over plain HTTP on loopback."""
    return f"{_PREFIX}{name}" if secure else name


def session_secret(request: Request, *, secure: bool) -> str | None:
    """Return the session's secret that a browser sent."""
    return request.cookies.get(cookie_name(secure=secure)) or None


def set_session(response: Answer, secret: str, *, secure: bool, lasts_seconds: int) -> Answer:
    """Put a session's secret into its cookie."""
    response.set_cookie(
        cookie_name(secure=secure),
        secret,
        max_age=lasts_seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return response


def clear_session(response: Answer, *, secure: bool) -> Answer:
    """Take the session's cookie out of the browser."""
    response.delete_cookie(cookie_name(secure=secure), path="/", httponly=True, samesite="lax", secure=secure)
    return response


def csrf_matches(visit: Visit, token: str) -> bool:
    """Say whether a form's token is the session's."""
    return hmac.compare_digest(visit.csrf.encode(), token.encode("utf-8", "replace"))


def check_origin(request: Request, public_url: str) -> None:
    """Refuse, with PermissionDenied, what a browser sent from another site's page, or nobody can say from where.

    Browsers send `Origin` with every POST; without one, `Sec-Fetch-Site` has to say the same. Loopback's names are one
    place: a page that was opened at 127.0.0.1 stays good where links say localhost.
    """
    origin = request.headers.get("origin")
    if origin is None:
        is_ours = request.headers.get("sec-fetch-site") == "same-origin"
    else:
        is_ours = _place(origin) == _place(public_url)
    if not is_ours:
        message = "This form was not sent from a page of this server. Open the page here, and send it again."
        raise PermissionDenied(message, error_code=FOREIGN)


def _place(address: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    host = parts.hostname or ""
    return (parts.scheme, "localhost" if _is_loopback(host) else host, port) if host else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _token_of(secret: str) -> str:
    return hmac.digest(secret.encode(), b"antechamber form", sha256).hex()
