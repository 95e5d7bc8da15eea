"""Reports in buckets of time: tokens used, and what they cost, paged, from the roll-ups."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.page import foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Units
from antechamber.features.usage.model import (
    COST,
    COSTS,
    SHOWN,
    Bucket,
    Facet,
    Line,
    Piece,
    Printed,
    Question,
    Report,
    ReportQuery,
    SumRow,
    Width,
    check_kept,
    interval,
)
from antechamber.features.usage.model.costs import CostQuery, CostReport, attribute, columns_of, facets_of
from antechamber.features.usage.ports import People, UsageStore


class UsageReports:
    """Answers what an organisation has used and what it cost."""

    def __init__(self, store: UsageStore, units: Units, clock: Clock, people: People) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._people = people

    async def messages(self, organization_id: OrganizationId, query: ReportQuery, line: Line) -> Report:
        """Return one page of the report with `line` for each group; InvalidRequest for the cursor of another query."""
        now = self._clock.now()
        bounds = interval(query, now)
        check_kept(query.width, bounds[0], now)
        binding = _binding(organization_id, query)
        start, stop, following = cut(query.width, query.limit, bounds, query.page, binding)
        filters: dict[Facet, Sequence[str]] = dict(query.filters.items())
        question = Question((Piece(query.width, start, stop),), query.group_by, SHOWN, filters, unless_zero=SHOWN)
        lines: Mapping[int, str] = {}
        if start < stop:
            async with self._units.read() as unit:
                lines = await self._store.printed(unit, organization_id, question, line)
        step = query.width.microseconds
        buckets = (Printed(at, at + step, lines.get(at, "")) for at in range(start, stop, step))
        return Report(tuple(buckets), following)

    async def costs(self, organization_id: OrganizationId, query: CostQuery) -> CostReport:
        """Return one page of the cost report; InvalidRequest when the page cursor is not of this query."""
        now = self._clock.now()
        binding = {"report": "cost", "organization_id": organization_id, **query.binding()}
        start, stop, following = cut(Width.DAY, query.limit, query.interval(now), query.page, binding)
        counters = COSTS if query.is_described else (COST,)
        question = Question((Piece(Width.DAY, start, stop),), facets_of(query.group_by), counters, unless_zero=counters)
        async with self._units.read() as unit:
            rows = await self._store.table(unit, organization_id, question) if start < stop else []
            if query.by_person:
                rows = attribute(rows, query.group_by, await self._people.owners(unit, organization_id))
        buckets = _buckets(rows, Width.DAY, start, stop)
        return CostReport(query.group_by, columns_of(query.group_by), query.is_described, buckets, following)


def cut(
    width: Width, limit: int, bounds: tuple[int, int], page: str | None, binding: dict[str, object]
) -> tuple[int, int, str | None]:
    """Return where a page starts and stops, and the cursor of the next."""
    start, end = bounds
    if page is not None:
        start = _position(open_cursor(page, binding), width, start)
    stop = min(end, start + limit * width.microseconds)
    return start, stop, seal_cursor(str(stop), binding) if stop < end else None


def _buckets(rows: Sequence[SumRow], width: Width, start: int, stop: int) -> tuple[Bucket, ...]:
    by_bucket = {bucket: list(group) for bucket, group in groupby(rows, key=itemgetter(0))}
    step = width.microseconds
    return tuple(Bucket(at, at + step, by_bucket.get(at, ())) for at in range(start, stop, step))


def _binding(organization_id: OrganizationId, query: ReportQuery) -> dict[str, object]:
    return {
        "report": "usage/messages",
        "organization_id": organization_id,
        "starting_at": query.starting_at,
        "ending_at": query.ending_at,
        "width": query.width,
        "group_by": sorted(query.group_by),
        "filters": {name: sorted(values) for name, values in query.filters.items() if values},
    }


def _position(text: str, width: Width, start: int) -> int:
    instant = read_number(text)
    if instant % width.microseconds or instant < start:
        raise foreign_cursor()
    return instant
