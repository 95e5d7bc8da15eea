"""Whole ways of people through the pages: set-up, passkeys, log-in, keys, invites, with scripts and without."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Town, Visit, Visitor


def _models(town: Town, secret: str) -> int:
    return town.server.ask("GET", "/v1/models", {"x-api-key": secret, "anthropic-version": "2023-06-01"}).status


def _await_models(town: Town, visitor: Visitor, secret: str, status: int) -> None:
    """Wait until a key is answered so: a change takes up to a second to be known."""
    for _ in range(100):
        if _models(town, secret) == status:
            return
        visitor.page.wait_for_timeout(50)
    pytest.fail(f"/v1/models never answered {status}")


def _make_key(visitor: Visitor, name: str, button: str = "Make key") -> str:
    page = visitor.go("/account/keys")
    page.fill("[name=name]", name)
    visitor.press(button, exact=True)
    secret = page.locator("#secret").input_value()
    assert secret in page.locator("#exports").inner_text()
    return secret


def test_the_first_admin_sets_up_and_goes_all_the_way(town: Town, visit: Visit) -> None:
    ada = visit()
    ada.carry_passkeys()
    page = ada.go(f"/setup?token={town.server.setup_token}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up your account")
    page.fill("[name=name]", "Ada Lovelace")
    page.fill("[name=password]", PASSWORD)
    ada.press("Create account")
    expect(page).to_have_url(f"{town.server.base_url}/welcome")
    expect(page.locator("#log-in")).to_contain_text(f"ante auth login --base-url {town.server.base_url}")

    page = ada.go("/account")
    page.fill("[name=passkey_name]", "Laptop")
    ada.press("Add a passkey")
    expect(page.get_by_role("status")).to_have_text("Your passkey is added.")
    page.locator("summary", has_text="Change Laptop").click()
    page.get_by_label("Name of the passkey").first.fill("Desk")
    ada.press("Rename")
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()

    page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_have_text("You are logged out.")
    ada.go("/account/keys")
    assert urlsplit(page.url).path == "/login"
    ada.press("Use a passkey")
    expect(page).to_have_url(f"{town.server.base_url}/account/keys")

    page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    page.fill("[name=email]", town.server.admin_email)
    page.fill("[name=password]", PASSWORD)
    ada.press("Log in", exact=True)
    expect(page).to_have_url(f"{town.server.base_url}/account")

    secret = _make_key(ada, "laptop")
    assert _models(town, secret) == 200
    page.reload()
    expect(page.locator("#secret")).to_have_count(0)
    assert secret not in page.content()
    ada.press("Disable laptop")
    expect(page.get_by_role("status")).to_contain_text("disabled")
    _await_models(town, ada, secret, 401)
    ada.press("Enable laptop")
    _await_models(town, ada, secret, 200)
    page.get_by_text("Archive…").first.click()
    ada.press("Archive for good")
    _await_models(town, ada, secret, 401)
    expect(page.get_by_text("You have no keys yet.")).to_be_visible()

    page.get_by_text("Make an admin key").click()
    page.fill("[name=admin_name]", "report")
    page.get_by_label("See usage and costs").check()
    ada.press("Make admin key", exact=True)
    expect(page.locator("#exports")).to_contain_text("export ANTHROPIC_ADMIN_KEY=sk-ant-admin01-")


def _invite(town: Town, email: str) -> str:
    headers = {
        "x-api-key": town.server.admin_key,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    body = json.dumps({"email": email, "role": "developer"})
    made = town.server.ask("POST", "/v1/organizations/invites", headers, body)
    assert made.status == 200, made.body
    return str(town.operate("invite.link", invite_id=made.json()["id"])["url"])


def test_an_invite_is_accepted_with_a_password_once(town: Town, visit: Visit) -> None:
    link, dev = _invite(town, "dev@example.com"), visit()
    page = dev.go(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Join Acme")
    page.fill("[name=name]", "Dev")
    page.fill("[name=password]", "dev@example.com")
    dev.press("Accept and create account")
    expect(page.locator("#password-error")).to_contain_text("Do not make it of your e-mail address")
    expect(page.locator("[name=name]")).to_have_value("Dev")
    expect(page.locator("[name=password]")).to_be_focused()
    page.fill("[name=password]", PASSWORD)
    dev.press("Accept and create account")
    expect(page).to_have_url(f"{town.server.base_url}/welcome")
    _await_models(town, dev, _make_key(dev, "mine"), 200)
    expect(page.get_by_role("heading", name="Admin keys")).to_have_count(0)
    other = visit().go(link)
    expect(other.get_by_text("It has been used already.")).to_be_visible()


def test_an_invite_is_accepted_with_a_passkey_and_no_password_at_all(town: Town, visit: Visit) -> None:
    kay = visit()
    kay.carry_passkeys()
    page = kay.go(_invite(town, "kay@example.com"))
    page.fill("[name=name]", "Kay")
    kay.press("Use a passkey instead")
    expect(page).to_have_url(f"{town.server.base_url}/welcome")
    page = kay.go("/account")
    page.locator("summary", has_text="Change").click()
    kay.press("Remove Passkey")
    expect(page.get_by_role("alert").first).to_contain_text("only way in")


def test_everything_but_passkeys_works_without_scripts(town: Town, visit: Visit) -> None:
    plain = visit(java_script_enabled=False)
    page = plain.go(town.link("plain@example.com"))
    page.fill("[name=password]", PASSWORD)
    plain.press("Set password and log in")
    expect(page.get_by_role("status")).to_contain_text("password is changed")
    expect(page.get_by_text("Adding a passkey needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)
    page.fill("[name=email]", "plain@example.com")
    page.fill("[name=password]", "not this one")
    plain.press("Log in", exact=True)
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    expect(page.locator("[name=email]")).to_have_value("plain@example.com")
    expect(page.locator("[name=password]")).to_have_value("")
    expect(page.locator("[name=password]")).to_be_focused()
    page.fill("[name=password]", PASSWORD)
    plain.press("Log in", exact=True)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    secret = _make_key(plain, "without scripts")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    _await_models(town, plain, secret, 200)


def test_a_key_is_copied_with_one_press(town: Town, visit: Visit) -> None:
    cop = visit(permissions=["clipboard-read", "clipboard-write"])
    town.enter(cop, "cop@example.com")
    secret = _make_key(cop, "copied")
    cop.page.get_by_role("button", name="Copy").first.click()
    expect(cop.page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert cop.page.evaluate("navigator.clipboard.readText()") == secret


def test_a_chinese_browser_is_spoken_to_in_chinese(town: Town, visit: Visit) -> None:
    lin = visit(locale="zh-CN")
    page = lin.go(town.link("lin@example.com"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.fill("[name=password]", "短")
    lin.press("设置密码并登录")
    expect(page.locator("#password-error")).to_have_text("请至少使用 10 个字符。")
    page.fill("[name=password]", "一个足够长而且好记的密码")
    lin.press("设置密码并登录")
    expect(page.get_by_role("status")).to_contain_text("密码已更改")
    secret = _make_key(lin, "笔记本电脑", "创建密钥")
    _await_models(town, lin, secret, 200)
    for path in ("/account", "/account/keys", "/welcome", "/", "/nowhere"):
        words = lin.go(path).locator("main").inner_text()
        left = re.sub(r"sk-ant\S*|export .*|ante .*|https?:\S+|/openapi.json", "", words)
        assert not re.search(r"\b(?:the|your|you|and|to)\b", left), (path, left)


def test_a_browser_is_logged_out_from_another(town: Town, visit: Visit) -> None:
    home, away = visit(), visit()
    town.enter(home, "two@example.com")
    page = away.go("/login")
    page.fill("[name=email]", "two@example.com")
    page.fill("[name=password]", PASSWORD)
    away.press("Log in", exact=True)
    expect(page).to_have_url(f"{town.server.base_url}/account")
    home.go("/account")
    home.press("Log out everywhere else")
    expect(home.page.get_by_role("status")).to_contain_text("Every other browser is logged out.")
    away.go("/account")
    assert urlsplit(away.page.url).path == "/login"
    home.go("/account")
    assert urlsplit(home.page.url).path == "/account"


def test_a_changed_password_is_the_one_that_opens(town: Town, visit: Visit) -> None:
    may = visit()
    town.enter(may, "may@example.com")
    page = may.go("/account")
    page.get_by_text("Change password").click()
    page.fill("[name=old_password]", "not mine at all")
    page.fill("[name=new_password]", f"{PASSWORD} again")
    may.press("Save password")
    expect(page.locator("#old_password-error")).to_have_text("This is not your present password.")
    expect(page.locator("[name=old_password]")).to_be_focused()
    page.fill("[name=old_password]", PASSWORD)
    page.fill("[name=new_password]", f"{PASSWORD} again")
    may.press("Save password")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed.")
    page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    page.fill("[name=email]", "may@example.com")
    page.fill("[name=password]", f"{PASSWORD} again")
    may.press("Log in", exact=True)
    expect(page).to_have_url(f"{town.server.base_url}/account")


def test_who_may_make_no_key_is_told_whom_to_ask(town: Town, visit: Visit) -> None:
    use = visit()
    town.enter(use, "use@example.com", "user")
    page = use.go("/account/keys")
    expect(page.get_by_text("No workspace lets you make keys.")).to_be_visible()
    expect(page.get_by_role("button", name="Make key")).to_have_count(0)


def test_the_policy_stops_what_is_written_into_a_page(town: Town, visit: Visit) -> None:
    eve = visit()
    town.enter(eve, "eve@example.com")
    page = eve.go("/account/keys")
    page.fill("[name=name]", "<img src=x onerror=\"document.title='taken'\">")
    eve.press("Make key", exact=True)
    expect(page.get_by_role("heading", name="<img src=x")).to_be_visible()
    assert page.title() == "API keys · Antechamber"
    assert eve.problems == []
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'x=1'}))")
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in problem for problem in eve.problems), eve.problems
    eve.problems.clear()
