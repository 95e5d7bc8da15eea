"""Errors as pages: for eyes, not for programs, and also when nothing can be looked up."""

from io import BytesIO

import pytest
from fastapi import APIRouter, Response

from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    WireError,
)
from antechamber.base.ids import Kind, parse
from antechamber.base.secret import Secret
from antechamber.http.app import Shell
from antechamber.http.authenticate import Authenticator
from antechamber.http.browser import Browser, Visit, Visitor
from antechamber.http.control import build_control
from antechamber.http.log import AccessLog
from antechamber.http.pages import page_router
from antechamber.http.proxies import TrustedProxies
from tests.asgi import Answer, call
from tests.unit.http.test_control import Keys

HTML = {"accept": "text/html,*/*;q=0.8"}
ERRORS: dict[str, WireError] = {
    "conflict": Conflict("Somebody else was faster."),
    "denied": PermissionDenied("Your role does not let you."),
    "gone": NotFound("canary"),
    "haste": RateLimited("canary", retry_after=7),
    "hurry": RateLimited("canary"),
    "invalid": InvalidRequest("A field is <b>wrong</b>."),
    "lost": Unavailable("The database does not answer.", retry_after=3),
}


class Doors:
    """Sessions that cannot be looked up."""

    async def resolve(self, secret: str) -> Visit | None:
        message = "The database does not answer."
        raise Unavailable(message, note=secret, retry_after=3)


def pages() -> APIRouter:
    routes = page_router()

    @routes.get("/fails/{name}")
    async def fail(name: str) -> Response:
        if name == "bug":
            message = "canary"
            raise RuntimeError(message)
        raise ERRORS[name]

    @routes.get("/own")
    async def own(visit: Visitor) -> Response:
        return Response(visit.email)

    return routes


@pytest.fixture
def shell() -> Shell:
    clock, keys = SystemClock(), Keys()
    browser = Browser("http://localhost:8787", Doors(), SystemChance(), 60)
    return Shell(
        control=build_control([pages()], [], browser),
        raw=[],
        authenticator=Authenticator([keys], keys, clock, Secret("p")),
        clock=clock,
        chance=SystemChance(),
        log=AccessLog(clock, BytesIO()),
        proxies=TrustedProxies(""),
        observe=lambda _: None,
    )


async def see(shell: Shell, path: str, **headers: str) -> tuple[Answer, str]:
    answer = await call(shell, "GET", path, headers=HTML | headers)
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert "canary" not in answer.body.decode()
    return answer, answer.body.decode()


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("conflict", 409, "Somebody else was faster."),
        ("denied", 403, "ask an admin of your organization"),
        ("gone", 404, "There is no such page"),
        ("haste", 429, "Wait 7 seconds, then try again."),
        ("hurry", 429, "Wait a minute, then try again."),
        ("invalid", 400, "A field is &lt;b&gt;wrong&lt;/b&gt;."),
        ("lost", 503, "The server cannot do this right now"),
    ],
)
async def test_an_error_says_what_it_is_and_what_to_do_next(shell: Shell, name: str, status: int, words: str) -> None:
    answer, shown = await see(shell, f"/fails/{name}")
    assert (answer.status, words in shown) == (status, True)


async def test_how_long_to_wait_is_a_header_too(shell: Shell) -> None:
    assert (await see(shell, "/fails/haste"))[0].header("retry-after") == "7"


async def test_our_own_failure_shows_a_number_to_ask_about_and_nothing_else(shell: Shell) -> None:
    answer, shown = await see(shell, "/fails/bug")
    request_id = answer.header("request-id") or ""
    assert answer.status == 500
    assert parse(Kind.REQUEST, request_id)
    assert request_id in shown


async def test_a_page_that_cannot_know_its_visitor_says_so_in_a_page(shell: Shell) -> None:
    answer, shown = await see(shell, "/own", cookie="ante_session=canary")
    assert (answer.status, answer.header("retry-after")) == (503, "3")
    assert "cannot do this right now" in shown


async def test_a_stranger_is_led_to_log_in_and_back(shell: Shell) -> None:
    answer = await call(shell, "GET", "/own?unknown", headers=HTML)
    assert answer.status == 400
    answer = await call(shell, "GET", "/own", headers=HTML)
    assert (answer.status, answer.header("location")) == (303, "/login?next=%2Fown")


@pytest.mark.parametrize("headers", [{}, {"accept": "application/json"}, {"accept": "*/*"}])
async def test_a_program_gets_json_where_there_is_no_page(shell: Shell, headers: dict[str, str]) -> None:
    answer = await call(shell, "GET", "/nowhere", headers=headers)
    assert answer.json()["error"]["type"] == "not_found_error"
