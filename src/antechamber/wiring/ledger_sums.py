"""What keys and persons have spent and used, summed from the ledger's roll-ups of days."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.limits.model.definitions import Period, Scope, Totals
from antechamber.features.usage.model import COSTS, TOKENS, Dimension, Piece, Question, SumRow, Width
from antechamber.features.usage.ports import UsageStore
from antechamber.wiring.key_owners import KeyOwners

_COUNTERS: Final = ("requests", *TOKENS, *COSTS)
_BY: Final = (Dimension.WORKSPACE_ID, Dimension.API_KEY_ID, Dimension.ACCOUNT_ID, Dimension.SERVICE_ACCOUNT_ID)
_WORKSPACE, _API_KEY, _ACCOUNT = range(2, 5)
_COST: Final = slice(-len(COSTS), None)
_FRESH_SECONDS: Final = 60.0
_MOST_REMEMBERED: Final = 256


class LedgerSums:
    """What was spent and used, by the roll-ups (`limits.ports.SpentSoFar`, `OwnUsage`).

    What a person's own keys spend counts as theirs, like what their tokens spend. Days that have ended are read at most
    once a minute, for a month of them has a row for every key and day; today is read every time.
    """

    def __init__(self, usage: UsageStore, api_keys: ApiKeys, units: Units, clock: Clock) -> None:
        self._usage = usage
        self._owners = KeyOwners(api_keys)
        self._units = units
        self._clock = clock
        self._ended: dict[tuple[OrganizationId, int, int], tuple[float, Sequence[SumRow]]] = {}
        self._people: dict[tuple[OrganizationId, int, int], tuple[Sequence[SumRow] | None, Mapping[str, int]]] = {}

    async def spent(
        self, organization_id: OrganizationId, asked: Sequence[tuple[Scope, str, Period]]
    ) -> Mapping[tuple[Scope, str, Period], int]:
        """Return nano-USD since each window began; what is missing is 0."""
        found: dict[tuple[Scope, str, Period], int] = {}
        now = self._clock.now()
        today = Width.DAY.floor(now)
        async with self._units.read() as unit:
            todays = await self._ask(unit, organization_id, today, now + 1)
            for period in {period for _, _, period in asked}:
                since = period.start(now)
                ended = await self._ended_rows(unit, organization_id, since, today) if since < today else ()
                for scope in {scope for scope, _, known in asked if known is period}:
                    sums = dict.fromkeys((held for known, held, over in asked if (known, over) == (scope, period)), 0)
                    for rows in (ended, todays):
                        owners = await self._owners_of(unit, organization_id, rows) if scope is Scope.USER else {}
                        _add(sums, scope, rows, owners)
                    found.update({(scope, held, period): cost for held, cost in sums.items()})
        return found

    async def people(
        self, organization_id: OrganizationId, periods: Collection[Period]
    ) -> Mapping[Period, Mapping[str, int]]:
        """Return nano-USD of each person since each period began; who is missing spent nothing."""
        now = self._clock.now()
        today = Width.DAY.floor(now)
        async with self._units.read() as unit:
            todays = await self._people_of(
                unit, organization_id, await self._ask(unit, organization_id, today, now + 1)
            )
            return {
                period: _plus(await self._ended_people(unit, organization_id, period.start(now), today), todays)
                for period in periods
            }

    async def _ended_people(
        self, unit: Unit, organization_id: OrganizationId, since: int, today: int
    ) -> Mapping[str, int]:
        """Return what people spent on days that have ended, summed as often as these are read."""
        if since >= today:
            return {}
        rows = await self._ended_rows(unit, organization_id, since, today)
        asked = (organization_id, since, today)
        known, sums = self._people.get(asked, (None, {}))
        if known is not rows:
            if len(self._people) >= _MOST_REMEMBERED:
                self._people.clear()
            sums = await self._people_of(unit, organization_id, rows)
            self._people[asked] = (rows, sums)
        return sums

    async def _people_of(
        self, unit: Unit, organization_id: OrganizationId, rows: Sequence[SumRow]
    ) -> Mapping[str, int]:
        owners = await self._owners_of(unit, organization_id, rows)
        sums: dict[str, int] = {}
        for row in rows:
            if held := row[_ACCOUNT] or owners.get(row[_API_KEY]):
                sums[held] = sums.get(held, 0) + sum(row[_COST])
        return sums

    async def totals(
        self, organization_id: OrganizationId, scope: Scope, scope_id: str, starting_at: int, now: int
    ) -> Totals:
        """Return the sums of a key or a person from the day that holds an instant to now."""
        since, today = Width.DAY.floor(starting_at), Width.DAY.floor(now)
        async with self._units.read() as unit:
            ended = await self._ended_rows(unit, organization_id, since, today) if since < today else ()
            rows = [*ended, *await self._ask(unit, organization_id, max(since, today), now + 1)]
            if scope is Scope.API_KEY:
                return _total(row for row in rows if row[_API_KEY] == scope_id)
            owners = await self._owners_of(unit, organization_id, rows)
        return _total(row for row in rows if scope_id in {row[_ACCOUNT], owners.get(row[_API_KEY])})

    async def _ended_rows(
        self, unit: Unit, organization_id: OrganizationId, since: int, until: int
    ) -> Sequence[SumRow]:
        asked, now = (organization_id, since, until), self._clock.monotonic()
        read_at, rows = self._ended.get(asked, (now - _FRESH_SECONDS, ()))
        if now - read_at >= _FRESH_SECONDS:
            rows = await self._ask(unit, organization_id, since, until)
            if len(self._ended) >= _MOST_REMEMBERED:
                self._ended.clear()
            self._ended[asked] = (now, rows)
        return rows

    async def _ask(self, unit: Unit, organization_id: OrganizationId, start: int, end: int) -> Sequence[SumRow]:
        # of a single day, by all that a roll-up has, its rows are the answer
        is_one = end - start <= Width.DAY.microseconds
        question = Question((Piece(Width.DAY, start, end),), _BY, _COUNTERS, bucketed=is_one)
        return await self._usage.table(unit, organization_id, question)

    async def _owners_of(
        self, unit: Unit, organization_id: OrganizationId, rows: Iterable[SumRow]
    ) -> Mapping[str, str]:
        return await self._owners.read(unit, organization_id, (row[_API_KEY] for row in rows))


def _plus(some: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    if not some or not more:
        return some or more
    return {**some, **{held: some.get(held, 0) + spent for held, spent in more.items()}}


def _add(sums: dict[str, int], scope: Scope, rows: Iterable[SumRow], owners: Mapping[str, str]) -> None:
    """Add rows' costs to those of a scope's holders that are asked for."""
    if scope is Scope.ORGANIZATION:
        for organization_id in sums:
            sums[organization_id] += sum(sum(row[_COST]) for row in rows)
        return
    column = _API_KEY if scope is Scope.API_KEY else _WORKSPACE
    for row in rows:
        held = row[_ACCOUNT] or owners.get(row[_API_KEY]) if scope is Scope.USER else row[column]
        if held in sums:
            sums[held] += sum(row[_COST])


def _total(rows: Iterable[SumRow]) -> Totals:
    sums = [0] * len(_COUNTERS)
    for row in rows:
        sums = [known + counter for known, counter in zip(sums, row[-len(_COUNTERS) :], strict=True)]
    named = dict(zip(_COUNTERS, sums, strict=True))
    return Totals(
        requests=named["requests"],
        uncached_input_tokens=named["uncached_input"],
        cache_creation_input_tokens=named["cache_write_5m"] + named["cache_write_1h"],
        cache_read_input_tokens=named["cache_read"],
        output_tokens=named["output"],
        cost=sum(named[name] for name in COSTS),
    )
