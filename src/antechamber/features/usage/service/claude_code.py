"""Claude Code: taking the metrics that it exports, and reporting a day of them with our own tokens and costs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.page import foreign_cursor, open_cursor, seal_cursor
from antechamber.base.principal import Caller
from antechamber.base.unit import Unit, Units
from antechamber.features.usage.model import clean_text
from antechamber.features.usage.model.claude_code import (
    COUNTED,
    DAY_US,
    OTHER,
    Addition,
    BadPointError,
    Core,
    Key,
    Place,
    Point,
    Record,
    RecordPage,
    Series,
    addition,
    after,
    boundary,
    hour_of,
    increase,
    place_of,
)
from antechamber.features.usage.ports import ActorNames, ClaudeCodeStore

MOST_TERMINALS: Final = 16  # of an actor on a day; the next ones are `other`
MOST_TOOLS: Final = 32
MOST_SESSIONS: Final = 1_000  # of an actor within a day; the tokens of the next ones are at an unknown terminal
MOST_SERIES: Final = 50_000
_DELTA_KEPT_US: Final = DAY_US
_CUMULATIVE_KEPT_US: Final = 30 * DAY_US
_ACTORS_AT_ONCE: Final = 250
_SWEEP_SECONDS: Final = 3600.0


@dataclass(slots=True)
class _Taken:
    """What the points of one request come to."""

    series: dict[bytes, Series] = field(default_factory=dict)
    counts: dict[tuple[Key, int], dict[Addition, int]] = field(default_factory=lambda: defaultdict(dict))
    sessions: dict[str, tuple[Place, int]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def count(self, actor: str, point: Point, what: Addition, number: int, now: int) -> None:
        """Add what a point adds, and note where its session runs."""
        place, hour = place_of(point.attributes), hour_of(point, now)
        counts = self.counts[Key(actor, *place), hour]
        counts[what] = counts.get(what, 0) + number
        if session := point.attributes.get("session.id"):
            self.sessions[clean_text(session)] = (place, hour)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How many points of a request were not taken, and why the first of them."""

    points: int
    message: str


class ClaudeCodeMetrics:
    """Takes what Claude Code exports. Who is counted is whose key it is, whatever the metrics say of a person."""

    def __init__(self, store: ClaudeCodeStore, units: Units, clock: Clock) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._swept_at = clock.monotonic()

    async def receive(self, caller: Caller, points: Iterable[Point]) -> Refusal | None:
        """Count points, each once however often it is sent; returns what was refused, None for nothing.

        Metrics that the report has no use for are taken and dropped.
        """
        wanted = sorted((point for point in points if point.metric in COUNTED), key=lambda point: point.at)
        if not wanted:
            return None
        actor = caller.actor_id
        organization, now = caller.organization_id, self._clock.now()
        taken = _Taken()
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization, actor)
            await self._take(unit, organization, actor, wanted, taken)
            await self._store.remember(unit, organization, actor, taken.series, now)
            await self._keep(unit, organization, actor, taken)
        await self._sweep(now)
        return Refusal(len(taken.refused), taken.refused[0]) if taken.refused else None

    async def _take(
        self, unit: Unit, organization: OrganizationId, actor: str, points: Sequence[Point], taken: _Taken
    ) -> None:
        now = self._clock.now()
        digests = [point.digest() for point in points]
        known = dict(await self._store.series(unit, organization, actor, set(digests)))
        room = MOST_SERIES - await self._store.series_count(unit, organization, actor)
        for point, digest in zip(points, digests, strict=True):
            last = known.get(digest)
            if last is None and room <= 0:
                taken.refused.append(f"more than {MOST_SERIES} time series of one actor")
                continue
            try:
                number, what, series = increase(point, last), addition(point), after(point)
            except BadPointError as error:
                taken.refused.append(str(error))
                continue
            room -= last is None
            if number is None:
                continue
            known[digest] = taken.series[digest] = series
            if number:
                taken.count(actor, point, what, number, now)

    async def _keep(self, unit: Unit, organization: OrganizationId, actor: str, taken: _Taken) -> None:
        """Keep what was counted, under no more names of terminals and tools than an actor may have on a day."""
        counts: dict[tuple[Key, int], dict[Addition, int]] = defaultdict(dict)
        sessions: dict[str, Place] = {}
        for day in sorted({_day(hour) for _, hour in taken.counts}):
            terminals, tools = map(set, await self._store.seen(unit, organization, actor, day))
            for (key, hour), additions in taken.counts.items():
                if _day(hour) == day:
                    terminal = _within(key.terminal_type, terminals, MOST_TERMINALS, OTHER)
                    kept = counts[key._replace(terminal_type=terminal), hour]
                    for what, number in additions.items():
                        name = _bounded(what, tools)
                        kept[name] = kept.get(name, 0) + number
            for session, (place, hour) in taken.sessions.items():
                if _day(hour) == day:
                    terminal = _within(place.terminal_type, terminals, MOST_TERMINALS, OTHER)
                    sessions[session] = place._replace(terminal_type=terminal)
        await self._store.add(unit, organization, counts)
        await self._store.place(unit, organization, actor, sessions, self._clock.now(), MOST_SESSIONS)

    async def _sweep(self, now: int) -> None:
        """Forget, once an hour at most, what no exporter will repeat any more."""
        if self._clock.monotonic() - self._swept_at < _SWEEP_SECONDS:
            return
        self._swept_at = self._clock.monotonic()
        async with self._units.begin() as unit:
            await self._store.sweep_forgotten(unit, now - _DELTA_KEPT_US, now - _CUMULATIVE_KEPT_US)


def _day(hour: int) -> int:
    return hour - hour % DAY_US


def _bounded(what: Addition, tools: set[str]) -> Addition:
    if what.decided is None:
        return what
    return what._replace(name=_within(what.name, tools, MOST_TOOLS, f"{OTHER}_tool"))


def _within(name: str, seen: set[str], most: int, other: str) -> str:
    if name not in seen and len(seen) >= most:
        return other
    seen.add(name)
    return name


class ClaudeCodeReports:
    """Answers what Claude Code did on a day."""

    def __init__(self, store: ClaudeCodeStore, names: ActorNames, units: Units, clock: Clock) -> None:
        self._store = store
        self._names = names
        self._units = units
        self._clock = clock

    async def day(self, organization_id: OrganizationId, day: int, limit: int, page: str | None) -> RecordPage:
        """Return records of the day that starts at `day` (microseconds), by actor, terminal and remoteness.

        Only hours that ended more than an hour before the first page was asked for: later pages keep that boundary.
        InvalidRequest when the page cursor is not of this query.
        """
        binding = {"report": "usage/claude_code", "organization_id": organization_id, "starting_at": day}
        before, last = boundary(self._clock.now()), None
        if page is not None:
            before, last = _position(open_cursor(page, binding), before)
        async with self._units.read() as unit:
            records = await self._records(unit, organization_id, day, before, last, limit + 1)
        shown = records[:limit]
        more = seal_cursor(json.dumps([before, *shown[-1].key]), binding) if len(records) > limit else None
        return RecordPage(day, tuple(shown), more)

    async def _records(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, last: Key | None, limit: int
    ) -> list[Record]:
        start = "" if last is None else last.actor_id
        # one more, for the actor at the cursor may have no record left
        actors = await self._store.actors(unit, organization_id, day, before, start, limit + 1)
        found: list[Record] = []
        for first in range(0, len(actors), _ACTORS_AT_ONCE):
            if len(found) < limit:
                some = actors[first : first + _ACTORS_AT_ONCE]
                records = await self._of_actors(unit, organization_id, day, before, (some[0], some[-1]))
                found += [record for record in records if last is None or record.key > last]
        return found[:limit]

    async def _of_actors(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> list[Record]:
        query = (unit, organization_id, day, before, actors)
        core = await self._store.core(*query)
        tools = await self._store.tools(*query)
        models = await self._store.models(*query)
        keys = sorted({*core, *tools, *models})
        names = await self._names.names(unit, organization_id, {key.actor_id for key in keys})
        return [
            Record(
                key,
                names.get(key.actor_id, key.actor_id),
                core.get(key, Core()),
                tools.get(key, {}),
                models.get(key, {}),
            )
            for key in keys
        ]


def _position(text: str, latest: int) -> tuple[int, Key]:
    try:
        before, actor, terminal, is_remote = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise foreign_cursor() from None
    is_ours = isinstance(actor, str) and isinstance(terminal, str) and isinstance(is_remote, bool)
    if not is_ours or type(before) is not int or not 0 <= before <= latest:
        raise foreign_cursor()
    return before, Key(actor, terminal, is_remote)
