"""The controls: what may be asked of a simulated answer, how it is written, and how the three sources combine."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, TypeAlias

from antechamber.adapters.providers.simulated.answer import Refused
from antechamber.base.chance import SeededChance

Chunking: TypeAlias = Literal["auto", "event", "many", "all", "split-utf8", "split-line"]
CHUNKINGS: Final = ("auto", "event", "many", "all", "split-utf8", "split-line")
USAGES: Final = ("present", "omitted", "late")
FILLERS: Final = ("ascii", "mixed")
STOP_REASONS: Final = (
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
)
BEFORE_HEADERS: Final = -1
FIRST_ERROR: Final = 400
LAST_ERROR: Final = 599
LARGEST: Final = 1_000_000_000
ENDLESS: Final = math.inf

_DIRECTIVE: Final = re.compile(r"\[sim((?:\s+[a-z_]+=(?:\"[^\"]*\"|[^\s\"\]]+))+)\s*\]")
_PAIR: Final = re.compile(r"([a-z_]+)=(?:\"([^\"]*)\"|([^\s\"\]]+))")
_DELAY: Final = re.compile(r"(lognormal|normal|uniform):([0-9.]+),([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Delay:
    """A time in milliseconds: fixed, or drawn (`lognormal:median,sigma`, `normal:mean,sd`, `uniform:low,high`)."""

    kind: str
    first: float
    second: float = 0.0

    def seconds(self, chance: Callable[[], SeededChance]) -> float:
        """Draw it."""
        if self.kind == "fixed":
            return self.first / 1000
        source = chance()
        if self.kind == "uniform":
            return source.uniform(self.first, self.second) / 1000
        # Box-Muller; 1 - u keeps the logarithm away from zero.
        spread = math.sqrt(-2 * math.log(1 - source.uniform(0, 0.999999))) * math.cos(source.uniform(0, math.tau))
        if self.kind == "normal":
            return max(0.0, self.first + self.second * spread) / 1000
        return self.first * math.exp(self.second * spread) / 1000


@dataclass(frozen=True, slots=True)
class Call:
    """A scripted tool call."""

    name: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """One turn of a script: something said, tools called, or both."""

    text: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Every control with its default; docs/guides/simulated-models.md explains them.

    Positions (`reset`, `hang`, `truncate`, `error`) count streamed events that carry text: 0 is right after the
    headers, -1 (written `headers`) before them.
    """

    # What is said.
    reply: str | None = None
    events: float | None = None
    bytes: int = 12
    filler: str = "ascii"
    thinking: int | None = None
    redacted: bool = False
    stop_reason: str | None = None
    refusal: str | None = None
    turns: int = 1
    calls: int = 1
    args: str = "generated"
    script: tuple[ScriptedTurn, ...] = ()
    # When.
    headers: Delay | None = None
    ttft: Delay | None = None
    events_per_second: float = 0.0
    tokens_per_second: float = 0.0
    slow: float = 0.0
    # How it is cut up.
    chunking: Chunking = "auto"
    pings: int | None = None
    comments: int = 0
    usage: str = "present"
    heartbeats: int = 0
    duplicate_start: bool = False
    done: bool = True
    content_length: int = 0
    close: bool = False
    # What goes wrong.
    status: int = 0
    message: str | None = None
    retry_after: float | None = None
    ratelimit: bool = False
    error: int | None = None
    error_type: str = "overloaded_error"
    hang: int | None = None
    reset: int | None = None
    truncate: int | None = None
    # How often.
    times: int = 0
    probability: float = 1.0

    def answers_at_once(self) -> bool:
        """Say whether an answer in one piece goes out in one write, with nothing before, in or after it."""
        return (
            (self.headers, self.ttft, self.hang, self.reset, self.truncate) == (None,) * 5
            and not (self.events_per_second or self.tokens_per_second or self.slow)
            and self.content_length <= 0
        )

    def without_faults(self) -> "Scenario":
        """Return the same answer without anything going wrong."""
        return replace(self, **{name: getattr(CALM, name) for name in FAULTS})


CALM: Final = Scenario()
FAULTS: Final = (
    "status",
    "error",
    "hang",
    "reset",
    "truncate",
    "content_length",
    "slow",
    "done",
    "duplicate_start",
)


def parse_pairs(text: str) -> dict[str, str]:
    """Read the `x-sim` header: `key=value;key=value`."""
    pairs = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            msg = f"x-sim: `{part.strip()}` is not key=value"
            raise Refused(400, msg)
        pairs[key.strip()] = value.strip()
    return pairs


def find_directive(text: str) -> dict[str, str]:
    """Return the controls of the last `[sim key=value key="two words"]` in `text`; empty when there is none."""
    if "[sim" not in text:
        return {}
    found = _DIRECTIVE.findall(text)
    if not found:
        return {}
    return {key: quoted or plain for key, quoted, plain in _PAIR.findall(found[-1])}


def strip_directives(text: str) -> str:
    """Return `text` without its directives."""
    return _DIRECTIVE.sub("", text).strip() if "[sim" in text else text


def apply(scenario: Scenario, controls: dict[str, Any]) -> Scenario:
    """Return `scenario` with `controls` laid over it; Refused 400 names one that is unknown or not understood."""
    if not controls:
        return scenario
    changes: dict[str, Any] = {}
    for key, value in controls.items():
        reader = _READERS.get(key)
        if reader is None:
            msg = f"sim: unknown control `{key}`; known: {', '.join(sorted(_READERS))}"
            raise Refused(400, msg)
        try:
            changes[key] = reader(str(value) if not isinstance(value, bool) else ("1" if value else "0"))
        except (ValueError, OverflowError) as error:
            msg = f"sim: `{key}={value}` is not understood: {error}"
            raise Refused(400, msg) from None
    return replace(scenario, **changes)


def _delay(text: str) -> Delay:
    if found := _DELAY.fullmatch(text):
        return Delay(found[1], float(found[2]), float(found[3]))
    return Delay("fixed", _positive(text))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 <= number < LARGEST:
        msg = "a number from 0 is needed"
        raise ValueError(msg)
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= LARGEST:
        msg = "a whole number from 0 is needed"
        raise ValueError(msg)
    return number


def _at_least_one(text: str) -> int:
    return max(1, _count(text))


def _events(text: str) -> float:
    return ENDLESS if text == "inf" else _count(text)


def _place(text: str) -> int:
    if text == "headers":
        return BEFORE_HEADERS
    return 0 if text == "first" else _count(text)


def _later_place(text: str) -> int:
    return 0 if text == "first" else _count(text)


def _flag(text: str) -> bool:
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    msg = "1 or 0 is needed"
    raise ValueError(msg)


def _done(text: str) -> bool:
    return text != "missing" and (text == "present" or _flag(text))


def _status(text: str) -> int:
    number = int(text)
    if not FIRST_ERROR <= number <= LAST_ERROR:
        msg = "a status from 400 to 599 is needed"
        raise ValueError(msg)
    return number


def _milliseconds(text: str) -> float:
    return _positive(text) / 1000


def _refusal(text: str) -> str:
    return "" if text in ("1", "true") else text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            msg = f"one of {', '.join(allowed)} is needed"
            raise ValueError(msg)
        return text

    return read


def _arguments(text: str) -> str:
    if text in ("generated", "empty"):
        return text
    if text.startswith("huge:"):
        return f"huge:{_count(text[5:])}"
    msg = "generated, empty or huge:BYTES is needed"
    raise ValueError(msg)


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "reply": str,
    "events": _events,
    "bytes": _at_least_one,
    "filler": _one_of(*FILLERS),
    "thinking": _count,
    "redacted": _flag,
    "stop_reason": _one_of(*STOP_REASONS),
    "refusal": _refusal,
    "turns": _count,
    "calls": _at_least_one,
    "args": _arguments,
    "headers": _delay,
    "ttft": _delay,
    "events_per_second": _positive,
    "tokens_per_second": _positive,
    "slow": _milliseconds,
    "chunking": _one_of(*CHUNKINGS),
    "pings": _count,
    "comments": _count,
    "usage": _one_of(*USAGES),
    "heartbeats": _count,
    "duplicate_start": _flag,
    "done": _done,
    "content_length": int,
    "close": _flag,
    "status": _status,
    "message": str,
    "retry_after": _positive,
    "ratelimit": _flag,
    "error": _later_place,
    "error_type": str,
    "hang": _place,
    "reset": _place,
    "truncate": _later_place,
    "times": _count,
    "probability": _positive,
}
CONTROLS: Final = tuple(entry.name for entry in fields(Scenario) if entry.name != "script")
