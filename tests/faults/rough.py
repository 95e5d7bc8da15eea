"""An upstream of canned bytes, for answers that the simulated one is too well-bred to give."""

import socket
import threading
from types import TracebackType
from typing import Self

_PAGE = b"<html><body><h1>500 Internal Server Error</h1><hr>nginx</body></html>"
_CHUNKED = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _head(status: bytes, rest: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nconnection: close\r\n%b" % (status, rest)


def _page(status: bytes) -> bytes:
    return _head(status, b"content-type: text/html\r\ncontent-length: %d\r\n\r\n%b" % (len(_PAGE), _PAGE))


ANSWERS = {
    "html-500": _page(b"500 Internal Server Error"),
    "html-200": _page(b"200 OK"),
    "empty-502": _head(b"502 Bad Gateway", b"content-length: 0\r\n\r\n"),
    "empty-200": _head(b"200 OK", b"content-type: application/json\r\ncontent-length: 0\r\n\r\n"),
    "empty-stream": _head(b"200 OK", _CHUNKED + b"0\r\n\r\n"),
    "not-http": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "nothing": b"",
    "two-lengths": _head(b"200 OK", b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}}"),
    "bad-chunk": _head(b"200 OK", _CHUNKED + b"zz\r\nhello"),
    "no-head-end": _head(b"200 OK", b"content-type: text/event-stream\r\nx: y"),
}


class RoughUpstream:
    """Answers every request with the bytes that its `x-rough` header names, and closes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with link:
                self._answer(link)

    @staticmethod
    def _answer(link: socket.socket) -> None:
        link.settimeout(5)
        data = b""
        while b"\r\n\r\n" not in data and (piece := link.recv(65536)):
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        left = int(fields.get(b"content-length", b"0")) - len(body)
        while left > 0:
            left -= len(link.recv(65536))
        link.sendall(ANSWERS[fields.get(b"x-rough", b"empty-502").decode()])
