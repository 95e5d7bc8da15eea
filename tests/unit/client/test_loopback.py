import http.client
import io
import os
import threading
from collections.abc import Iterator
from typing import TextIO
from urllib.parse import urlencode, urlsplit

import pytest

from antechamber.base.chance import SeededChance
from antechamber.client.authorize import LoginAttempt, begin_login, manual_redirect
from antechamber.client.failures import LoginFailed
from antechamber.client.loopback import Loopback, Received, await_code


@pytest.fixture
def attempt() -> LoginAttempt:
    return begin_login(SeededChance(1), console_url="https://console.example")


@pytest.fixture
def loopback(attempt: LoginAttempt) -> Iterator[Loopback]:
    with Loopback(attempt) as loopback:
        yield loopback


def visit(loopback: Loopback, path: str = "/callback", method: str = "GET", **query: str) -> http.client.HTTPResponse:
    port = urlsplit(loopback.redirect_uri).port
    assert port is not None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path + ("?" + urlencode(query) if query else ""))
    return connection.getresponse()


def never() -> TextIO:
    """Return a stream on which nothing is ever typed."""
    reading, _ = os.pipe()
    return os.fdopen(reading)


def test_the_code_comes_back_and_the_person_sees_a_small_page(loopback: Loopback, attempt: LoginAttempt) -> None:
    answer = visit(loopback, state=attempt.state, code="the-code")
    page = answer.read().decode()
    assert (answer.status, "the-code" in page) == (200, False)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert loopback.wait(5) == "the-code"


def test_it_listens_on_this_machine_alone(loopback: Loopback) -> None:
    assert loopback.redirect_uri.startswith("http://localhost:")
    assert loopback._server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("path", ["/", "/callback/", "/callbackx", "/favicon.ico"])
def test_no_other_path_ends_the_log_in(loopback: Loopback, attempt: LoginAttempt, path: str) -> None:
    assert visit(loopback, path, state=attempt.state, code="x").status == 404
    assert loopback.wait(0.05) is None


def test_no_other_method_ends_the_log_in(loopback: Loopback, attempt: LoginAttempt) -> None:
    assert visit(loopback, method="POST", state=attempt.state, code="x").status == 501
    assert loopback.wait(0.05) is None


@pytest.mark.parametrize("state", ["", "wrong", "wröng"])
def test_a_wrong_state_is_a_bad_request_and_fails(loopback: Loopback, state: str) -> None:
    assert visit(loopback, state=state, code="x").status == 400
    with pytest.raises(LoginFailed, match="state"):
        loopback.wait(5)


def test_a_state_given_twice_is_wrong(loopback: Loopback, attempt: LoginAttempt) -> None:
    assert visit(loopback, f"/callback?state={attempt.state}&state={attempt.state}&code=x").status == 400


def test_the_servers_refusal_is_told(loopback: Loopback, attempt: LoginAttempt) -> None:
    answer = visit(loopback, state=attempt.state, error="access_denied", error_description="you\x1b[31m said no")
    assert (answer.status, b"said no" in answer.read()) == (400, False)
    with pytest.raises(LoginFailed, match="access_denied") as refused:
        loopback.wait(5)
    assert "\x1b" not in str(refused.value)


def test_the_browser_wins_when_it_is_first(loopback: Loopback, attempt: LoginAttempt) -> None:
    visit(loopback, state=attempt.state, code="of-the-browser")
    with never() as pasted:
        assert await_code(attempt, loopback, pasted, 5) == Received("of-the-browser", loopback.redirect_uri)


def test_a_pasted_code_wins_when_it_is_first(loopback: Loopback, attempt: LoginAttempt) -> None:
    pasted = io.StringIO(f"\npasted#{attempt.state}\n")
    manual = manual_redirect("https://console.example", "antechamber-cli")
    assert await_code(attempt, loopback, pasted, 5) == Received("pasted", manual)


def test_the_end_of_stdin_leaves_the_browsers_way_open(loopback: Loopback, attempt: LoginAttempt) -> None:
    threading.Timer(0.1, visit, (loopback,), {"state": attempt.state, "code": "later"}).start()
    assert await_code(attempt, loopback, io.StringIO(""), 5).code == "later"


def test_nothing_at_all_ends_with_words(loopback: Loopback, attempt: LoginAttempt) -> None:
    with pytest.raises(LoginFailed, match="nobody logged in"):
        await_code(attempt, loopback, io.StringIO(""), 0.1)
    with pytest.raises(LoginFailed, match="no code"):
        await_code(attempt, None, io.StringIO(""), None)


def test_a_code_of_another_attempt_fails(attempt: LoginAttempt) -> None:
    with pytest.raises(LoginFailed, match="another attempt"):
        await_code(attempt, None, io.StringIO("code#other\n"), 5)


def test_a_port_that_is_taken_is_an_error(attempt: LoginAttempt, loopback: Loopback) -> None:
    with pytest.raises(OSError, match="in use"):
        Loopback(attempt, urlsplit(loopback.redirect_uri).port or 0)
