"""What is asked of a simulated model and what it answers, in no dialect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Final, Literal, TypeAlias

from antechamber.base.tokens import estimate

Frame: TypeAlias = tuple[bytes, int]
"""One SSE event as it goes out, and how many bytes of generated text it carries (0: none)."""

BlockKind: TypeAlias = Literal["text", "thinking", "redacted_thinking", "tool_use"]

FIRST_SERVER_ERROR: Final = 500
ERROR_TYPES: Final[dict[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str, *, kind: str | None = None) -> None:
        """`kind` is the Anthropic `error.type`; by default the one that belongs to `status`."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind or ERROR_TYPES.get(
            status, "api_error" if status >= FIRST_SERVER_ERROR else "invalid_request_error"
        )


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool that the model may call; `schema` is the JSON schema of its arguments, None when unknown."""

    name: str
    schema: dict[str, Any] | None = None


@dataclass(slots=True)
class Ask:
    """A request, read. `turn` counts the tool turns since the person last spoke; `results` are the newest results."""

    model: str
    prompt: str = ""
    stream: bool = False
    max_tokens: int | None = None
    stop_sequences: Sequence[str] = ()
    tools: Sequence[ToolOffer] = ()
    choice: str = "auto"
    """`auto`, `none`, `any`, or the name of the one tool to call with `tool:` before it."""
    parallel: bool = True
    thinking: bool = False
    schema: dict[str, Any] | None = None
    turn: int = 0
    results: Sequence[str] = ()
    include_usage: bool = False
    cacheable: bool = False


@dataclass(frozen=True, slots=True)
class Pieces:
    """Text in the portions in which it streams: `ring` over and over until `count` portions (None: for ever)."""

    ring: tuple[str, ...]
    count: int | None

    def __iter__(self) -> Iterator[str]:
        """Yield the portions."""
        if self.count == len(self.ring):
            return iter(self.ring)
        return islice(cycle(self.ring), self.count)

    def size(self) -> int | None:
        """Bytes of UTF-8 in all portions; None when it never ends."""
        if self.count is None:
            return None
        if not self.ring:
            return 0
        if self.count == len(self.ring):
            return len("".join(self.ring).encode())
        rounds, rest = divmod(self.count, len(self.ring))
        whole = sum(len(piece.encode()) for piece in self.ring) if rounds else 0
        return rounds * whole + sum(len(piece.encode()) for piece in self.ring[:rest])

    def text(self) -> str:
        """All portions together (the ring once, when it never ends)."""
        return "".join(self.ring if self.count is None else self)


@dataclass(slots=True)
class Block:
    """One content block: text, thinking with its signature, or a tool call whose pieces are its JSON arguments."""

    kind: BlockKind
    pieces: Pieces
    name: str = ""
    call_id: str = ""
    signature: str = ""


@dataclass(slots=True)
class Usage:
    """Tokens in the four buckets, and of the output those spent on thinking."""

    input: int = 0
    cache_read: int = 0
    cache_5m: int = 0
    cache_1h: int = 0
    output: int | None = 0
    thinking: int = 0


@dataclass(slots=True)
class Answer:
    """What will be said. `stop_reason` uses the words of the Messages API; `created` is in seconds."""

    answer_id: str
    model: str
    created: int
    blocks: list[Block] = field(default_factory=list)
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    usage: Usage = field(default_factory=Usage)
    include_usage: bool = False

    def weigh(self) -> None:
        """Set the output tokens from the blocks."""
        sizes = [(block.kind, block.pieces.size()) for block in self.blocks if block.kind != "redacted_thinking"]
        known = [size for _, size in sizes if size is not None]
        self.usage.output = estimate(sum(known)) if len(known) == len(sizes) else None
        self.usage.thinking = estimate(sum(size or 0 for kind, size in sizes if kind == "thinking"))
