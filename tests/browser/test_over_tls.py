"""The same pages over TLS: what the cookie is then, and that passkeys work at such an address."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Town, Visit
from tests.tls import TlsServer


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    server = TlsServer(tmp_path_factory.mktemp("tls"))
    try:
        yield Town(server.start())
    finally:
        server.stop()


def test_over_tls_the_session_is_bound_to_the_host_and_passkeys_open_it(town: Town, visit: Visit) -> None:
    ada = visit(ignore_https_errors=True)
    ada.carry_passkeys()
    page = ada.go(f"/setup?token={town.server.setup_token}")
    page.fill("[name=name]", "Ada")
    page.fill("[name=password]", PASSWORD)
    ada.press("Create account")
    expect(page).to_have_url(f"{town.server.base_url}/welcome")
    cookies = {cookie["name"]: cookie for cookie in ada.context.cookies()}
    session = cookies["__Host-ante_session"]
    assert (session["secure"], session["httpOnly"], session["sameSite"], session["path"]) == (True, True, "Lax", "/")
    assert {name for name in cookies if not name.startswith("__Host-")} == set()
    assert page.evaluate("document.cookie") == ""

    page = ada.go("/account")
    ada.press("Add a passkey")
    expect(page.get_by_role("status")).to_have_text("Your passkey is added.")
    page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    ada.press("Use a passkey")
    expect(page).to_have_url(f"{town.server.base_url}/account")
    renewed = {cookie["name"]: cookie["value"] for cookie in ada.context.cookies()}["__Host-ante_session"]
    assert renewed != session["value"]
