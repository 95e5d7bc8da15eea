"""Pages over HTTP: who is let in, what every page says to browsers, and what is made of bad forms."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.features.accounts.model import LoggedIn
from antechamber.http.pages import PageRoute
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.endpoints.building import every_route
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.asgi import Answer, call
from tests.founding import lay_founded
from tests.templates import share_statements

SITE = "https://ante.example.com"
PASSWORD = "correct horse battery staple"
SESSION = "__Host-ante_session"
# what strangers may see; everything else leads them to /login
OPEN = {
    ("GET", "/"),
    ("GET", "/device"),
    ("GET", "/invite"),
    ("GET", "/login"),
    ("GET", "/oauth/authorize"),
    ("GET", "/oauth/code/callback"),
    ("GET", "/password"),
    ("GET", "/setup"),
    ("POST", "/device"),
    ("POST", "/invite"),
    ("POST", "/invite/passkey"),
    ("POST", "/login"),
    ("POST", "/oauth/authorize"),  # says first what is wrong with the request, as GET does
    ("POST", "/login/passkey"),
    ("POST", "/login/passkey/begin"),
    ("POST", "/logout"),
    ("POST", "/password"),
    ("POST", "/setup"),
    ("POST", "/setup/passkey"),
}


@dataclasses.dataclass
class Site:
    """A running application behind a public address, and a browser without scripts before it."""

    app: Application
    founded: Founded
    cookies: dict[str, str] = dataclasses.field(default_factory=dict)

    async def ask(
        self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"accept": "text/html", **(headers or {})}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await call(self.app.shell, method, path, headers=sent, body=body)
        for name, value in answer.headers:
            if name == "set-cookie":
                for morsel in SimpleCookie(value).values():
                    self.cookies[morsel.key] = morsel.value
        return answer

    async def send(self, path: str, fields: Mapping[str, str], *, page: str = "", **headers: str) -> Answer:
        """Send a form with the token that a page of this site carries."""
        shown = await self.ask("GET", page or path)
        token = re.search(r'name="csrf_token" value="([^"]*)"', text(shown))
        assert token is not None, text(shown)
        body = urlencode({**fields, "csrf_token": token[1]}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded", "origin": SITE}
        return await self.ask("POST", path, body, headers={**kind, **headers})

    async def enter(self, email: str, role: OrganizationRole) -> None:
        """Log somebody in who is a member in this role."""
        storage, organization_id = self.app.storage, self.founded.organization_id
        member = await storage.members.add(organization_id, email, "", role, OPERATOR)
        _, secret = await storage.passwords.create_link(member, OPERATOR)
        entered = await storage.passwords.use_link(secret.reveal(), PASSWORD, OPERATOR)
        assert isinstance(entered, LoggedIn)
        self.cookies = {SESSION: entered.secret.reveal()}


def text(answer: Answer) -> str:
    return answer.body.decode()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    loaded = load({"data": tmp_path / "data", "public_url": SITE, "simulated": "on"})
    loaded = dataclasses.replace(loaded, environment={})
    founded = lay_founded(tmp_path / "data")
    storage = open_storage(loaded.settings)
    share_statements(storage.database)
    app = Application(loaded, storage)
    await app.start()
    yield Site(app, founded)
    await app.stop()


async def test_a_page_is_open_to_strangers_by_name_or_leads_them_to_log_in(site: Site) -> None:
    pages = [route for route in every_route(site.app) if isinstance(route, PageRoute)]
    found = {(method, route.path) for route in pages for method in route.methods or ()}
    assert found >= OPEN
    for method, path in sorted(found - OPEN - {("HEAD", "/")}):
        answer = await Site(site.app, site.founded).ask(method, path)
        assert (answer.status, (answer.header("location") or "")[:12]) == (303, "/login?next="), (method, path)


async def test_every_answer_tells_browsers_to_keep_nothing_and_run_nothing_foreign(site: Site) -> None:
    for path in ("/", "/login", "/nowhere", "/setup?token=x", "/login?unknown=1"):
        answer = await site.ask("GET", path)
        policy = answer.header("content-security-policy") or ""
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'"), path
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert answer.header("cache-control") == "no-store"
        assert answer.header("referrer-policy") == "same-origin"
        assert answer.header("x-content-type-options") == "nosniff"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text(answer)), path


async def test_errors_are_pages_for_browsers_and_json_for_programs(site: Site) -> None:
    page = await site.ask("GET", "/nowhere")
    assert (page.status, page.header("content-type")) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in text(page)
    assert (await call(site.app.shell, "GET", "/nowhere")).json()["error"]["type"] == "not_found_error"
    assert (await site.ask("GET", "/v1/nowhere")).json()["error"]["type"] == "not_found_error"
    chinese = await site.ask("GET", "/nowhere", headers={"accept-language": "zh-CN"})
    assert 'lang="zh-Hans"' in text(chinese)
    assert "页面不存在" in text(chinese)


async def test_another_method_than_a_page_has_is_said_in_a_page(site: Site) -> None:
    answer = await site.ask("PUT", "/login")
    assert answer.status == 405
    assert answer.header("allow")


async def test_the_session_lies_in_a_cookie_that_is_bound_to_the_host(site: Site) -> None:
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    site.cookies = {}
    answer = await site.send("/login", {"email": "ada@example.com", "password": PASSWORD, "next": "/account/keys"})
    assert (answer.status, answer.header("location")) == (303, "/account/keys")
    cookie = answer.header("set-cookie") or ""
    assert cookie.startswith(f"{SESSION}=ante-session01-")
    assert cookie.endswith("; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure")
    assert (await site.ask("GET", "/account")).status == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_log_in_leads_nowhere_else(site: Site, target: str) -> None:
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    inside = await site.ask("GET", f"/login?{urlencode({'next': target})}")
    assert inside.header("location") == "/account"
    site.cookies = {}
    answer = await site.send("/login", {"email": "ada@example.com", "password": PASSWORD, "next": target})
    assert (answer.status, answer.header("location")) == (303, "/account")


async def test_a_wrong_password_keeps_the_address_and_never_the_password(site: Site) -> None:
    answer = await site.send("/login", {"email": "nobody@example.com", "password": "guess-guess", "next": "/account"})
    assert answer.status == 403
    assert "do not go together" in text(answer)
    assert 'value="nobody@example.com"' in text(answer)
    assert "guess-guess" not in text(answer)
    assert SESSION not in site.cookies


async def test_who_guesses_on_is_told_how_long_to_wait(site: Site) -> None:
    guess = {"email": "nobody@example.com", "password": "guess"}
    answer = await site.send("/login", guess)
    assert answer.status == 403
    for _ in range(30):
        if answer.status != 429:
            answer = await site.send("/login", guess)
    assert answer.status == 429
    assert int(answer.header("retry-after") or 0) >= 1
    assert "Too many attempts" in text(answer)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"email=a&email=b", 400, "given twice"),
        (b"email=a&surprise=b", 400, "no field"),
        (b"email=%FF%FE", 400, "not a form that can be read"),
        (b"=&=&;;", 400, "could not be read"),
        (b"email=" + b"x" * 100_000, 413, "too much at once"),
        (b"{}", 400, "could not be read"),
        (b"", 400, "Enter your e-mail address"),
        (b"email=+&password=x", 400, "Enter your e-mail address"),
    ],
)
async def test_a_form_that_is_not_ours_gets_a_clear_page(site: Site, body: bytes, status: int, words: str) -> None:
    shown = await site.ask("GET", "/login")
    token = re.search(r'name="csrf_token" value="([^"]*)"', text(shown))
    assert token is not None
    sent = body + (b"&" if body else b"") + b"csrf_token=" + token[1].encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": SITE}
    answer = await site.ask("POST", "/login", sent, headers=headers)
    assert (answer.status, answer.header("content-type")) == (status, "text/html; charset=utf-8")
    assert words in text(answer)


async def test_a_form_from_another_site_changes_nothing(site: Site) -> None:
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    fields = {"organization": "", "name": "stolen", "days": "7", "models": "", "workspace": site.founded.workspace_id}
    answer = await site.send("/account/keys", fields, origin="https://evil.example")
    assert (answer.status, "did not come from here" in text(answer)) == (403, True)
    shown = await site.ask("GET", "/account/keys")
    assert "stolen" not in text(shown)


async def test_a_form_without_its_token_changes_nothing(site: Site) -> None:
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": SITE}
    answer = await site.ask("POST", "/logout", b"csrf_token=made-up", headers=headers)
    assert (answer.status, "too old" in text(answer)) == (403, True)
    assert (await site.ask("GET", "/account")).status == 200


async def test_a_key_is_made_seen_once_and_disabled(site: Site) -> None:
    await site.enter("dev@example.com", OrganizationRole.DEVELOPER)
    fields = {
        "organization": "",
        "name": "laptop",
        "days": "7",
        "models": "sim-1",
        "workspace": site.founded.workspace_id,
    }
    made = await site.send("/account/keys", fields)
    assert made.status == 303
    once = text(await site.ask("GET", made.header("location") or ""))
    secret = re.search(r'value="(sk-ant-api03-\w+)"', once)
    assert secret is not None
    assert f"export ANTHROPIC_API_KEY={secret[1]}" in once
    again = text(await site.ask("GET", "/account/keys"))
    assert secret[1] not in again
    assert "only sim-1" in again
    opened = await call(
        site.app.shell, "GET", "/v1/models", headers={"x-api-key": secret[1], "anthropic-version": "2023-06-01"}
    )
    assert opened.status == 200
    key_id = re.search(r"/account/keys/(apikey_\w+)/disable", again)
    assert key_id is not None
    done = await site.send(f"/account/keys/{key_id[1]}/disable", {"organization": ""}, page="/account/keys")
    assert (done.header("location") or "").endswith("said=inactive")


@pytest.mark.parametrize("role", [OrganizationRole.USER, OrganizationRole.CLAUDE_CODE_USER, OrganizationRole.BILLING])
async def test_who_is_nothing_in_a_workspace_makes_no_key_there(site: Site, role: OrganizationRole) -> None:
    await site.enter("eve@example.com", role)
    assert "No workspace lets you make keys" in text(await site.ask("GET", "/account/keys"))
    fields = {"organization": "", "name": "mine", "days": "7", "models": "", "workspace": site.founded.workspace_id}
    answer = await site.send("/account/keys", fields)
    assert answer.status in {400, 403}
    assert "sk-ant-" not in text(await site.ask("GET", "/account/keys"))


async def test_admin_keys_are_shown_and_made_by_admins_only(site: Site) -> None:
    fields = {
        "organization": "",
        "admin_name": "report",
        "reach": "only",
        "admin_days": "7",
        "scope:read:analytics": "on",
    }
    await site.enter("dev@example.com", OrganizationRole.DEVELOPER)
    assert "Admin keys" not in text(await site.ask("GET", "/account/keys"))
    assert (await site.send("/account/keys/admin", fields, page="/account/keys")).status == 403
    await site.enter("ada@example.com", OrganizationRole.ADMIN)
    made = await site.send("/account/keys/admin", fields, page="/account/keys")
    assert made.status == 303
    shown = text(await site.ask("GET", made.header("location") or ""))
    secret = re.search(r'value="(sk-ant-admin01-\w+)"', shown)
    assert secret is not None
    asked = {"x-api-key": secret[1], "anthropic-version": "2023-06-01"}
    refused = await call(site.app.shell, "GET", "/v1/organizations/users", headers=asked)
    assert refused.status == 403
    key_id = re.findall(r"/account/keys/admin/(\w+)/delete", shown)[0]
    done = await site.send(f"/account/keys/admin/{key_id}/delete", {"organization": ""}, page="/account/keys")
    assert done.status == 303
    for _ in range(100):
        if (await call(site.app.shell, "GET", "/v1/organizations/users", headers=asked)).status == 401:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the deleted key still opens")


async def test_an_admin_key_that_may_do_nothing_in_particular_is_not_made_by_accident(site: Site) -> None:
    await site.enter("ada@example.com", OrganizationRole.ADMIN)
    fields = {"organization": "", "admin_name": "all", "reach": "only", "admin_days": "7"}
    answer = await site.send("/account/keys/admin", fields, page="/account/keys")
    assert (answer.status, "Tick at least one" in text(answer)) == (400, True)


async def test_another_persons_key_is_not_there(site: Site) -> None:
    await site.enter("one@example.com", OrganizationRole.DEVELOPER)
    fields = {"organization": "", "name": "laptop", "days": "", "models": "", "workspace": site.founded.workspace_id}
    await site.send("/account/keys", fields)
    key_id = re.findall(r"/account/keys/(apikey_\w+)/disable", text(await site.ask("GET", "/account/keys")))[0]
    await site.enter("two@example.com", OrganizationRole.DEVELOPER)
    assert key_id not in text(await site.ask("GET", "/account/keys"))
    answer = await site.send(f"/account/keys/{key_id}/archive", {"organization": ""}, page="/account/keys")
    assert answer.status == 404


async def test_another_organisations_keys_are_not_there(site: Site) -> None:
    other = await site.app.storage.founder.found("Other", None, admin_key=True, api_key=True)
    await site.enter("ada@example.com", OrganizationRole.ADMIN)
    assert (await site.ask("GET", f"/account/keys?organization={other.organization_id}")).status == 404
    fields = {"organization": other.organization_id, "name": "x", "days": "", "models": "", "workspace": "w"}
    assert (await site.send("/account/keys", fields)).status == 404


async def test_who_is_in_two_organisations_chooses_between_them(site: Site) -> None:
    storage = site.app.storage
    other = await storage.founder.found("Other", None, admin_key=True, api_key=True)
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    await storage.members.add(other.organization_id, "ada@example.com", "", OrganizationRole.ADMIN, OPERATOR)
    chosen = {"organization": other.organization_id, "days": "7", "models": "", "workspace": other.workspace_id}
    await site.send("/account/keys", {**chosen, "name": "of the other"})
    there = text(await site.ask("GET", f"/account/keys?organization={other.organization_id}"))
    here = text(await site.ask("GET", f"/account/keys?organization={site.founded.organization_id}"))
    assert ("of the other" in there, "Admin keys" in there) == (True, True)
    assert ("of the other" in here, "Admin keys" in here) == (False, False)
    assert 'aria-current="page">Other</a>' in there
    assert 'aria-current="page">Acme</a>' in here


async def test_who_has_an_account_accepts_an_invite_by_logging_in(site: Site) -> None:
    storage = site.app.storage
    other = await storage.founder.found("Other", None, admin_key=True, api_key=True)
    await site.enter("eve@example.com", OrganizationRole.DEVELOPER)
    eve = site.cookies
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    ada, site.cookies = site.cookies, {}
    invite = await storage.invites.create(other.organization_id, "ada@example.com", "developer", OPERATOR)
    token = (await storage.invites.secret(other.organization_id, invite.id)).reveal()
    here = f"/invite?token={token}"
    stranger = text(await site.ask("GET", here))
    assert f"/login?next={quote(here, safe='')}" in stranger
    assert 'name="password"' not in stranger
    site.cookies = eve
    assert "Log out first" in text(await site.ask("GET", here))
    refused = await site.send("/invite/join", {"token": token}, page=here)
    assert refused.status == 403
    site.cookies = ada
    assert "You are logged in as ada@example.com." in text(await site.ask("GET", here))
    joined = await site.send("/invite/join", {"token": token}, page=here)
    assert (joined.status, joined.header("location")) == (303, "/welcome")
    assert "Other" in text(await site.ask("GET", "/account"))
    assert (await site.ask("GET", here)).status == 410


async def test_sessions_are_ended_one_by_one(site: Site) -> None:
    await site.enter("ada@example.com", OrganizationRole.DEVELOPER)
    first, site.cookies = site.cookies, {}
    await site.send("/login", {"email": "ada@example.com", "password": PASSWORD})
    shown = text(await site.ask("GET", "/account"))
    ids = re.findall(r"/account/sessions/(\w+)/revoke", shown)
    assert len(ids) == 2
    assert (await site.send(f"/account/sessions/{ids[1]}/revoke", {}, page="/account")).status == 303
    assert (await Site(site.app, site.founded, first).ask("GET", "/account")).status == 303
    unknown = await site.send("/account/sessions/bsess_unknown/revoke", {}, page="/account")
    assert unknown.status == 404
    own = await site.send(f"/account/sessions/{ids[0]}/revoke", {}, page="/account")
    assert own.header("location") == "/login?said=logged_out"
    assert (await site.ask("GET", "/account")).status == 303


async def test_many_keys_come_in_pages(site: Site) -> None:
    await site.enter("dev@example.com", OrganizationRole.DEVELOPER)
    fields = {"organization": "", "days": "", "models": "", "workspace": site.founded.workspace_id}
    for number in range(51):
        assert (await site.send("/account/keys", {**fields, "name": f"key {number:02}"})).status == 303
    first = text(await site.ask("GET", "/account/keys"))
    assert ("key 50" in first, "key 01" in first, "key 00" in first) == (True, True, False)
    further = re.search(r'href="(/account/keys[^"]+after=[^"]+)"', first)
    assert further is not None
    assert "key 00" in text(await site.ask("GET", further[1].replace("&amp;", "&")))


@pytest.mark.parametrize(
    ("name", "said"),
    [("name", "Give the key a name"), ("workspace", "Choose a workspace"), ("days", "Choose how long")],
)
async def test_what_is_missing_of_a_key_is_said_beside_its_field(site: Site, name: str, said: str) -> None:
    await site.enter("dev@example.com", OrganizationRole.DEVELOPER)
    fields = {"organization": "", "name": "laptop", "days": "7", "models": "", "workspace": site.founded.workspace_id}
    answer = await site.send(
        "/account/keys", {**fields, name: " " if name == "name" else "" if name != "days" else "3"}
    )
    assert (answer.status, said in text(answer)) == (400, True)
    assert f'id="{name}-error"' in text(answer)
    assert f'aria-describedby="{name}-error' in text(answer)


async def test_a_link_that_opens_nothing_says_so_with_a_status_of_its_own(site: Site) -> None:
    for path in ("/setup", "/invite", "/password"):
        unknown = await site.ask("GET", f"{path}?token=sk-ant-nothing")
        assert (unknown.status, "This link opens nothing" in text(unknown)) == (404, True), path
    used = site.founded.setup_secret.reveal()
    fields = {"token": used, "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    assert (await site.send("/setup", fields, page=f"/setup?token={used}")).header("location") == "/welcome"
    assert (await site.ask("GET", f"/setup?token={used}")).status == 410


async def test_what_was_typed_into_a_refused_set_up_stays_but_the_password(site: Site) -> None:
    token = site.founded.setup_secret.reveal()
    fields = {"token": token, "email": "ada@example.com", "name": "Ada", "password": "short-one"}
    answer = await site.send("/setup", fields, page=f"/setup?token={token}")
    assert answer.status == 400
    assert 'value="ada@example.com"' in text(answer)
    assert 'value="Ada"' in text(answer)
    assert "short-one" not in text(answer)
    assert 'id="password-error"' in text(answer)


async def test_assets_may_be_kept_for_ever_under_the_address_of_their_content(site: Site) -> None:
    paths = re.findall(r'(?:href|src)="(/assets/[^"]+)"', text(await site.ask("GET", "/login")))
    assert {path.partition("?")[0] for path in paths} >= {"/assets/pages.css", "/assets/icon.svg"}
    for path in paths:
        kept = await site.ask("GET", path)
        assert kept.status == 200
        assert "immutable" in (kept.header("cache-control") or "")
        plain = await site.ask("GET", path.partition("?")[0])
        assert plain.header("cache-control") == "no-cache"
        same = await site.ask("GET", path, headers={"if-none-match": kept.header("etag") or ""})
        assert same.status == 304
    assert (await site.ask("GET", "/assets/../words/frame.en.toml")).status == 404
    assert (await site.ask("GET", "/assets/__init__.py")).status == 404
