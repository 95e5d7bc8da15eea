"""Browsers: where they may be led, what their cookies are called, and which forms are taken."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import Request, Response
from hypothesis import example, given
from hypothesis import strategies as st

from antechamber.base.chance import SystemChance
from antechamber.base.errors import InvalidRequest, PermissionDenied, RequestTooLarge
from antechamber.base.ids import UserId
from antechamber.http.app import CONTENT_TYPE_KEY
from antechamber.http.browser import (
    Browser,
    Visit,
    check_origin,
    clear_session,
    cookie_name,
    csrf_matches,
    local_path,
    log_in_path,
    set_session,
)

ADA = UserId("user_1")
SITE = "https://ante.example.com"
STRANGE = st.text(st.sampled_from("/\\.:@?#%&= \t\r\n\x00aé" + "htps"), max_size=30)


@dataclass(frozen=True)
class Guest:
    user_id: UserId
    email: str = "ada@example.com"
    name: str = "Ada"
    csrf: str = "of-the-session"


class Doors:
    """Knows one session."""

    async def resolve(self, secret: str) -> Visit | None:
        return Guest(ADA) if secret == "good" else None


def asked(body: bytes = b"", *, kind: str = "application/x-www-form-urlencoded", **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/login", "headers": named, "query_string": b""}
    return Request({**scope, CONTENT_TYPE_KEY: kind}, receive)


def browser(site: str = SITE) -> Browser:
    return Browser(site, Doors(), SystemChance(), 3600)


@given(STRANGE)
@example("//evil.example")
@example("/\\evil.example")
@example("/\t/evil.example")
@example("https://evil.example")
@example("/%2f/evil.example")
@example("/a?next=//evil.example")
def test_a_path_to_be_led_to_stays_on_this_server(text: str) -> None:
    path = local_path(text)
    if path is not None:
        assert path == text
        assert urlsplit(urljoin(f"{SITE}/login", path))[:2] == ("https", "ante.example.com")
        # browsers drop tabs and line ends, and read a backslash as a slash (WHATWG URL §4.4)
        seen = "".join(sign for sign in path if sign not in "\t\r\n").replace("\\", "/")
        assert seen.startswith("/")
        assert not seen.startswith("//")


@given(STRANGE)
def test_where_to_go_after_log_in_is_one_value_of_the_query(text: str) -> None:
    parts = urlsplit(log_in_path(text))
    assert parts.path == "/login"
    assert parts.query.count("&") == 0
    assert parts.fragment == ""


@pytest.mark.parametrize("text", ["", "account", "//x", "/" + "a" * 3000, "/ä", "/a b"])
def test_what_is_no_plain_path_is_refused(text: str) -> None:
    assert local_path(text) is None


def test_the_cookie_is_bound_to_the_host_over_tls_and_only_there() -> None:
    assert cookie_name(secure=True) == "__Host-ante_session"
    assert cookie_name(secure=False) == "ante_session"
    over_tls = set_session(Response(), "s", secure=True, lasts_seconds=9).headers["set-cookie"]
    assert over_tls == "__Host-ante_session=s; HttpOnly; Max-Age=9; Path=/; SameSite=lax; Secure"
    plain = set_session(Response(), "s", secure=False, lasts_seconds=9).headers["set-cookie"]
    assert plain == "ante_session=s; HttpOnly; Max-Age=9; Path=/; SameSite=lax"


def test_taking_a_cookie_back_says_all_that_setting_it_said() -> None:
    gone = clear_session(Response(), secure=True).headers["set-cookie"]
    assert gone.startswith('__Host-ante_session=""; ')
    assert "Max-Age=0" in gone
    assert gone.endswith("Path=/; SameSite=lax; Secure")


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        (SITE, SITE),
        ("https://ante.example.com:443", SITE),
        ("http://127.0.0.1:8787", "http://localhost:8787"),
        ("http://[::1]:8787", "http://127.0.0.1:8787"),
    ],
)
def test_a_form_of_this_server_is_taken(origin: str, site: str) -> None:
    check_origin(asked(origin=origin), site)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://ante.example.com"},
        {"origin": "https://ante.example.com.evil.example"},
        {"origin": "https://ante.example.com:8443"},
        {"origin": "null"},
        {"origin": "https://[broken"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
def test_a_form_from_elsewhere_or_nowhere_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(PermissionDenied):
        check_origin(asked(b"", **headers), SITE)


def test_without_an_origin_the_browser_can_say_that_the_form_is_ours() -> None:
    check_origin(asked(sec_fetch_site="same-origin"), SITE)


async def test_the_form_of_somebody_logged_in_carries_the_sessions_token() -> None:
    cookie = "__Host-ante_session=good"
    fields = await browser().fields(asked(b"csrf_token=of-the-session&a=1", origin=SITE, cookie=cookie), "a", "b")
    assert fields == {"a": "1", "b": ""}
    with pytest.raises(PermissionDenied):
        await browser().fields(asked(b"csrf_token=of-another", origin=SITE, cookie=cookie))
    with pytest.raises(PermissionDenied):
        await browser().fields(asked(b"a=1", origin=SITE, cookie=cookie), "a")


async def test_a_strangers_form_carries_what_only_their_cookie_gives() -> None:
    shown, answer = asked(), Response()
    token = await browser().form_token(shown)
    browser().keep_form(shown, answer)
    name, _, rest = answer.headers["set-cookie"].partition("=")
    cookie = f"{name}={rest.partition(';')[0]}"
    assert name == "__Host-ante_form"
    assert "HttpOnly" in rest
    assert await browser().fields(asked(f"csrf_token={token}".encode(), origin=SITE, cookie=cookie)) == {}
    with pytest.raises(PermissionDenied):
        await browser().fields(asked(f"csrf_token={token}".encode(), origin=SITE))
    with pytest.raises(PermissionDenied):
        await browser().fields(asked("csrf_token=é".encode(), origin=SITE, cookie=cookie))


async def test_the_cookie_of_forms_is_given_once_and_kept() -> None:
    again, answer = asked(cookie="__Host-ante_form=" + "a" * 44), Response()
    assert await browser().form_token(again) == await browser().form_token(again)
    browser().keep_form(again, answer)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"csrf_token=of-the-session&a=1&a=2", InvalidRequest),
        (b"csrf_token=of-the-session&unknown=1", InvalidRequest),
        (b"csrf_token=of-the-session&a=%FF", InvalidRequest),
        (b"csrf_token=of-the-session&a=" + b"x" * 70_000, RequestTooLarge),
    ],
)
async def test_a_form_with_more_than_belongs_into_it_is_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await browser().fields(asked(body, origin=SITE, cookie="__Host-ante_session=good"), "a")


async def test_fields_may_be_declared_by_what_they_begin_with() -> None:
    sent = asked(b"csrf_token=of-the-session&scope:a=on", origin=SITE, cookie="__Host-ante_session=good")
    assert (await browser().fields(sent, "scope:*"))["scope:a"] == "on"


async def test_a_body_of_another_kind_is_no_form() -> None:
    sent = asked(b"{}", kind="application/json", origin=SITE, cookie="__Host-ante_session=good")
    with pytest.raises(InvalidRequest):
        await browser().fields(sent)


def test_a_new_secret_waits_a_minute_in_a_strict_cookie_and_is_forgotten() -> None:
    kept = browser().show_once(Response(), "secret").headers["set-cookie"]
    assert kept == "__Host-ante_once=secret; HttpOnly; Max-Age=60; Path=/; SameSite=strict; Secure"
    assert browser().once(asked(cookie="__Host-ante_once=secret")) == "secret"
    assert "Max-Age=0" in browser().forget_once(Response()).headers["set-cookie"]


def test_the_token_of_another_session_does_not_match() -> None:
    assert csrf_matches(Guest(ADA), "of-the-session")
    assert not csrf_matches(Guest(ADA), "of-anothér")
