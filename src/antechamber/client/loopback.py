"""The listener that a browser is sent back to at the end of a log-in (RFC 8252 §7.3)."""

import contextlib
import os
import queue
import select
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self, TextIO
from urllib.parse import parse_qs, urlsplit

from antechamber.client.authorize import LoginAttempt, loopback_redirect, manual_redirect
from antechamber.client.failures import LoginFailed

_PAGE: Final = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:20vh auto;padding:0 1rem}}</style>
<h1>{title}</h1><p>{text}</p>
"""
_HEADERS: Final = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
)
_OK: Final = 200
_BAD: Final = 400
_MISSING: Final = 404
_PAUSE_SECONDS: Final = 0.1
_LONGEST_SAID: Final = 300


@dataclass(frozen=True, slots=True)
class Received:
    """A code, and the redirect URI that it was given for, which the token request repeats."""

    code: str
    redirect_uri: str


class Loopback:
    """Listens on 127.0.0.1 for `/callback` of one attempt; a context manager."""

    def __init__(self, attempt: LoginAttempt, port: int = 0) -> None:
        """Listen on `port`, 0 for any free one; OSError if it is taken."""
        self.outcomes: queue.SimpleQueue[str | LoginFailed] = queue.SimpleQueue()
        self._server = _Server(attempt, self.outcomes, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def redirect_uri(self) -> str:
        """What the authorize request names."""
        return loopback_redirect(self._server.server_address[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, seconds: float | None) -> str | None:
        """Return the code; None if none came in time; LoginFailed if the server said `error` or the state is wrong."""
        try:
            return _take(self.outcomes, seconds)
        except queue.Empty:
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Another program must not take the port over while a code is on its way.
    allow_reuse_address = False

    def __init__(self, attempt: LoginAttempt, outcomes: "queue.SimpleQueue[str | LoginFailed]", port: int) -> None:
        self.attempt = attempt
        self.outcomes = outcomes
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that goes away is no concern of the person's terminal."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version = "ante"
    sys_version = ""

    def do_GET(self) -> None:
        """Take what the server sent the browser back with."""
        parts = urlsplit(self.path)
        if parts.path != "/callback":
            self._page(_MISSING, "Nothing here", "This address only takes the end of a log-in.")
            return
        outcome = _read(self.server.attempt, parse_qs(parts.query, keep_blank_values=True))
        if isinstance(outcome, LoginFailed):
            self._page(_BAD, "Not logged in", "The terminal says why. You can close this window.")
        else:
            self._page(_OK, "Logged in", "You can close this window and go back to the terminal.")
        self.server.outcomes.put(outcome)

    def _page(self, status: int, title: str, text: str) -> None:
        content = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in _HEADERS:
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Write no lines to the person's terminal."""


def _read(attempt: LoginAttempt, query: dict[str, list[str]]) -> str | LoginFailed:
    def only(name: str) -> str:
        values = query.get(name, [])
        return values[0] if len(values) == 1 else ""

    if not attempt.knows(only("state")):
        return LoginFailed("the browser came back with another attempt's state: begin again (ante auth login)")
    if error := only("error"):
        said = ": ".join(filter(None, (error, only("error_description"))))
        shown = "".join(letter if letter.isprintable() else " " for letter in said[:_LONGEST_SAID])
        return LoginFailed(f"the server refused the log-in: {shown}")
    return only("code") or LoginFailed("the browser came back without a code: begin again (ante auth login)")


def _take(outcomes: "queue.SimpleQueue[str | LoginFailed]", seconds: float | None) -> str:
    outcome = outcomes.get(timeout=seconds)
    if isinstance(outcome, LoginFailed):
        raise outcome
    return outcome


def await_code(
    attempt: LoginAttempt, loopback: Loopback | None, pasted: TextIO | None, seconds: float | None
) -> Received:
    """Return the first code that comes by the browser or as a pasted line.

    The end of `pasted` only ends that way; a line that is no code of this attempt ends the log-in. LoginFailed then,
    when the browser brought an error, or nothing came within `seconds` (None waits for ever).
    """
    outcomes: queue.SimpleQueue[Received | LoginFailed | None] = queue.SimpleQueue()
    ended = threading.Event()
    manual = manual_redirect(attempt.console_url, attempt.client_id)

    def watch_browser(listening: Loopback) -> None:
        try:
            outcomes.put(Received(_take(listening.outcomes, seconds), listening.redirect_uri))
        except LoginFailed as error:
            outcomes.put(error)
        except queue.Empty:
            outcomes.put(None)

    def watch_paste(stream: TextIO) -> None:
        # A terminal that is closed while we wait ends the way as its end does.
        with contextlib.suppress(OSError, ValueError):
            while _has_more(stream, ended) and (line := stream.readline()):
                if line.strip():
                    outcomes.put(_pasted(attempt, line, manual))
                    return
        outcomes.put(None)

    watchers: list[threading.Thread] = []
    if loopback is not None:
        watchers.append(threading.Thread(target=watch_browser, args=(loopback,), daemon=True))
    if pasted is not None:
        watchers.append(threading.Thread(target=watch_paste, args=(pasted,), daemon=True))
    for watcher in watchers:
        watcher.start()
    try:
        return _first(outcomes, len(watchers), seconds)
    finally:
        ended.set()


def _has_more(stream: TextIO, ended: threading.Event) -> bool:
    """Wait until a line can be read or nobody wants one any more: a thread left in a read keeps Python from ending."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return True
    if os.name == "nt":  # pragma: no cover - Windows selects only sockets
        return True
    while not ended.is_set():
        if select.select([descriptor], [], [], _PAUSE_SECONDS)[0]:
            return True
    return False


def _pasted(attempt: LoginAttempt, line: str, redirect_uri: str) -> Received | LoginFailed:
    try:
        return Received(attempt.read_pasted(line), redirect_uri)
    except LoginFailed as error:
        return error


def _first(outcomes: "queue.SimpleQueue[Received | LoginFailed | None]", ways: int, seconds: float | None) -> Received:
    for _ in range(ways):
        try:
            outcome = outcomes.get(timeout=seconds)
        except queue.Empty:
            break
        if isinstance(outcome, LoginFailed):
            raise outcome
        if outcome is not None:
            return outcome
    message = "nobody logged in" + (f" within {seconds:g} s" if seconds else ": no code came")
    raise LoginFailed(message)
