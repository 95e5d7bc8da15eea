"""Where webhooks are delivered to: a server on loopback with TLS, which keeps what came and answers as it is told."""

import queue
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.issuers import Authority

PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Delivery:
    """A request that came; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Takes deliveries; `statuses` are what the next ones are answered with, `always` when there is none left."""

    def __init__(self, folder: Path) -> None:
        self.statuses: list[int] = []
        self.always = 200
        self._came: queue.Queue[Delivery] = queue.Queue()
        authority = Authority()
        folder.mkdir(parents=True, exist_ok=True)
        # for SSL_CERT_FILE of whoever delivers
        self.ca_file = folder / "authority.pem"
        self.ca_file.write_text(authority.pem, encoding="utf-8")
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._came.put(Delivery(self.path, headers, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else receiver.always)
                self.send_header("location", "https://example.com/")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.write(folder))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.origin = f"https://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.origin}/hooks/token-of-mine"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def next(self, seconds: float = PATIENCE_SECONDS) -> Delivery:
        """Return the next delivery; queue.Empty if none comes for a long time."""
        return self._came.get(timeout=seconds)

    def is_idle(self) -> bool:
        """Say whether nothing came that was not looked at."""
        return self._came.empty()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
