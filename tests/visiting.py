"""A browser without scripts: keeps cookies, reads forms, sends them as people do; for pages on a live server."""

import http.client
import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tests.live import LiveServer
from tests.tls import TlsServer

PASSWORD = "a long password for tests 7"
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_SECONDS = 30


@dataclass
class Form:
    """A form of a page: what it would send, and by which buttons."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._is_hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and "name" in given:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._form.fields.append((given["name"], given.get("value", "")))
        elif tag == "button" and self._form is not None:
            self._form.buttons.append((given.get("name", ""), given.get("value", "")))
        elif tag == "input":
            self.text.append(given.get("value", ""))
        self._is_hidden = tag in {"style", "script"}

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        self._is_hidden = False

    def handle_data(self, data: str) -> None:
        if not self._is_hidden and data.strip():
            self.text.append(" ".join(data.split()))


@dataclass
class Page:
    """What a browser shows; `url` is in the address line. Elsewhere than on the server there is nothing to see."""

    url: str
    status: int
    headers: dict[str, str]
    body: str

    def __post_init__(self) -> None:
        reader = _Reader()
        reader.feed(self.body)
        self.forms = reader.forms
        self.text = " ".join(reader.text)

    def form(self, action: str) -> Form:
        """Return the form whose action begins so."""
        return next(form for form in self.forms if form.action.startswith(action))


class Visitor:
    """A browser of one person."""

    def __init__(self, server: LiveServer, language: str = "en") -> None:
        self.server = server
        self.language = language
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def open(self, address: str) -> Page:
        """Open an address, and follow where it leads, as far as that is on the server."""
        return self._go("GET", address, None)

    def send(
        self, page: Page, action: str, button: tuple[str, str] = ("", ""), *, follow: bool = True, **values: str
    ) -> Page:
        """Send a form of a page by one of its buttons; `values` are typed into its fields."""
        form = page.form(action)
        assert button in form.buttons, form.buttons
        fields = [(name, values.get(name, value)) for name, value in form.fields]
        assert values.keys() <= dict(fields).keys(), fields
        sent = urlencode([*fields, *([button] if button[0] else [])])
        target = urljoin(page.url, form.action)
        if form.method.lower() == "get":
            return self._go("GET", f"{target.partition('?')[0]}?{sent}", None)
        return self._go("POST", target, sent, referrer=page.url, follow=follow)

    def _go(self, method: str, address: str, body: str | None, referrer: str = "", *, follow: bool = True) -> Page:
        address = urljoin(self.server.base_url, address)
        for _ in range(_MOST_REDIRECTS):
            if not self._is_here(address):
                return Page(address, 0, {}, "")
            page = self._ask(method, address, body, referrer)
            if page.status not in _REDIRECTS or not follow:
                return page
            method, body, address = "GET", None, urljoin(address, page.headers["location"])
        message = f"too many redirects: {address}"
        raise AssertionError(message)

    def _is_here(self, address: str) -> bool:
        return urlsplit(address)[:2] == urlsplit(self.server.base_url)[:2]

    def _ask(self, method: str, address: str, body: str | None, referrer: str) -> Page:
        headers = {"accept": "text/html", "accept-language": self.language, **self.headers}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers |= {
                "content-type": "application/x-www-form-urlencoded",
                "origin": self.server.base_url,
                "referer": referrer,
            }
        parts = urlsplit(address)
        connection = self._connect()
        try:
            connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
            response = connection.getresponse()
            self._keep(response.headers.get_all("set-cookie") or [])
            shown = {name.lower(): value for name, value in response.getheaders()}
            return Page(address, response.status, shown, response.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        server = self.server
        if isinstance(server, TlsServer):
            context = ssl.create_default_context(cafile=str(server.cert))
            return http.client.HTTPSConnection(server.host, server.port, timeout=_SECONDS, context=context)
        return http.client.HTTPConnection(server.host, server.port, timeout=_SECONDS)

    def _keep(self, cookies: Sequence[str]) -> None:
        for text in cookies:
            for name, morsel in SimpleCookie(text).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]


def operate(server: LiveServer, act: str, **asked: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Have the operator's socket of a running server do something, as the commands of the operator do."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_SECONDS)
        line.connect(str(server.data / "operator.sock"))
        line.sendall(json.dumps({"command": act, **asked}).encode() + b"\n")
        told = json.loads(line.makefile("rb").readline())
    assert "result" in told, told
    return told["result"]


def enter(server: LiveServer, email: str, role: str = "developer", *, language: str = "en") -> Visitor:
    """Make somebody a member who sets a password by the operator's link, which logs them in."""
    operate(server, "people.add", email=email, role=role, organization_id=server.organization_id)
    return reenter(server, email, language=language)


def reenter(server: LiveServer, email: str, *, language: str = "en") -> Visitor:
    """Log a member in by the operator's link."""
    visitor = Visitor(server, language)
    link = operate(server, "people.password_link", email=email, organization_id=server.organization_id)["url"]
    page = visitor.open(link.replace("localhost", server.host))
    page = visitor.send(page, "/password", password=PASSWORD)
    assert page.status == 200, page.text
    return visitor
