"""An operator's key service on loopback: it uses customers' keys, or says what keeps it from that."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MASK = 0x5A


class KeyService:
    """Encrypts and decrypts until it is told otherwise; `asked` are (path, headers, body) that came.

    `status` and `answer` replace what it says, `lies` lets it decrypt to something else, `silent` keeps it from
    answering until it is closed; of keys whose configuration has `refused` in it, it knows nothing.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.status = 200
        self.answer: bytes | None = None
        self.lies = False
        self.refused: str | None = None
        self.silent = False
        self._closing = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                service.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                if service.silent:
                    service._closing.wait(60)
                    return
                status, told = service._answer(self.path, body)
                self.send_response(status)
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def refuse(self, reason: str | None) -> None:
        """Refuse from now on, or work again."""
        self.status = 200 if reason is None else 400
        self.answer = None if reason is None else json.dumps({"error": reason}).encode()

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        if self.refused is not None and self.refused in json.dumps(body["provider_config"]):
            return 403, b'{"error": "AccessDenied"}'
        return self.status, self._turn(path, body) if self.answer is None else self.answer

    def _turn(self, path: str, body: dict[str, Any]) -> bytes:
        given, wanted = ("plaintext", "ciphertext") if path.endswith("/encrypt") else ("ciphertext", "plaintext")
        turned = bytes(byte ^ _MASK for byte in base64.b64decode(body[given]))
        if self.lies and wanted == "plaintext":
            turned = turned[::-1]
        return json.dumps({wanted: base64.b64encode(turned).decode()}).encode()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
