"""Reports in buckets of time: tokens used, and what they cost, paged, from the roll-ups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.page import foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Units
from antechamber.features.usage.model import (
    COST,
    COSTS,
    SHOWN,
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
from antechamber.features.usage.model.costs import CostQuery, facets_of
from antechamber.features.usage.ports import People, UsageStore
from antechamber.features.usage.service.printed import PrintedDays

# shows rows of one bucket, which hold what `columns_of` says and behind it the costs
PrintCosts: TypeAlias = Callable[[Sequence[SumRow]], bytes]


class UsageReports:
    """Answers what an organisation has used and what it cost."""

    def __init__(self, store: UsageStore, units: Units, clock: Clock, people: People) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._people = people
        self._printed = PrintedDays(store)

    async def messages(self, organization_id: OrganizationId, query: ReportQuery, line: Line) -> Report:
        """Return one page of the report with `line` for each group; InvalidRequest for the cursor of another query."""
        now = self._clock.now()
        bounds = interval(query, now)
        check_kept(query.width, bounds[0], now)
        binding = _binding(organization_id, query)
        start, stop, following = cut(query.width, query.limit, bounds, query.page, binding)
        filters: dict[Facet, Sequence[str]] = dict(query.filters.items())
        question = Question((Piece(query.width, start, stop),), query.group_by, SHOWN, filters, unless_zero=SHOWN)
        lines: Mapping[int, bytes] = {}
        if start < stop:
            async with self._units.read() as unit:

                async def printed(piece: Piece) -> Mapping[int, bytes]:
                    asked = replace(question, pieces=(piece,))
                    return await self._store.printed(unit, organization_id, asked, line)

                name = (line, question.group_by, tuple(sorted(filters.items())))
                # hours and minutes are not kept
                lines = await (
                    self._printed.lines(unit, organization_id, question.pieces[0], name, printed)
                    if query.width is Width.DAY
                    else printed(question.pieces[0])
                )
        return Report(_buckets(lines, query.width, start, stop), following)

    async def costs(self, organization_id: OrganizationId, query: CostQuery, shown: PrintCosts) -> Report:
        """Return one page of the cost report; InvalidRequest when the page cursor is not of this query."""
        now = self._clock.now()
        binding = {"report": "cost", "organization_id": organization_id, **query.binding()}
        start, stop, following = cut(Width.DAY, query.limit, query.interval(now), query.page, binding)
        counters = COSTS if query.is_described else (COST,)
        piece = Piece(Width.DAY, start, stop)
        lines: Mapping[int, bytes] = {}
        if start < stop:
            async with self._units.read() as unit:
                owners = await self._people.owners(unit, organization_id) if query.by_person else None
                question = Question((piece,), facets_of(query.group_by), counters, unless_zero=counters, owners=owners)

                async def printed(piece: Piece) -> Mapping[int, bytes]:
                    rows = await self._store.table(unit, organization_id, replace(question, pieces=(piece,)))
                    return {bucket: shown(list(group)) for bucket, group in groupby(rows, key=itemgetter(0))}

                # whose a key is can change without a request
                name = (query.group_by, owners)
                lines = await self._printed.lines(unit, organization_id, piece, name, printed)
        return Report(_buckets(lines, Width.DAY, start, stop), following)


def cut(
    width: Width, limit: int, bounds: tuple[int, int], page: str | None, binding: dict[str, object]
) -> tuple[int, int, str | None]:
    """Return where a page starts and stops, and the cursor of the next."""
    start, end = bounds
    if page is not None:
        start = _position(open_cursor(page, binding), width, start)
    stop = min(end, start + limit * width.microseconds)
    return start, stop, seal_cursor(str(stop), binding) if stop < end else None


def _buckets(lines: Mapping[int, bytes], width: Width, start: int, stop: int) -> tuple[Printed, ...]:
    step = width.microseconds
    return tuple(Printed(at, at + step, lines.get(at, b"")) for at in range(start, stop, step))


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
