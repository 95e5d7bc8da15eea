"""Letting programs in, in a real browser: redirects that its policy must allow, pasted codes, devices, frames."""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from antechamber.features.oauth.model.clients import ANT
from tests.browser.conftest import Town, Visit, Visitor

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
STATE = "s" * 43
EMAIL = "ada@example.com"
FORM = {"content-type": "application/x-www-form-urlencoded"}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Listener:
    """A stock program of a person's own machine: it waits on loopback for the browser to come back."""

    port: int
    frame: str = ""
    seen: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/callback"


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.seen.append(self.path)
            body = f'<!doctype html><title>back</title><link rel="icon" href="data:,">{made.frame}'.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Listener(server.server_port)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def asking(redirect_uri: str, **more: str) -> str:
    asked = {
        "client_id": ANT,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "user:profile user:inference user:developer",
        "state": STATE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    return f"/oauth/authorize?{urlencode(asked)}"


def redeem(town: Town, code: str, redirect_uri: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": VERIFIER,
        "client_id": ANT,
        "redirect_uri": redirect_uri,
        "state": STATE,
    }
    answer = town.server.ask("POST", "/v1/oauth/token", FORM, urlencode(form))
    assert answer.status == 200, answer.body
    return answer.json()


def begin(town: Town) -> Any:  # noqa: ANN401 - whatever JSON holds
    form = urlencode({"client_id": ANT, "scope": "user:inference"})
    return town.server.ask("POST", "/v1/oauth/device_authorization", FORM, form).json()


def poll(town: Town, begun: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    form = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": ANT}
    return town.server.ask("POST", "/v1/oauth/token", FORM, urlencode(form)).json()


@pytest.fixture(scope="module")
def logged_in(chromium: Browser, town: Town) -> Any:  # noqa: ANN401 - Playwright's, to be given back to it
    """The cookies of somebody who is logged in."""
    with chromium.new_context(base_url=town.server.base_url) as context:
        town.enter(Visitor(context, context.new_page()), EMAIL)
        return context.storage_state()


@pytest.fixture
def person(visit: Visit, logged_in: Any) -> Visitor:  # noqa: ANN401 - as above
    """Somebody who is logged in."""
    return visit(storage_state=logged_in)


def test_a_program_on_loopback_gets_its_code_with_the_keyboard_alone(
    town: Town, person: Visitor, listener: Listener
) -> None:
    page = person.go(asking(listener.url))
    expect(page.get_by_role("heading", level=1)).to_have_text("Let Anthropic CLI act for you?")
    page.get_by_role("button", name="Allow").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{listener.url}?*")
    answered = parse_qs(urlsplit(listener.seen[-1]).query)
    assert answered["state"] == [STATE]
    told = redeem(town, answered["code"][0], listener.url)
    headers = {"authorization": f"Bearer {told['access_token']}", "anthropic-version": "2023-06-01"}
    message = {"model": "sim-1", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    assert town.server.ask("POST", "/v1/messages", headers, json.dumps(message)).status == 200


def test_no_is_told_to_the_program_on_loopback(person: Visitor, listener: Listener) -> None:
    page = person.go(asking(listener.url))
    person.press("Deny")
    page.wait_for_url(f"{listener.url}?*")
    assert parse_qs(urlsplit(listener.seen[-1]).query)["error"] == ["access_denied"]


def test_a_code_is_copied_by_a_button(town: Town, person: Visitor) -> None:
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    redirect = f"{town.server.base_url}/oauth/code/callback?app=anthropic-cli"
    page = person.go(asking(redirect))
    person.press("Allow")
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy this code")
    person.press("Copy", exact=True)
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code, _, state = page.evaluate("navigator.clipboard.readText()").partition("#")
    assert state == STATE
    assert redeem(town, code, redirect)["token_type"] == "Bearer"


def test_all_of_it_works_without_scripts(
    town: Town,
    visit: Visit,
    listener: Listener,
    logged_in: Any,  # noqa: ANN401 - as above
) -> None:
    plain = visit(java_script_enabled=False, storage_state=logged_in)
    page = plain.go(asking(listener.url))
    plain.press("Allow")
    page.wait_for_url(f"{listener.url}?*")
    redirect = f"{town.server.base_url}/oauth/code/callback?app=anthropic-cli"
    plain.go(asking(redirect))
    plain.press("Allow")
    code, _, state = page.get_by_label("Code").input_value().partition("#")
    assert (state, page.get_by_role("button", name="Copy").count()) == (STATE, 0)
    assert redeem(town, code, redirect)["account"]["email_address"] == EMAIL
    begun = begin(town)
    plain.go("/device")
    page.fill("[name=user_code]", begun["user_code"])
    plain.press("Continue")
    plain.press("Allow")
    expect(page.get_by_role("heading", level=1)).to_have_text("The program is connected")
    assert poll(town, begun)["token_type"] == "Bearer"


def test_a_link_with_a_devices_code_waits_for_the_person(town: Town, person: Visitor) -> None:
    begun = begin(town)
    page = person.go(urlsplit(begun["verification_uri_complete"])._replace(scheme="", netloc="").geturl())
    expect(page.get_by_label("Code")).to_have_value(begun["user_code"])
    assert poll(town, begun)["error"] == "authorization_pending"
    person.press("Continue")
    for words in (begun["user_code"], "127.0.0.1", "the same address as this browser"):
        expect(page.get_by_role("main")).to_contain_text(words)
    person.press("Deny")
    expect(page.get_by_role("heading", level=1)).to_have_text("You said no")


def test_an_organization_of_somebody_else_is_told_on_a_page(person: Visitor, listener: Listener) -> None:
    page = person.go(asking(listener.url, orgUUID="00000000-0000-4000-8000-000000000000"))
    expect(page.get_by_role("alert")).to_contain_text("an organization that")
    person.press("Go back to Anthropic CLI")
    page.wait_for_url(f"{listener.url}?*")
    assert parse_qs(urlsplit(listener.seen[-1]).query)["error"] == ["access_denied"]


def test_a_form_whose_token_is_missing_is_not_taken(person: Visitor, listener: Listener) -> None:
    page = person.go(asking(listener.url))
    page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(field => field.remove())")
    person.press("Allow")
    expect(page.get_by_role("heading", level=1)).to_have_text("This form is too old")
    assert listener.seen == []


def test_a_page_in_a_frame_stays_empty(town: Town, person: Visitor, listener: Listener) -> None:
    listener.frame = f'<iframe src="{town.server.base_url}{asking(listener.url)}"></iframe>'.replace("&", "&amp;")
    page = person.go(f"http://localhost:{listener.port}/")
    page.wait_for_timeout(300)
    assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
    assert any("frame" in problem for problem in person.problems)
    person.problems.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_a_phone_and_speak_chinese(
    town: Town,
    visit: Visit,
    listener: Listener,
    logged_in: Any,  # noqa: ANN401 - as above
    scheme: str,
) -> None:
    size = {"width": 320, "height": 640}
    phone = visit(viewport=size, locale="zh-CN", color_scheme=scheme, storage_state=logged_in)
    begun = begin(town)
    page = phone.page
    for path in (asking(listener.url), "/device", f"/device?user_code={begun['user_code']}"):
        phone.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("允许 Anthropic CLI 代表您操作吗?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
