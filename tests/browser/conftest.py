"""Headless Chromium before a live server: what people see, with scripts and without."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from tests.live import LiveServer

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "correct horse battery staple"
# what Chromium says of a refused form's status, beside which every other complaint is a fault
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@dataclass
class Visitor:
    """One person's browser; `problems` are what its console complained of: scripts, styles, the policy."""

    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def press(self, name: str, *, exact: bool = False) -> None:
        """Press the one button of this name."""
        self.page.get_by_role("button", name=name, exact=exact).click()

    def carry_passkeys(self) -> None:
        """Give the browser a device that makes passkeys and says yes (WebDriver's virtual authenticator)."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _STATUS.match(message.text):
            self.problems.append(f"{message.type}: {message.text}")

    def see(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.problems.append(f"{response.status}: {response.url}")


Visit = Callable[..., Visitor]


@dataclass
class Town:
    """A server, and whoever runs it."""

    server: LiveServer

    def operate(self, command: str, **asked: str) -> dict[str, Any]:
        """Have the running server do one of the operator's acts, as `ante` does through its socket."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.server.data / "operator.sock"))
            line.sendall(json.dumps({"command": command, **asked}).encode() + b"\n")
            said = json.loads(line.makefile("rb").readline())
        assert "result" in said, said
        result: dict[str, Any] = said["result"]
        return result

    def link(self, email: str, role: str = "developer") -> str:
        """Add a person, and return the link by which they set a password."""
        self.operate("people.add", email=email, role=role)
        return str(self.operate("people.password_link", email=email)["url"])

    def enter(self, visitor: Visitor, email: str, role: str = "developer") -> None:
        """Make a person who gets in by a password, and log them in."""
        page = visitor.go(self.link(email, role))
        page.fill("[name=password]", PASSWORD)
        page.locator("main form button").click()
        page.wait_for_url("**/account?said=*")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server at a name, as passkeys need one."""
    server = LiveServer(tmp_path_factory.mktemp("town"))
    server.base_url = server.environment["ANTE_SERVER_PUBLIC_URL"] = f"http://localhost:{server.port}"
    try:
        yield Town(server.start())
    finally:
        server.stop()


@pytest.fixture
def visit(chromium: Browser, town: Town) -> Iterator[Visit]:
    """Open browsers of people who share nothing; in the end none may have complained of anything."""
    opened: list[Visitor] = []

    def visit(**options: Any) -> Visitor:  # noqa: ANN401 - whatever Playwright takes
        context = chromium.new_context(**{"base_url": town.server.base_url, "locale": "en-US", **options})
        context.set_default_timeout(10_000)
        visitor = Visitor(context, context.new_page())
        visitor.page.on("console", visitor.hear)
        visitor.page.on("pageerror", lambda error: visitor.problems.append(str(error)))
        visitor.page.on("response", visitor.see)
        opened.append(visitor)
        return visitor

    yield visit
    problems = [problem for visitor in opened for problem in visitor.problems]
    for visitor in opened:
        visitor.context.close()
    assert problems == []
