"""An OpenTelemetry collector on loopback: takes OTLP over HTTP in protobuf, and refuses when it is told to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collected:
    """A request that came: where to, with which headers, and what it carried."""

    path: str
    headers: dict[str, str]
    spans: list[Span]
    resource: dict[str, Any]
    scope: str


@dataclass
class Answer:
    """What is answered instead of a success."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def attributes(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf's repeated field
    """The attributes of a span or a resource, as Python has them."""
    return {pair.key: _value(pair.value) for pair in _pairs(pairs)}


def _pairs(pairs: Any) -> list[KeyValue]:  # noqa: ANN401 - as above
    return list(pairs)


def _value(value: AnyValue) -> Any:  # noqa: ANN401 - any of them
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)


class Collector:
    """A receiver of traces; `answers` are given first, each once, in their order; then it takes everything.

    What has come is known before it is answered, which waits until the collector is `released`.
    """

    def __init__(self, port: int = 0) -> None:
        self.taken: list[Collected] = []
        self.refused: list[Collected] = []
        self.answers: list[Answer] = []
        self.always: Answer | None = None
        self.released = threading.Event()
        self.released.set()
        self._changed = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector._post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def spans(self) -> list[Span]:
        """Every span that was taken, in the order in which they came."""
        return [span for each in self.taken for span in each.spans]

    def wait(self, holds: Callable[["Collector"], bool], seconds: float = 30) -> None:
        """Wait until something holds of what came."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), seconds), (len(self.taken), len(self.refused))

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        told = ExportTraceServiceRequest()
        told.ParseFromString(body)
        assert request.headers["content-type"] == "application/x-protobuf"
        (whole,) = told.resource_spans
        (scoped,) = whole.scope_spans
        came = Collected(
            request.path,
            {name.lower(): value for name, value in request.headers.items()},
            list(scoped.spans),
            attributes(whole.resource.attributes),
            scoped.scope.name,
        )
        with self._changed:
            answer = self.answers.pop(0) if self.answers else self.always
            (self.taken if answer is None else self.refused).append(came)
            self._changed.notify_all()
        self.released.wait()
        success = Answer(
            200, {"content-type": "application/x-protobuf"}, ExportTraceServiceResponse().SerializeToString()
        )
        said = answer or success
        request.send_response(said.status)
        for name, value in said.headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(said.body)))
        request.end_headers()
        request.wfile.write(said.body)
