"""Claude Code: the data points of its telemetry, what they add to a day, and the records of its report."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.features.usage.model.ledger import LARGEST

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
UNKNOWN_TERMINAL: Final = "unknown"
OTHER: Final = "other"
LONGEST_NAME: Final = 64

# Claude Code's metrics (code.claude.com/docs/en/monitoring-usage); its tokens and costs are those of our own ledger
SESSIONS: Final = "claude_code.session.count"
LINES: Final = "claude_code.lines_of_code.count"
COMMITS: Final = "claude_code.commit.count"
PULL_REQUESTS: Final = "claude_code.pull_request.count"
DECISIONS: Final = "claude_code.code_edit_tool.decision"
COUNTED: Final = frozenset({SESSIONS, LINES, COMMITS, PULL_REQUESTS, DECISIONS})

TOOLS: Final[Mapping[str, str]] = {
    "Edit": "edit_tool",
    "MultiEdit": "multi_edit_tool",
    "NotebookEdit": "notebook_edit_tool",
    "Write": "write_tool",
}
_LINES: Final = {"added": "lines_added", "removed": "lines_removed"}
_DECIDED: Final = {"accept": "accepted", "reject": "rejected"}
_REMOTE: Final = ("ccr.session.id", "app.entrypoint")
_LATEST_NANO: Final = 2**63 - 1


class BadPointError(ValueError):
    """A data point that cannot be counted; the text says why."""


@dataclass(frozen=True, slots=True)
class Point:
    """A data point of a sum: instants in nanoseconds since the epoch, `attributes` the resource's and its own.

    `stream` tells apart what the attributes do not: the instrumentation scope.
    """

    metric: str
    attributes: Mapping[str, str]
    started_at: int
    at: int
    value: float
    cumulative: bool
    stream: str = ""

    def digest(self) -> bytes:
        """Return the name of its time series: 16 bytes of a hash of everything that OTLP says identifies one."""
        identity = [self.metric, self.stream, self.cumulative, sorted(self.attributes.items())]
        return hashlib.sha256(json.dumps(identity).encode()).digest()[:16]


class Series(NamedTuple):
    """The last point that was taken of a series: its start and time in nanoseconds, its value."""

    started_at: int
    at: int
    value: int
    cumulative: bool


class Place(NamedTuple):
    """Where a session runs."""

    terminal_type: str
    is_remote: bool


class Addition(NamedTuple):
    """What is counted: `name` is a core metric, or a tool's name and then what was decided."""

    name: str
    decided: str | None = None


@dataclass(frozen=True, slots=True)
class Core:
    """The core metrics of a record."""

    sessions: int = 0
    lines_added: int = 0
    lines_removed: int = 0
    commits: int = 0
    pull_requests: int = 0


@dataclass(frozen=True, slots=True)
class ToolUse:
    """How often the edits that a tool proposed were accepted and rejected."""

    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Tokens of one model, and their cost in nano-USD."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_creation: int = 0
    cost: int = 0


class Key(NamedTuple):
    """What a record is of, in the order of the report: the actor is a person's, a key's or a service account's id."""

    actor_id: str
    terminal_type: str
    is_remote: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a day: `actor` is a person's e-mail address, else the name of an API key."""

    key: Key
    actor: str
    core: Core
    tools: Mapping[str, ToolUse]
    models: Mapping[str, ModelUse]

    @property
    def is_person(self) -> bool:
        """Whether the actor is a person."""
        return self.key.actor_id.startswith("user_")


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records of the day that starts at `day` (microseconds), and the cursor of the next page."""

    day: int
    records: tuple[Record, ...]
    next_page: str | None


def increase(point: Point, last: Series | None) -> int | None:
    """Return what a point adds to what is counted of its series, or None if it was counted before.

    A point that is not newer than the last one taken is a repetition: a series has one writer (OTLP's data model), so
    an exporter that tries again is the only one who sends it. A cumulative value counts from the last one, or anew
    when its start has moved or it has fallen: the counter was reset. BadPointError for what cannot be counted.
    """
    value = _whole(point)
    if last is not None and point.at <= last.at:
        return None
    if point.cumulative and last is not None and point.started_at == last.started_at and value >= last.value:
        return value - last.value
    return value


def after(point: Point) -> Series:
    """Return what is remembered of a series once a point is taken."""
    return Series(point.started_at, point.at, _whole(point), point.cumulative)


def addition(point: Point) -> Addition:
    """Return what a point counts; BadPointError when its attributes do not say."""
    if point.metric == LINES:
        return Addition(_say(point, "type", _LINES))
    if point.metric == DECISIONS:
        name = point.attributes.get("tool_name", "")
        return Addition(tool_key(name), _say(point, "decision", _DECIDED))
    return Addition({SESSIONS: "sessions", COMMITS: "commits", PULL_REQUESTS: "pull_requests"}[point.metric])


def tool_key(name: str) -> str:
    """Return the report's name of a tool: `MultiEdit` is `multi_edit_tool`, and so for tools to come."""
    known = TOOLS.get(name)
    if known is not None:
        return known
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name if letter.isascii())
    slug = "_".join("".join(letter if letter.isalnum() else " " for letter in words).lower().split())
    return f"{slug[:LONGEST_NAME]}_tool" if slug else f"{OTHER}_tool"


def place_of(attributes: Mapping[str, str]) -> Place:
    """Return where the session runs that these attributes tell of: remote ones say so by their cloud session's id."""
    session, entrypoint = (attributes.get(name, "") for name in _REMOTE)
    return Place(terminal_name(attributes.get("terminal.type", "")), bool(session) or entrypoint.startswith("remote"))


def terminal_name(text: str) -> str:
    """Return a terminal's name, of at most 64 printable characters; `unknown` for none."""
    name = "".join(character for character in text[: 4 * LONGEST_NAME] if character.isprintable()).strip()
    return name[:LONGEST_NAME] or UNKNOWN_TERMINAL


def hour_of(point: Point, now: int) -> int:
    """Return the start of the hour that a point is counted in, microseconds.

    Its own time, held between an hour ago and now: what a report has shown of that hour does not change any more.
    """
    instant = min(max(point.at // 1000, now - HOUR_US), now)
    return instant - instant % HOUR_US


def boundary(now: int) -> int:
    """Return the end of the last hour whose data are all older than one hour."""
    before = now - HOUR_US
    return before - before % HOUR_US


def _say(point: Point, name: str, known: Mapping[str, str]) -> str:
    said = point.attributes.get(name, "")
    if said not in known:
        message = f"{point.metric}: attribute {name} must be one of {', '.join(known)}"
        raise BadPointError(message)
    return known[said]


def _whole(point: Point) -> int:
    if not math.isfinite(point.value) or not 0 <= point.value <= LARGEST:
        message = f"{point.metric}: a count must be a number between 0 and 2**53 - 1"
        raise BadPointError(message)
    if not 0 < point.at <= _LATEST_NANO or not 0 <= point.started_at <= _LATEST_NANO:
        message = f"{point.metric}: times must be nanoseconds since 1970"
        raise BadPointError(message)
    return round(point.value)
