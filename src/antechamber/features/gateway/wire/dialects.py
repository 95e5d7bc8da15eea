"""The dialects: for each endpoint its view, its scanner and how its streams tell of an error."""

from typing import Final

import msgspec

from antechamber.features.gateway.model import Asked, Endpoint, UpstreamProblem
from antechamber.features.gateway.wire.chat import ChatScanner
from antechamber.features.gateway.wire.scanners import (
    CompleteScanner,
    CountScanner,
    FrameScanner,
    MessagesScanner,
    read_problem,
)
from antechamber.features.gateway.wire.views import (
    ChatView,
    CompleteView,
    CountTokensView,
    MessagesView,
    Reader,
    add_usage_option,
    splice_model,
)

# The words that both wires have; whatever else went wrong is a server_error to OpenAI's clients.
_OPENAI_TYPES: Final = frozenset({"invalid_request_error", "rate_limit_error"})


class EndpointDialect:
    """One endpoint's wire."""

    def __init__(self, view: type[msgspec.Struct], scanner: type[FrameScanner], *, openai: bool = False) -> None:
        self._reader = Reader(view)
        self._scanner = scanner
        self.openai = openai

    def read(self, body: bytes, version: str | None) -> Asked:
        """Read the few fields that are needed."""
        return self._reader(body, version)

    def splice(self, body: bytes, model: str) -> bytes:
        """Return the body with only the model's name replaced."""
        return splice_model(body, model)

    def ask_usage(self, body: bytes) -> bytes:
        """Return the body with `stream_options.include_usage`, which only Chat Completions has."""
        return add_usage_option(body)

    def scanner(self) -> FrameScanner:
        """Return a watcher for one answer."""
        return self._scanner()

    def problem(self, body: bytes) -> UpstreamProblem | None:
        """Return the error that an upstream's error body tells of."""
        return read_problem(body)

    def error_event(self, error_type: str, message: str, request_id: str) -> bytes:
        """Return the frames that tell the caller of an error in the middle of a stream."""
        if self.openai:
            kind = error_type if error_type in _OPENAI_TYPES else "server_error"
            body: dict[str, object] = {"error": {"message": message, "type": kind, "param": None, "code": None}}
            return b"data: " + msgspec.json.encode(body) + b"\n\n"
        body = {"type": "error", "error": {"type": error_type, "message": message}, "request_id": request_id}
        return b"event: error\ndata: " + msgspec.json.encode(body) + b"\n\n"


DIALECTS: Final[dict[Endpoint, EndpointDialect]] = {
    Endpoint.CHAT_COMPLETIONS: EndpointDialect(ChatView, ChatScanner, openai=True),
    Endpoint.COMPLETE: EndpointDialect(CompleteView, CompleteScanner),
    Endpoint.COUNT_TOKENS: EndpointDialect(CountTokensView, CountScanner),
    Endpoint.MESSAGES: EndpointDialect(MessagesView, MessagesScanner),
}
