"""Where a conversation's answers come from: a server of the platform's wire, or an OpenAI-compatible provider."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from antechamber.base.outbound import Headers
from antechamber.cli import chat, messages
from antechamber.cli.generation import fields_of
from antechamber.client.credentials import Access
from antechamber.client.http import Server, items_of

_MAX_TOKENS: Final = 4096
_MODELS_SHOWN: Final = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said; `role` is `user` or `assistant`."""

    role: str
    text: str


@dataclass(slots=True)
class Tally:
    """Tokens used so far, as the server counts them."""

    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, usage: object, names: tuple[str, str]) -> None:
        """Add a usage object; a field that is missing counts nothing."""
        if isinstance(usage, dict):
            self.input_tokens += _count(usage.get(names[0]))
            self.output_tokens += _count(usage.get(names[1]))


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


class Backend(Protocol):
    """Something that answers."""

    @property
    def default_model(self) -> str | None:
        """The model that was configured, if one was."""
        ...

    def models(self) -> list[str]:
        """Return the models that may be asked, in the server's order; ServerRefused, ServerUnreachable."""
        ...

    def answer(self, model: str, turns: Sequence[Turn], tally: Tally) -> Iterator[str]:
        """Yield the answer's pieces as they come; ServerRefused, ServerUnreachable."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformBackend:
    """A server of the platform's wire; each answer opens a connection of its own, with a fresh token."""

    access: Access
    open: Callable[[Access], Server]
    default_model: str | None = None
    max_tokens: int = _MAX_TOKENS
    headers: Headers = field(default=())

    def models(self) -> list[str]:
        """Return the ids of `GET /v1/models`."""
        with self.open(self.access) as server:
            return _ids(server.call("GET", "/v1/models", query=[("limit", _MODELS_SHOWN)]).json())

    def answer(self, model: str, turns: Sequence[Turn], tally: Tally) -> Iterator[str]:
        """Stream `POST /v1/messages`."""
        body = {
            "model": model,
            "max_tokens": self.max_tokens,
            "stream": True,
            "messages": [{"role": turn.role, "content": turn.text} for turn in turns],
        }
        names = ("input_tokens", "output_tokens")
        with self.open(self.access) as server, server.stream("POST", "/v1/messages", body=body) as stream:
            for event in stream.events():
                fields = fields_of(event)
                if event.name == "message_start" and isinstance(message := fields.get("message"), dict):
                    usage = message.get("usage")
                    tally.add({**usage, names[1]: 0} if isinstance(usage, dict) else None, names)
                elif event.name == "message_delta":
                    usage = fields.get("usage")
                    tally.add({names[1]: usage.get(names[1])} if isinstance(usage, dict) else None, names)
                yield messages.show_event(event)


@dataclass(frozen=True, slots=True)
class CompatibleBackend:
    """An OpenAI-compatible provider; its base URL has the version in it."""

    access: Access
    open: Callable[[Access], Server]
    default_model: str | None = None

    def models(self) -> list[str]:
        """Return the ids of `GET {base}/models`."""
        with self.open(self.access) as server:
            return _ids(server.call("GET", "/models").json())

    def answer(self, model: str, turns: Sequence[Turn], tally: Tally) -> Iterator[str]:
        """Stream `POST {base}/chat/completions`."""
        body = {
            "model": model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": turn.role, "content": turn.text} for turn in turns],
        }
        with self.open(self.access) as server, server.stream("POST", "/chat/completions", body=body) as stream:
            for event in stream.events():
                if event.data == "[DONE]":
                    return
                tally.add(fields_of(event).get("usage"), ("prompt_tokens", "completion_tokens"))
                yield chat.show_event(event)


def _ids(page: object) -> list[str]:
    entries = items_of(page) if isinstance(page, dict) else []
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
