"""Questions of reports: rows and every roll-up give the same sums, in any cut of the time, in the order asked for."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from operator import add

import pytest

from antechamber.adapters.prices import Book
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database
from antechamber.features.usage.model import (
    COSTS,
    SHOWN,
    Dimension,
    Facet,
    Line,
    Persons,
    Piece,
    Question,
    SumRow,
    Tag,
    TokenUsage,
    UsageRow,
    Width,
    pieces,
)
from antechamber.features.usage.service.pricing import price_row
from antechamber.features.usage.sql import SqlUsage
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION, row

MINE = OrganizationId(ORGANIZATION)
BOOK = Book()
COUNTERS = (*SHOWN, "requests", *COSTS, "unpriced_requests")
START = NOON - 30 * HOUR
END = NOON + 42 * HOUR


def made(number: int) -> UsageRow:
    return price_row(
        row(
            number,
            TokenUsage(number, 1, 2, 3, number % 7),
            started_at=START + number * HOUR,
            model_served=("claude-sonnet-4-5", "qwen-plus", "nobody-knows")[number % 3],
            key_id=None if number % 4 == 0 else f"apikey_{number % 3}",
            user_id=f"user_{number % 2}",
            workspace_id=f"wrkspc_{number % 2}",
            tag=None if number % 5 else "team",
            session_id=f"session-{number // 12}" if number % 2 else None,
        ),
        BOOK,
    )


async def ask(database: Database, question: Question) -> Sequence[SumRow]:
    async with database.read() as unit:
        return [tuple(each) for each in await SqlUsage().table(unit, MINE, question)]


async def fill(database: Database) -> None:
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, [made(number) for number in range(72)])


@pytest.mark.parametrize(
    "group_by",
    [
        (),
        (Dimension.MODEL,),
        (Dimension.WORKSPACE_ID, Dimension.MODEL),
        (Dimension.API_KEY_ID, Dimension.ACCOUNT_ID),
        (Dimension.API_KEY_ID, Dimension.MODEL),
        tuple(Dimension),
    ],
)
async def test_rows_and_roll_ups_give_the_same_sums(database: Database, group_by: tuple[Facet, ...]) -> None:
    await fill(database)
    whole = (Piece(Width.HOUR, START, END),)
    rolled = await ask(database, Question(whole, group_by, COUNTERS, bucketed=False))
    cut = await ask(database, Question(pieces(START, END), group_by, COUNTERS, bucketed=False))
    by_tag = await ask(database, Question(whole, (*group_by, Tag.TAG), COUNTERS, bucketed=False))
    assert rolled == cut
    sums: Counter[tuple[object, ...]] = Counter()
    for each in by_tag:
        group = tuple(each[2 : 2 + len(group_by)])
        for place, value in enumerate(each[3 + len(group_by) :]):
            sums[group, place] += value
    width = 2 + len(group_by)
    assert sums == Counter(
        {(tuple(each[2:width]), place): value for each in rolled for place, value in enumerate(each[width:])}
    )


@pytest.mark.parametrize(
    "group_by",
    [
        (Tag.TAG,),
        (Tag.SESSION_ID, Dimension.MODEL),
        (Dimension.WORKSPACE_ID, Tag.SESSION_ID, Tag.TAG),
        (Tag.END_USER, Dimension.API_KEY_ID),
    ],
)
@pytest.mark.parametrize("filters", [{}, {Dimension.API_KEY_ID: ("apikey_1", "")}, {Tag.SESSION_ID: ("session-1",)}])
@pytest.mark.parametrize("bucketed", [True, False])
async def test_days_of_tags_are_the_sums_of_their_rows(
    database: Database, group_by: tuple[Facet, ...], filters: dict[Facet, tuple[str, ...]], *, bucketed: bool
) -> None:
    await fill(database)
    start, end = NOON - 36 * HOUR, NOON + 60 * HOUR
    rolled = Question((Piece(Width.DAY, start, end),), group_by, COUNTERS, filters, bucketed=bucketed)
    # hours of tags are only in the rows
    hours = Question((Piece(Width.HOUR, start, end),), group_by, COUNTERS, filters)
    assert (rolled.is_scan, hours.is_scan) == (False, True)
    sums: dict[tuple[object, ...], tuple[int, ...]] = {}
    for bucket, default, *rest in await ask(database, hours):
        key = (bucket - bucket % DAY if bucketed else 0, default, *rest[: len(group_by)])
        added = rest[len(group_by) :]
        sums[key] = tuple(map(add, sums.get(key, (0,) * len(added)), added))
    found = sorted(map(tuple, await ask(database, rolled)))
    assert found == sorted((*key, *counters) for key, counters in sums.items())


@pytest.mark.parametrize(
    "group_by",
    [
        (Dimension.API_KEY_ID,),
        (Dimension.API_KEY_ID, Dimension.MODEL),
        (Dimension.ACCOUNT_ID,),
        (Dimension.ACCOUNT_ID, Dimension.MODEL, Dimension.SERVICE_ACCOUNT_ID),
        (Dimension.WORKSPACE_ID, Dimension.API_KEY_ID),
    ],
)
async def test_weeks_are_the_sums_of_their_days(database: Database, group_by: tuple[Facet, ...]) -> None:
    rows = [
        replace(made(number), intent=replace(made(number).intent, started_at=NOON + number * 9 * HOUR))
        for number in range(72)
    ]
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, rows)
    # odd hours, then days up to a Thursday, weeks, days
    start, end = NOON + HOUR, NOON + 26 * DAY + 3 * HOUR
    found = await ask(database, Question(pieces(start, end), group_by, COUNTERS, bucketed=False))
    hours = (Piece(Width.HOUR, start, end),)
    assert found == await ask(database, Question(hours, group_by, COUNTERS, bucketed=False))
    days = (Piece(Width.DAY, START - START % DAY, START - START % DAY + 30 * DAY),)
    by_week = await ask(
        database,
        Question(
            days,
            (),
            ("requests",),
            bucketed=False,
            filters={Dimension.API_KEY_ID: ("", "apikey_0", "apikey_1", "apikey_2")},
        ),
    )
    assert [each[-1] for each in by_week] == [72]


async def test_a_range_of_tags_with_odd_hours_is_whole(database: Database) -> None:
    await fill(database)
    asked: list[dict[Facet, tuple[str, ...]]] = [{}, {Tag.TAG: ("team",)}]
    for filters in asked:
        whole = (Piece(Width.HOUR, START, END),)
        scanned = await ask(database, Question(whole, (Tag.TAG,), COUNTERS, filters, bucketed=False))
        cut = await ask(database, Question(pieces(START, END), (Tag.TAG,), COUNTERS, filters, bucketed=False))
        assert scanned == cut


async def test_buckets_of_rows_are_those_of_roll_ups(database: Database) -> None:
    await fill(database)
    midnight = NOON - 12 * HOUR
    whole = (Piece(Width.DAY, midnight - DAY, midnight + 2 * DAY),)
    rolled = await ask(database, Question(whole, (), COUNTERS))
    scanned = await ask(database, Question(whole, (), COUNTERS, {Tag.TAG: ("team", "")}))
    assert rolled == scanned
    assert [each[0] for each in rolled] == [midnight - DAY, midnight, midnight + DAY]


async def test_groups_come_by_rank_and_in_cuts(database: Database) -> None:
    await fill(database)
    whole = pieces(START, END)
    key = (Dimension.API_KEY_ID, Dimension.MODEL)

    async def cut(limit: int | None, offset: int = 0, *, ascending: bool = False) -> Sequence[SumRow]:
        question = Question(
            whole, key, ("uncached_input",), bucketed=False, rank=("uncached_input",), by_time=False,
            ascending=ascending, limit=limit, offset=offset,
        )  # fmt: skip
        return await ask(database, question)

    everything = await cut(None)
    assert len(everything) == len(set(everything)) == 6
    assert [*await cut(4), *await cut(4, 4)] == everything
    # the names decide between equals, whichever way the rank goes
    assert everything == sorted(everything, key=lambda each: (-each[-1], each[2:4]))
    assert await cut(None, ascending=True) == sorted(everything, key=lambda each: (each[-1], each[2:4]))


async def test_groups_without_a_value_match_the_empty_filter(database: Database) -> None:
    await fill(database)
    filters: dict[Facet, tuple[str, ...]] = {Dimension.API_KEY_ID: ("",)}
    (without_key,) = await ask(database, Question(pieces(START, END), (), ("requests",), filters, bucketed=False))
    assert without_key[-1] == 18


@pytest.mark.parametrize("group_by", [(), (Dimension.MODEL,), (Tag.SESSION_ID,)])
async def test_people_are_their_tokens_and_their_keys(database: Database, group_by: tuple[Facet, ...]) -> None:
    await fill(database)
    whole = pieces(START, END)
    persons = Persons(("user_0", "user_none"), ("apikey_2",))
    found = await ask(database, Question(whole, group_by, ("requests",), bucketed=False, persons=persons))
    by_all = (*group_by, Dimension.ACCOUNT_ID, Dimension.API_KEY_ID)
    sums: Counter[tuple[object, ...]] = Counter()
    for each in await ask(database, Question(whole, by_all, ("requests",), bucketed=False)):
        if each[-3] == "user_0" or each[-2] == "apikey_2":
            sums[tuple(each[2 : 2 + len(group_by)])] += each[-1]
    assert {tuple(each[2:-1]): each[-1] for each in found} == sums
    nobody = Question(whole, group_by, ("requests",), bucketed=False, persons=Persons((), ()))
    assert await ask(database, nobody) == []


@pytest.mark.parametrize(
    "group_by",
    [(), (Dimension.MODEL,), (Dimension.ACCOUNT_ID, Dimension.API_KEY_ID), (Dimension.WORKSPACE_ID, Tag.SESSION_ID)],
)
@pytest.mark.parametrize("bucketed", [True, False])
async def test_groups_of_persons_are_those_of_their_tokens_and_keys(
    database: Database, group_by: tuple[Facet, ...], *, bucketed: bool
) -> None:
    await fill(database)
    owners = {"apikey_1": 'user_"1', "apikey_2": "user_1", "apikey_unused": "user_2"}
    question = Question(pieces(START, END), group_by, COUNTERS, bucketed=bucketed, owners=owners)
    rows = await ask(database, question)
    whose = (Dimension.ACCOUNT_ID, Dimension.API_KEY_ID)
    expected: dict[tuple[object, ...], tuple[int, ...]] = {}
    first = 4 + len(group_by)
    for each in await ask(database, replace(question, owners=None, group_by=(*whose, *group_by))):
        name = (*each[:2], each[2] or owners.get(each[3], ""), *each[4:first])
        there = expected.get(name, (0,) * len(COUNTERS))
        expected[name] = tuple(map(add, there, each[first:]))
    assert rows == sorted((*name, *sums) for name, sums in expected.items())
    assert {row[2] for row in rows} == {"", "user_0", "user_1", 'user_"1'}


async def test_nothing_used_is_no_row(database: Database) -> None:
    for group_by in ((), (Dimension.MODEL,)):
        assert await ask(database, Question(pieces(START, END), group_by, ("requests",), bucketed=False)) == []


def shown(row: SumRow, group_by: Sequence[Dimension]) -> dict[str, object]:
    """Return what a row of the store should be printed as."""
    default, names, counters = row[1], row[2 : 2 + len(group_by)], row[2 + len(group_by) :]
    hidden = {Dimension.WORKSPACE_ID} if default else set()
    group: dict[str, object] = {
        name: None if name in hidden else text or None for name, text in zip(group_by, names, strict=True)
    }
    return {**group, **dict(zip(SHOWN, counters, strict=True))}


@pytest.mark.parametrize(
    "group_by",
    [
        (),
        (Dimension.API_KEY_ID,),
        (Dimension.MODEL, Dimension.API_KEY_ID),
        (Dimension.SERVICE_TIER, Dimension.WORKSPACE_ID),
        tuple(Dimension),
    ],
)
async def test_what_is_printed_are_the_groups(database: Database, group_by: tuple[Dimension, ...]) -> None:
    model = 'q"\\\n%s%雪\x01'
    odd = row(100, started_at=NOON, model_served=model, workspace_id="wrkspc_default", default_workspace=True)
    await fill(database)
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, [odd, row(101, TokenUsage(), started_at=NOON, model_served="idle")])
    values = (*group_by, *SHOWN)
    line = Line(('{"100%":0,"' + values[0] + '":', *(f',"{name}":' for name in values[1:]), "}"), values)
    places = [2 + group_by.index(name) for name in sorted(group_by)]
    chosen: list[dict[Facet, tuple[str, ...]]] = [{}, {Dimension.MODEL: ("claude-sonnet-4-5", model)}]
    for width, filters in product(Width, chosen):
        start, end = width.floor(NOON) - 2 * width.microseconds, width.floor(NOON) + 2 * width.microseconds
        question = Question((Piece(width, start, end),), group_by, SHOWN, filters, unless_zero=SHOWN)
        async with database.read() as unit:
            printed = await SqlUsage().printed(unit, MINE, question, line)
        rows = await ask(database, question)
        expected: dict[int, list[dict[str, object]]] = {}
        for each in sorted(rows, key=lambda one: (one[0], [one[place] for place in places])):
            expected.setdefault(each[0], []).append({"100%": 0, **shown(each, group_by)})
        assert {bucket: json.loads(b"[%b]" % lines) for bucket, lines in printed.items()} == expected
        assert expected


async def test_speeds_of_a_group_are_one_line_of_its_cost(database: Database) -> None:
    rows = [made(number) for number in (1, 2, 3)]
    rows = [replace(each, intent=replace(each.intent, started_at=NOON, workspace_id="wrkspc_0")) for each in rows]
    fast = [
        replace(
            each,
            intent=replace(each.intent, request_id=f"{each.intent.request_id}f"),
            outcome=replace(each.outcome, speed="fast"),
        )
        for each in rows
    ]
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, [*rows, *fast])
    group_by = (
        Dimension.WORKSPACE_ID, Dimension.MODEL, Dimension.CONTEXT_WINDOW, Dimension.INFERENCE_GEO,
        Dimension.SERVICE_TIER,
    )  # fmt: skip
    day = (Piece(Width.DAY, NOON - 12 * HOUR, NOON + 12 * HOUR),)
    # with a limit they are added up by the database
    question = Question(day, group_by, COSTS, unless_zero=COSTS)
    found = await ask(database, question)
    assert found == await ask(database, replace(question, limit=100))
    assert len(found) == 3
    assert sum(sum(each[-len(COSTS) :]) for each in found) == 2 * sum(each.cost.total for each in rows if each.cost)
