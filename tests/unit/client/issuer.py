"""A token endpoint on loopback that keeps what it was asked, rotates refresh tokens and forgives no reuse."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    path: str
    headers: Mapping[str, str]
    body: dict[str, str]


@dataclass
class Issuer:
    """`refresh_token` is the one that is good now; `script` answers the next requests instead, first to last."""

    refresh_token: str = "sk-ant-ort01-0"
    expires_in: int = 3600
    seconds: float = 0.0
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    script: list[tuple[int, object]] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)
    serial: int = 0
    good: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> tuple[int, object]:
        with self.lock:
            self.asked.append(asked)
            if self.script:
                return self.script.pop(0)
            if asked.path == "/v1/models":
                known = asked.headers.get("authorization", "").removeprefix("Bearer ") in self.good
                return (200, {"data": [], "has_more": False}) if known else (401, {"type": "error", "error": {}})
            if asked.body.get("grant_type") == "refresh_token":
                if asked.body["refresh_token"] != self.refresh_token:
                    self.refresh_token = "revoked with its family"
                    return 400, {"error": "invalid_grant", "error_description": "the token was used before"}
                self.refresh_token = f"sk-ant-ort01-{self.serial + 1}"
            return 200, self._tokens(asked.body.get("grant_type", ""))

    def _tokens(self, grant: str) -> dict[str, object]:
        self.serial += 1
        access_token = f"sk-ant-oat01-{self.serial}"
        self.good = {access_token}
        found = {"access_token": access_token, "token_type": "Bearer", "expires_in": self.expires_in, **self.extra}
        return found if grant.endswith("jwt-bearer") else {**found, "refresh_token": self.refresh_token}

    def of_grant(self, grant: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.body.get("grant_type") == grant]


@contextmanager
def issuing(**how: Any) -> Iterator[Issuer]:  # noqa: ANN401 - the fields of Issuer
    issuer = Issuer(**how)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._give({})

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-type", "").startswith("application/json"):
                self._give(json.loads(raw))
            else:
                self._give({name: values[0] for name, values in parse_qs(raw.decode()).items()})

        def _give(self, body: dict[str, str]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = issuer.answer(Asked(urlsplit(self.path).path, headers, body))
            time.sleep(issuer.seconds)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("request-id", f"req_{len(issuer.asked)}")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
