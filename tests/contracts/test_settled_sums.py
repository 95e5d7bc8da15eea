"""Sums of days that are over, kept: never another answer than adding everything up anew."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from antechamber.adapters.prices import Book
from antechamber.base.actor import OPERATOR
from antechamber.base.clock import ManualClock, from_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import Database
from antechamber.features.usage.model import COSTS, Dimension, Piece, Question, SumRow, TokenUsage, UsageRow, Width
from antechamber.features.usage.model.analytics import Person
from antechamber.features.usage.service import Analytics
from antechamber.features.usage.service.pricing import price_row
from antechamber.features.usage.service.settled import SettledSums
from antechamber.features.usage.sql import SqlUsage
from antechamber.features.usage.wire.analytics import Asked, read_analytics, show_analytics
from tests.contracts.test_repricing import bring_in, dearer, repricing
from tests.unit.usage.samples import DAY, HOUR, ORGANIZATION, row

MINE = OrganizationId(ORGANIZATION)
BOOK = Book()
FIRST = from_rfc3339("2026-02-10T00:00:00Z")
NOW = FIRST + 4 * DAY + 12 * HOUR
# without an end that is a day's, hours stand before and behind the days
RANGES = (("2026-02-10T00:00:00Z", "2026-02-15T00:00:00Z"), ("2026-02-10T05:00:00Z", "2026-02-14T07:00:00Z"))
QUESTIONS: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("usage", ("actor",), None),
    ("cost", ("actor", "model"), None),
    ("cost", ("actor_type", "token_type"), None),
    ("usage", ("actor", "tag"), None),
    ("cost", ("actor",), "1d"),
)


class Watched(SqlUsage):
    """The store, and the days and hours that were added up."""

    def __init__(self) -> None:
        self.read: list[tuple[float, float]] = []

    async def table(self, unit: Unit, organization_id: OrganizationId, question: Question) -> Sequence[SumRow]:
        self.read += [((piece.start - FIRST) / DAY, (piece.end - FIRST) / DAY) for piece in question.pieces]
        return await super().table(unit, organization_id, question)


class Everyone:
    """Keys are somebody's, who may change."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def owners(self, _unit: Unit, _organization_id: OrganizationId) -> dict[str, str]:
        return self.known

    async def people(self, _unit: Unit, _organization_id: OrganizationId, ids: Collection[str]) -> Mapping[str, Person]:
        return {each: Person("Someone", None, deleted=False) for each in ids}


def made(number: int, day: int, usage: TokenUsage | None = None, **changes: Any) -> UsageRow:  # noqa: ANN401 - any field
    told = {"key_id": f"apikey_{number % 3}", "started_at": FIRST + day * DAY + number * HOUR, **changes}
    return price_row(row(number, usage or TokenUsage(number, 1, 2, 3, 4), **told), BOOK)


class Desk:
    """Who keeps sums, and who has none, asked the same."""

    def __init__(self, database: Database, store: SqlUsage | None = None) -> None:
        self.clock = ManualClock(NOW)
        self.people = Everyone()
        self._database = database
        self._kept = Analytics(store or SqlUsage(), database, self.clock, self.people)

    async def ask(
        self, report: str, group_by: Sequence[str], width: str | None, start: str, end: str, *, anew: bool = False
    ) -> bytes:
        analytics = Analytics(SqlUsage(), self._database, self.clock, self.people) if anew else self._kept
        asked = Asked(start, end, width, group_by, "desc", None, 1000, None, exclude_deleted_users=False)
        query = read_analytics(report, asked, {})
        return show_analytics(await analytics.page(MINE, query), query)

    async def same(self) -> bytes:
        """Ask everything, and return it all."""
        answers = []
        for start, end in RANGES:
            for question in QUESTIONS:
                answers.append(await self.ask(*question, start, end))
                assert answers[-1] == await self.ask(*question, start, end, anew=True)
        return b"\n".join(answers)


async def test_what_is_added_priced_anew_or_given_to_others_shows_at_once(database: Database) -> None:
    desk = Desk(database)
    seen = {await desk.same()}
    for number, day in enumerate((0, 2, 4, 0, 3, 4, 1)):
        tag = "team" if number % 2 else None
        await bring_in(database, made(number, day, tag=tag))
        seen.add(await desk.same())
    for owner in ("user_one", "user_two"):
        desk.people.known = {"apikey_1": owner, "apikey_2": "user_one"}
        seen.add(await desk.same())
    await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    seen.add(await desk.same())
    desk.clock.advance(86_400)
    await desk.same()
    await bring_in(database, made(20, 3))
    seen.add(await desk.same())
    assert len(seen) == 12


async def test_days_that_nobody_added_to_are_added_up_once(database: Database) -> None:
    await bring_in(database, *(made(number, day) for number, day in enumerate((0, 1, 3, 4))))
    store = Watched()
    desk = Desk(database, store)
    question = ("usage", ("actor",), None, *RANGES[0])
    for _ in range(3):
        await desk.ask(*question)
    assert store.read == [(0, 4), (4, 5), (4, 5), (4, 5)]
    store.read.clear()
    await bring_in(database, made(9, 2))
    await desk.ask(*question)
    assert store.read == [(0, 4), (4, 5)]
    store.read.clear()
    await desk.ask("usage", ("actor",), None, *RANGES[1])
    hours = [(5 / 24, 1.0), (4.0, 4 + 7 / 24)]
    assert sorted(store.read) == sorted([(1, 4), *hours])


async def test_requests_that_used_nothing_count_once_somebody_used_something(database: Database) -> None:
    nothing = TokenUsage()
    await bring_in(database, made(1, 0, nothing), made(4, 1, nothing), made(2, 1, nothing))
    desk = Desk(database)
    question = ("usage", ("actor",), None, *RANGES[0])
    assert json.loads(await desk.ask(*question))["data"] == []
    await bring_in(database, made(7, 4))
    (line,) = json.loads(await desk.ask(*question))["data"]
    assert line["group"]["actor"]["api_key_id"] == "apikey_1"
    assert line["usage"]["requests"] == 3


async def test_rows_of_the_longest_unused_question_go_first(database: Database) -> None:
    await bring_in(database, *(made(number, number % 4) for number in range(8)))
    store = Watched()
    sums = SettledSums(store, 50)
    async with database.read() as unit:
        for days in (1, 2, 3, 3, 2, 1):
            piece = Piece(Width.DAY, FIRST, FIRST + days * DAY)
            question = Question((piece,), (Dimension.API_KEY_ID,), COSTS, bucketed=False)
            rows = await sums.rows(unit, MINE, question, FIRST + 4 * DAY)
            assert list(rows) == list(await SqlUsage().table(unit, MINE, question))
    # each is 20 and its rows, so that there is room for two
    assert [end for _, end in store.read] == [1, 2, 3, 1]
