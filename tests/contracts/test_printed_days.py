"""Days of reports that are kept as they were printed: never another answer than printing them anew."""

import json
from collections.abc import Mapping

import pytest

from antechamber.adapters.prices import Book
from antechamber.base.actor import OPERATOR
from antechamber.base.clock import ManualClock, to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import Database
from antechamber.features.usage import wire
from antechamber.features.usage.model import Line, Piece, Question, TokenUsage, UsageRow, Width
from antechamber.features.usage.service import UsageReports
from antechamber.features.usage.service.pricing import price_row
from antechamber.features.usage.service.printed import PrintedDays
from antechamber.features.usage.sql import SqlUsage
from antechamber.features.usage.wire.cost_report import cost_lines, read_cost_query, show_costs
from tests.contracts.test_repricing import bring_in, dearer, repricing
from tests.unit.usage.samples import DAY, NOON, ORGANIZATION, row

MINE = OrganizationId(ORGANIZATION)
THEIRS = OrganizationId("00000000-0000-4000-8000-000000000001")
BOOK = Book()
FIRST = Width.DAY.floor(NOON) - 4 * DAY
DAYS = Piece(Width.DAY, FIRST, FIRST + 5 * DAY)


class Watched(SqlUsage):
    """The store, and which days were printed of it."""

    def __init__(self) -> None:
        self.printed_days: list[int] = []

    async def printed(
        self, unit: Unit, organization_id: OrganizationId, question: Question, line: Line
    ) -> Mapping[int, bytes]:
        for piece in question.pieces:
            self.printed_days += [(at - FIRST) // DAY for at in range(piece.start, piece.end, DAY)]
        return await super().printed(unit, organization_id, question, line)


class Owners:
    """One key is somebody's, from a moment on."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def owners(self, _unit: Unit, _organization_id: OrganizationId) -> dict[str, str]:
        return self.known


def made(number: int, day: int = 0, **changes: object) -> UsageRow:
    told = {"key_id": f"apikey_{number % 3}", "started_at": FIRST + day * DAY + number, **changes}
    return price_row(row(number, TokenUsage(number, 1, 2, 3, 4), **told), BOOK)


def service(database: Database, store: SqlUsage | None = None, owners: Owners | None = None) -> UsageReports:
    return UsageReports(store or SqlUsage(), database, ManualClock(NOON), owners or Owners())  # type: ignore[arg-type]


async def usage(
    reports: UsageReports, *group_by: str, organization_id: OrganizationId = MINE, start: int = FIRST, **filters: str
) -> bytes:
    asked = wire.Range(to_rfc3339(start), None, "1d", 31, None)
    query = wire.read_query(asked, group_by, {name: [value] for name, value in filters.items()}, [])
    return wire.show(await reports.messages(organization_id, query, wire.line(query.group_by)))


async def costs(reports: UsageReports, *group_by: str) -> bytes:
    query = read_cost_query(to_rfc3339(FIRST), None, "1d", 31, group_by, None)
    return show_costs(await reports.costs(MINE, query, cost_lines(query)))


async def same(database: Database, kept: UsageReports) -> bytes:
    """Ask for every report twice of who keeps days, and once of who has none; return one of them."""
    fresh = service(database)
    for _ in range(2):
        assert await usage(kept, "api_key_id") == await usage(fresh, "api_key_id")
        assert await usage(kept, "model") == await usage(fresh, "model")
        assert await costs(kept, "api_key_id") == await costs(fresh, "api_key_id")
        assert await costs(kept, "description") == await costs(fresh, "description")
    return await usage(kept, "api_key_id")


async def test_what_is_added_to_a_day_shows_at_once(database: Database) -> None:
    kept = service(database)
    seen = {await same(database, kept)}
    for number, day in enumerate((0, 2, 3, 0, 4, 1, 2)):
        await bring_in(database, made(number, day))
        seen.add(await same(database, kept))
    assert len(seen) == 8


async def test_what_is_priced_anew_shows_at_once(database: Database) -> None:
    await bring_in(database, *(made(number, number % 4) for number in range(8)))
    kept = service(database)
    before = await costs(kept)
    await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    await same(database, kept)
    assert await costs(kept) != before


async def test_days_that_nobody_added_to_are_printed_once(database: Database) -> None:
    await bring_in(database, *(made(number, day) for number, day in enumerate((0, 1, 3, 4))))
    store = Watched()
    kept = service(database, store)
    for _ in range(3):
        await usage(kept, "api_key_id")
    assert store.printed_days == [0, 1, 3, 4]
    await bring_in(database, made(9, 3))
    await usage(kept, "api_key_id")
    assert store.printed_days == [0, 1, 3, 4, 3]
    await usage(kept, "api_key_id", start=FIRST + 2 * DAY)
    assert store.printed_days == [0, 1, 3, 4, 3]


async def test_days_of_other_questions_and_organizations_are_others(database: Database) -> None:
    await bring_in(database, made(1), made(2, organization_id=THEIRS, key_id="apikey_theirs"))
    kept = service(database)
    mine = await usage(kept, "api_key_id")
    assert b"apikey_theirs" not in mine
    assert b"apikey_theirs" in await usage(kept, "api_key_id", organization_id=THEIRS)
    only = json.loads(await usage(kept, "api_key_id", api_key_ids="apikey_none"))
    assert not any(bucket["results"] for bucket in only["data"])
    assert await usage(kept, "api_key_id") == mine
    assert await usage(kept) != mine


async def test_whose_a_key_is_counts_at_once(database: Database) -> None:
    await bring_in(database, made(1, user_id=None))
    owners = Owners()
    kept = service(database, owners=owners)
    assert b"user_owner" not in await costs(kept, "user_id")
    for owner in ("user_owner", "user_next", "user_owner"):
        owners.known = {"apikey_1": owner}
        for _ in range(2):
            assert f'"user_id":"{owner}"'.encode() in await costs(kept, "user_id")
    owners.known = {}
    assert b"user_owner" not in await costs(kept, "user_id")


@pytest.mark.parametrize(("room", "again"), [(0, [2, 1, 0]), (12_000, [0]), (100_000, [])])
async def test_the_longest_unused_go_first(database: Database, room: int, again: list[int]) -> None:
    await bring_in(database, *(made(number, number % 5) for number in range(10)))
    days = PrintedDays(SqlUsage(), room)
    printed_for: list[int] = []

    async with database.read() as unit:

        async def ask(question: int) -> None:
            async def printed(piece: Piece) -> dict[int, bytes]:
                printed_for.append(question)
                return dict.fromkeys(range(piece.start, piece.end, DAY), b"%d" % question)

            lines = await days.lines(unit, MINE, DAYS, question, printed)
            assert lines == dict.fromkeys(range(DAYS.start, DAYS.end, DAY), b"%d" % question)

        for question in range(3):
            await ask(question)
        printed_for.clear()
        for question in (2, 1, 0):
            await ask(question)
    assert printed_for == again
