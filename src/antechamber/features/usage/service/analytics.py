"""The analytics pair: usage and costs over any range, by who, what and where, ranked and paged."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import add, attrgetter, itemgetter
from typing import Any, Final

from antechamber.base.clock import Clock
from antechamber.base.ids import Kind, OrganizationId
from antechamber.base.page import open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.usage.model import (
    COST,
    COSTS,
    SHOWN,
    Facet,
    Persons,
    Piece,
    Question,
    SumRow,
    Width,
    check_kept,
    pieces,
)
from antechamber.features.usage.model.analytics import (
    FACETS,
    FAN_OUT,
    IDENTITY,
    METRICS,
    ActorType,
    AnalyticsBuckets,
    AnalyticsLine,
    AnalyticsPage,
    AnalyticsQuery,
    Grouping,
    Identity,
    identify,
    rank_key,
    span,
)
from antechamber.features.usage.ports import People, UsageStore
from antechamber.features.usage.service.reports import cut
from antechamber.features.usage.service.settled import SettledSums

_ACTORS = (Grouping.ACTOR, Grouping.ACTOR_TYPE)
_PERSON: Final = f"{Kind.USER}_"
# what the SDK says of group_by[] (usage_report_list_params.py)
_MOST_IN_A_BUCKET: Final = 100
COUNTERS: Mapping[str, tuple[str, ...]] = {"usage": (*SHOWN, "requests"), "cost": (*COSTS, "requests")}


class Analytics:
    """Answers the analytics pair, and the four reports of Claude Enterprise before it."""

    def __init__(self, store: UsageStore, units: Units, clock: Clock, people: People) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._people = people
        self._sums = SettledSums(store)

    async def page(self, organization_id: OrganizationId, query: AnalyticsQuery) -> AnalyticsPage:
        """Return one page; InvalidRequest names what is out of bounds, or a cursor of another query."""
        now = self._clock.now()
        binding = _binding(organization_id, query)
        offset, end = (0, None) if query.page is None else _position(open_cursor(query.page, binding))
        start, stop = span(query, now, end)
        if query.width is not None:
            check_kept(query.width, start, now)
        asked = _Asked(organization_id, query, start, stop, offset)
        is_scan = False
        lines: list[AnalyticsLine] = []
        people = {}
        if not asked.matches_nothing and start < stop:
            async with self._units.read() as unit:
                lines, is_scan = await self._lines(unit, asked)
                ids = {line.group[Grouping.ACTOR] for line in lines if Grouping.ACTOR in line.group}
                users = {each.id for each in ids if isinstance(each, Identity) and each.type is ActorType.USER}
                people = dict(await self._people.people(unit, organization_id, users)) if users else {}
        more = len(lines) > query.limit
        following = seal_cursor(f"{offset + query.limit}.{stop}", binding) if more else None
        return AnalyticsPage(tuple(lines[: query.limit]), people, following, now, is_scan)

    async def buckets(self, organization_id: OrganizationId, query: AnalyticsQuery) -> AnalyticsBuckets:
        """Return one page of buckets; InvalidRequest names what is out of bounds, or a cursor of another query."""
        now = self._clock.now()
        width = query.width or Width.DAY
        bounds = span(query, now)
        check_kept(width, bounds[0], now)
        start, stop, following = cut(width, query.limit, bounds, query.page, _binding(organization_id, query))
        asked = _Asked(organization_id, query, start, stop)
        lines: list[AnalyticsLine] = []
        if not asked.matches_nothing and start < stop:
            async with self._units.read() as unit:
                lines, _ = await self._lines(unit, asked)
        found = {at: tuple(group)[:_MOST_IN_A_BUCKET] for at, group in groupby(lines, attrgetter("starting_at"))}
        step = width.microseconds
        buckets = ((at, at + step, found.get(at, ())) for at in range(start, stop, step))
        return AnalyticsBuckets(tuple(buckets), following, now)

    async def _lines(self, unit: Unit, asked: "_Asked") -> tuple[list[AnalyticsLine], bool]:
        """Return the page's lines and one more if there is one; all of them when they come in buckets."""
        owners = await self._people.owners(unit, asked.organization_id) if asked.is_personal else {}
        question = asked.question(owners)
        if not asked.by_actor:
            rows = await self._store.table(unit, asked.organization_id, question)
            return [asked.line(row) for row in rows], question.is_scan
        today = Width.DAY.floor(self._clock.now())
        rows = await self._sums.rows(unit, asked.organization_id, question, today)
        return asked.merge(rows, owners), question.is_scan


class _Asked:
    """One query, and what it means for the store."""

    def __init__(
        self, organization_id: OrganizationId, query: AnalyticsQuery, start: int, stop: int, offset: int = 0
    ) -> None:
        self.organization_id = organization_id
        self.query = query
        self.offset = offset
        self._span = (start, stop)
        self._groups = tuple(group for group in query.group_by if group not in FAN_OUT)
        is_whole = query.report == "cost" and FAN_OUT.isdisjoint(query.group_by)
        self._counters = (COST, "requests") if is_whole else COUNTERS[query.report]
        self._rank = (COST,) if is_whole else METRICS[query.report][query.order_by]
        actors, types = (query.filters.get(name, ()) for name in _ACTORS)
        # the store finds people by itself; whom else it is told of is found among all actors
        self._persons = actors if all(each.startswith(_PERSON) for each in actors) else ()
        self.by_actor = not set(_ACTORS).isdisjoint(self._groups) or bool(not self._persons and (actors or types))
        facets = [FACETS[group] for group in self._groups if group in FACETS]
        # rows that are put together here may come in the order in which they lie
        asked = sorted((*facets, *IDENTITY)) if self.by_actor else facets
        self._facets: tuple[Facet, ...] = tuple(dict.fromkeys(asked))
        self._places = {facet: 2 + number for number, facet in enumerate(self._facets)}

    @property
    def matches_nothing(self) -> bool:
        """Whether a filter names what no usage of this server is attributed to."""
        for group, values in self.query.filters.items():
            if group is Grouping.ORGANIZATION_ID and values and self.organization_id not in values:
                return True
            if values and group not in FACETS and group not in (*_ACTORS, Grouping.ORGANIZATION_ID):
                return True
        types = self.query.filters.get(Grouping.ACTOR_TYPE)
        return bool(self._persons and types and ActorType.USER not in types)

    @property
    def is_personal(self) -> bool:
        """Whether it matters whose a key is."""
        return self.by_actor or bool(self._persons)

    def question(self, owners: Mapping[str, str]) -> Question:
        """Return what the store is asked; actors are put together from all of its rows."""
        query = self.query
        theirs = tuple(key for key, owner in owners.items() if owner in self._persons)
        is_cut = not self.by_actor and not query.bucketed
        filters = {FACETS[group]: values for group, values in query.filters.items() if group in FACETS}
        return Question(
            pieces=pieces(*self._span) if query.width is None else (Piece(query.width, *self._span),),
            group_by=self._facets,
            counters=self._counters,
            filters=filters,
            bucketed=query.width is not None,
            unless_zero=() if self.by_actor else self._counters[:-1],
            rank=() if self.by_actor else self._rank,
            ascending=query.ascending and not query.by_time,
            by_time=query.by_time,
            newest_first=query.by_time and not query.ascending,
            limit=query.limit + 1 if is_cut else None,
            offset=self.offset if is_cut else 0,
            persons=Persons(self._persons, theirs) if self._persons else None,
        )

    def line(self, row: SumRow) -> AnalyticsLine:
        """Return a row of the store as a line."""
        return self._line(row[0], [self._value(group, row) for group in self._groups], tuple(row[self._first :]))

    def merge(self, rows: Sequence[SumRow], owners: Mapping[str, str]) -> list[AnalyticsLine]:
        """Return the lines of a page and one more if there is one, where rows of one actor are one."""
        # what those who are shown are put together by, None of others
        names: dict[tuple[Any, ...], str | None] = {}
        known: dict[str, Identity | None] = {"": None}
        sums: dict[tuple[str, Sequence[Any]], tuple[int, ...]] = {}
        who, first = itemgetter(*(self._places[facet] for facet in IDENTITY)), self._first
        # the bucket twice, so that it is a tuple even of no groups
        told = itemgetter(0, 0, *(self._places[FACETS[group]] for group in self._groups if group in FACETS))
        for row in rows:
            ids = who(row)
            if ids not in names:
                actor = identify(ids[0], ids[1], ids[2], owners)
                names[ids] = name = self._name(actor) if self._lets_through(actor) else None
                if name is not None:
                    known[name] = actor
            name = names[ids]
            if name is not None:
                group, new = (name, told(row)), row[first:]
                there = sums.get(group)
                sums[group] = tuple(new if there is None else map(add, there, new))
        # all but the requests
        ordered = sorted(group for group, counters in sums.items() if any(counters[:-1]))
        places = tuple(self._counters.index(name) for name in self._rank)
        query = self.query
        ordered.sort(key=lambda group: rank_key(sums[group], places), reverse=not query.ascending or query.by_time)
        if query.by_time:
            ordered.sort(key=lambda group: group[1][0], reverse=not query.ascending)
        until = None if query.bucketed else self.offset + query.limit + 1
        return [self._merged(known[group[0]], group[1], sums[group]) for group in ordered[self.offset : until]]

    def _name(self, actor: Identity | None) -> str:
        """Return what an actor's rows are put together by: nothing where actors are only filtered by."""
        if actor is None or not set(_ACTORS).intersection(self._groups):
            return ""
        return actor.id if Grouping.ACTOR in self._groups else actor.type.value

    def _merged(self, actor: Identity | None, told: Sequence[Any], counters: tuple[int, ...]) -> AnalyticsLine:
        values = iter(told[2:])
        shown: dict[Grouping, object] = {
            Grouping.ACTOR: actor,
            Grouping.ACTOR_TYPE: actor.type.value if actor else None,
            Grouping.ORGANIZATION_ID: self.organization_id,
        }
        group = [(next(values) or None) if name in FACETS else shown.get(name) for name in self._groups]
        return self._line(told[0], group, counters)

    @property
    def _first(self) -> int:
        return 2 + len(self._facets)

    def _line(self, bucket: int, values: Sequence[object], counters: tuple[int, ...]) -> AnalyticsLine:
        start, stop = self._span
        if self.query.width is not None:
            start, stop = bucket, bucket + self.query.width.microseconds
        group = dict(zip(self._groups, values, strict=True))
        return AnalyticsLine(start, stop, group, counters)  # type: ignore[arg-type] # values are texts and identities

    def _value(self, group: Grouping, row: SumRow) -> object:
        if group is Grouping.ORGANIZATION_ID:
            return self.organization_id
        return (row[self._places[FACETS[group]]] or None) if group in FACETS else None

    def _lets_through(self, actor: Identity | None) -> bool:
        ids, types = (self.query.filters.get(name, ()) for name in (Grouping.ACTOR, Grouping.ACTOR_TYPE))
        known = actor.id if actor else None
        return (not ids or known in ids) and (not types or (actor is not None and actor.type in types))


def _binding(organization_id: OrganizationId, query: AnalyticsQuery) -> dict[str, object]:
    return {
        "report": f"analytics/{query.report}",
        "organization_id": organization_id,
        "range": (query.starting_at, query.ending_at, query.width),
        "group_by": sorted(query.group_by),
        "filters": {name: sorted(values) for name, values in query.filters.items() if values},
        "order": (query.order_by, query.ascending, query.exclude_deleted_users, query.limit),
    }


def _position(text: str) -> tuple[int, int]:
    offset, _, end = text.partition(".")
    return read_number(offset), read_number(end)
