"""Hosts of the Internet, as far as a sandbox may see one: on loopback, with TLS by names, HTTP, and bytes that echo."""

import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer

from tests.issuers import Authority


class Origin:
    """A web server on loopback, with TLS for one name or without; `asked` are (Host, path, headers) that came."""

    def __init__(
        self,
        folder: Path,
        authority: Authority | None = None,
        name: str = "localhost",
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                origin.connections += 1
                super().setup()

            def do_GET(self) -> None:
                origin.asked.append((self.headers.get("host", ""), self.path, dict(self.headers.items())))
                size = int(self.path.rpartition("/size/")[2]) if "/size/" in self.path else 0
                origin.answer(self, b"x" * size if size else f"hello from {name}\n".encode())

            def do_POST(self) -> None:
                origin.bodies.append(_body(self))
                origin.asked.append((self.headers.get("host", ""), self.path, dict(self.headers.items())))
                origin.answer(self, b"taken\n")

            def log_message(self, *_: object) -> None:
                pass

        self._server = _QuietServer(address, Handler)
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.write(folder, name))
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.name = name
        self.port: int = self._server.server_port
        self._thread = _serve(self._server)

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        request.send_response(200)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Echo:
    """Says `ready`, then whatever it hears, on a port of loopback."""

    def __init__(self) -> None:
        self.connections = 0
        echo = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                echo.connections += 1
                self.wfile.write(b"ready\n")
                while data := self.request.recv(65536):
                    self.wfile.write(data)

        self._server = _QuietEcho(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = _serve(self._server)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ProxyUpstream:
    """A corporate proxy: CONNECT only, wherever `leads` says; `asked` are the heads that came."""

    def __init__(self, leads: Callable[[str], int]) -> None:
        self.asked: list[str] = []
        upstream = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
                upstream.asked.append(head.decode("latin-1"))
                with socket.create_connection(("127.0.0.1", leads(head.split(b" ")[1].decode()))) as outside:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=_copy, args=(outside, self.request), daemon=True)
                    back.start()
                    _copy(self.request, outside)
                    back.join()

        self._server = _QuietEcho(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = _serve(self._server)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that leave are what these tests are about."""


class _QuietEcho(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """The same."""


def _serve(server: TCPServer) -> threading.Thread:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    return thread


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in request.headers.get("transfer-encoding", ""):
        return request.rfile.read(int(request.headers.get("content-length", "0")))
    whole = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        whole += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return whole
