"""Usage in the database: rows once, roll-ups exactly as the rows."""

import asyncio
from dataclasses import dataclass, replace
from itertools import count
from operator import add
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.engine import URL

from antechamber.adapters.prices import Book
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database, connection
from antechamber.features.usage.model import (
    COSTS,
    SHOWN,
    Component,
    Dimension,
    Facet,
    Piece,
    Question,
    SumRow,
    TokenUsage,
    UsageRow,
    Width,
)
from antechamber.features.usage.service.pricing import price_row
from antechamber.features.usage.sql import SqlUsage, usage_rollups, usage_rows, usage_sessions, usage_tagged
from tests.unit.usage.samples import DAY, HOUR, MINUTE, NOON, ORGANIZATION, row

STORE = SqlUsage()
EVER = (0, 2**62)
_numbers = count(1)


async def bring_in(database: Database, *rows: UsageRow) -> int:
    async with database.begin() as unit:
        return await STORE.sweep_in(unit, rows)


@dataclass(frozen=True)
class UsageSum:
    bucket: int
    group: dict[Dimension, str | None]
    usage: TokenUsage
    requests: int


async def sums(
    database: Database,
    *group_by: Dimension,
    width: Width = Width.DAY,
    between: tuple[int, int] = EVER,
    organization: str = ORGANIZATION,
    filters: dict[Dimension, tuple[str, ...]] | None = None,
) -> list[UsageSum]:
    asked: dict[Facet, tuple[str, ...]] = dict((filters or {}).items())
    question = Question(
        (Piece(width, *between),),
        group_by,
        (*TokenUsage.__slots__, "requests"),
        asked,
        unless_zero=SHOWN,
    )
    async with database.read() as unit:
        rows = await STORE.table(unit, OrganizationId(organization), question)
    return [_sum(row, group_by) for row in rows]


def _sum(row: SumRow, group_by: tuple[Dimension, ...]) -> UsageSum:
    bucket, default, *rest = row
    group = {name: value or None for name, value in zip(group_by, rest, strict=False)}
    if default:
        group[Dimension.WORKSPACE_ID] = None
    counters = rest[len(group_by) :]
    return UsageSum(bucket, group, TokenUsage(*counters[:-1]), counters[-1])


async def test_a_row_counts_once_however_often_it_comes(database: Database) -> None:
    assert await bring_in(database, row(1), row(2), row(1)) == 2
    assert await bring_in(database, row(2), row(3)) == 1
    assert await bring_in(database, row(1), row(2), row(3)) == 0
    (total,) = await sums(database)
    assert total.requests == 3
    assert total.usage == TokenUsage(30, 12, 9, 6, 21)


async def test_every_field_of_a_row_is_kept(database: Database) -> None:
    tagged = row(1, session_id="s", agent_id="a", parent_agent_id="p", end_user="雪", user_profile_id="u")
    await bring_in(database, tagged)
    async with database.read() as unit:
        kept = (await connection(unit).execute(select(usage_rows))).mappings().one()
    assert kept["end_user"] == "雪"
    assert kept["session_id"] == "s"
    assert kept["ended"] == "complete"
    assert kept["estimated"] is False
    assert kept["first_token_us"] == 200_000
    assert (kept["model_asked"], kept["model"]) == ("claude-sonnet", "claude-sonnet-4-5")
    assert (kept["uncached_input"], kept["output"], kept["web_search_requests"]) == (10, 7, 0)


async def test_an_organization_sees_only_its_own(database: Database) -> None:
    other = "00000000-0000-4000-8000-000000000000"
    await bring_in(database, row(1), row(2, organization_id=other))
    assert [total.requests for total in await sums(database)] == [1]
    assert [total.requests for total in await sums(database, organization=other)] == [1]
    assert await sums(database, organization="elsewhere") == []


@pytest.mark.parametrize(("width", "step"), [(Width.DAY, DAY), (Width.HOUR, HOUR), (Width.MINUTE, MINUTE)])
async def test_a_bucket_holds_its_start_and_not_its_end(database: Database, width: Width, step: int) -> None:
    start = NOON - NOON % step
    edges = (start - 1, start, start + step - 1, start + step)
    await bring_in(database, *(row(number, started_at=instant) for number, instant in enumerate(edges)))
    found = await sums(database, width=width, between=(start, start + step))
    assert [(total.bucket, total.requests) for total in found] == [(start, 2)]


async def test_groups_and_filters_look_at_the_same_dimensions(database: Database) -> None:
    await bring_in(
        database,
        row(1),
        row(2, key_id=None, user_id="user_1"),
        row(3, user_id="user_1", model_served="sim-1"),
        row(4, workspace_id="wrkspc_default", default_workspace=True, service_account_id="svac_1"),
    )
    by_account = await sums(database, Dimension.ACCOUNT_ID)
    assert {(total.group[Dimension.ACCOUNT_ID], total.requests) for total in by_account} == {(None, 3), ("user_1", 1)}
    by_workspace = await sums(database, Dimension.WORKSPACE_ID, Dimension.SERVICE_ACCOUNT_ID)
    groups = {
        (total.group[Dimension.WORKSPACE_ID], total.group[Dimension.SERVICE_ACCOUNT_ID], total.requests)
        for total in by_workspace
    }
    assert groups == {("wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ", None, 3), (None, "svac_1", 1)}
    (only,) = await sums(database, filters={Dimension.MODEL: ("sim-1", "none"), Dimension.ACCOUNT_ID: ()})
    assert only.requests == 1
    assert await sums(database, filters={Dimension.SERVICE_TIER: ("batch",)}) == []


async def test_requests_that_used_nothing_show_no_group(database: Database) -> None:
    await bring_in(database, row(1, TokenUsage(), model_served="refused"), row(2))
    found = await sums(database, Dimension.MODEL)
    assert [total.group[Dimension.MODEL] for total in found] == ["claude-sonnet-4-5"]


async def test_more_rows_than_a_statement_takes_come_in_whole(database: Database) -> None:
    rows = [row(number, model_served=f"model-{number % 90}") for number in range(1000)]
    assert await bring_in(database, *rows) == 1000
    found = await sums(database, Dimension.MODEL)
    assert (len(found), sum(total.requests for total in found)) == (90, 1000)


async def test_expired_roll_ups_go_and_the_others_stay(database: Database) -> None:
    other = "ffffffff-0000-4000-8000-000000000000"
    instants = [NOON + number * HOUR for number in range(5)]
    rows = [row(number, started_at=instant) for number, instant in enumerate(instants)]
    theirs = [row(9 + number, started_at=instant, organization_id=other) for number, instant in enumerate(instants)]
    await bring_in(database, *rows, *theirs)
    removed = 0
    while True:
        async with database.begin() as unit:
            count_now = await STORE.sweep_expired(unit, Width.MINUTE, NOON + 3 * HOUR)
        if not count_now:
            break
        removed += count_now
    # of each of the two organizations, in the fine roll-up and in two coarse ones
    assert removed == 18
    assert [total.bucket for total in await sums(database, width=Width.MINUTE)] == instants[3:]
    assert [total.bucket for total in await sums(database, width=Width.MINUTE, organization=other)] == instants[3:]
    assert len(await sums(database, width=Width.HOUR)) == 5


async def test_what_is_committed_can_be_made_durable(database: Database) -> None:
    await bring_in(database, row(1))
    async with database.read() as unit:
        await STORE.sweep_durable(unit)


token_counts = st.integers(0, 2**40)
usages = st.builds(TokenUsage, *[token_counts] * 5, *[st.integers(0, 9)] * 3)
requests = st.builds(
    lambda usage, at, model, key, user, tag, session: (
        usage,
        {
            "started_at": at,
            "model_served": model,
            "key_id": key,
            "user_id": user,
            "tag": tag,
            "session_id": session,
        },
    ),
    usages,
    st.integers(NOON, NOON + 15 * HOUR),
    st.sampled_from(["a", "b"]),
    st.sampled_from([None, "k"]),
    st.sampled_from([None, "u"]),
    st.sampled_from([None, "t"]),
    st.sampled_from([None, "s", "雪" * 256]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data(), asked=st.lists(requests, min_size=1, max_size=12))
def test_roll_ups_are_the_sums_of_rows_in_any_order_and_repetition(
    database_address: URL, data: st.DataObject, asked: list[tuple[TokenUsage, dict[str, object]]]
) -> None:
    organization = f"organization-{next(_numbers)}"
    rows = [row(next(_numbers), usage, **{**told, "organization_id": organization}) for usage, told in asked]
    batches = data.draw(st.lists(st.lists(st.sampled_from(rows), max_size=8), max_size=6))
    batches.append(list(data.draw(st.permutations(rows))))
    # a loop and an engine for each example: hypothesis calls it again and again
    found = asyncio.run(_deliver(database_address, organization, batches))
    expected = {width.value: _expected(width, rows) for width in Width}
    assert found == {**expected, "tagged": _expected_tagged(rows), "sessions": _expected_sessions(rows)}


Sums: TypeAlias = dict[tuple[object, ...], tuple[int, ...]]


async def _deliver(address: URL, organization: str, batches: list[list[UsageRow]]) -> dict[str, Sums]:
    database = Database(address)
    for batch in batches:
        await bring_in(database, *batch)
    columns = usage_rollups.c
    names = ("requests", *TokenUsage.__slots__)
    key = (columns.bucket, columns.model, columns.api_key_id, columns.account_id)
    found: dict[str, Sums] = {}
    for width in Width:
        async with database.read() as unit:
            query = select(*key, *(func.sum(columns[name]) for name in names)).group_by(*key)
            query = query.where(columns.organization_id == organization, columns.width == width.value)
            found[width.value] = {
                tuple(kept[:4]): tuple(map(int, kept[4:])) for kept in await connection(unit).execute(query)
            }
    tagged = usage_tagged.c
    named = ("bucket", "tag", "session_id", "model", "context_window", "api_key_id", "account_id")
    chosen = [tagged[name] for name in (*named, *names)]
    async with database.read() as unit:
        kept_days = await connection(unit).execute(select(*chosen).where(tagged.organization_id == organization))
        # one row a group: what the digest stands for is all of it
        found["tagged"] = {tuple(kept[:7]): tuple(kept[7:]) for kept in kept_days}
        days = usage_sessions.c
        chosen = [days[name] for name in ("bucket", "session_id", "model", *names)]
        kept_days = await connection(unit).execute(select(*chosen).where(days.organization_id == organization))
        found["sessions"] = {tuple(kept[:3]): tuple(kept[3:]) for kept in kept_days}
    await database.close()
    return found


def _expected(width: Width, rows: list[UsageRow]) -> Sums:
    sums: Sums = {}
    for one in rows:
        intent = one.intent
        key = (width.floor(intent.started_at), intent.model_served, intent.key_id or "", intent.account_id or "")
        counters = (1, *(getattr(one.outcome.usage, name) for name in TokenUsage.__slots__))
        sums[key] = tuple(map(add, sums.get(key, (0,) * len(counters)), counters))
    return sums


def _expected_sessions(rows: list[UsageRow]) -> Sums:
    sums: Sums = {}
    for one in rows:
        intent = one.intent
        key = (Width.DAY.floor(intent.started_at), intent.session_id or "", intent.model_served)
        counters = (1, *(getattr(one.outcome.usage, name) for name in TokenUsage.__slots__))
        sums[key] = tuple(map(add, sums.get(key, (0,) * len(counters)), counters))
    return sums


def _expected_tagged(rows: list[UsageRow]) -> Sums:
    sums: Sums = {}
    for one in rows:
        intent = one.intent
        if intent.tag is None and intent.session_id is None:
            continue
        day, model, window = Width.DAY.floor(intent.started_at), intent.model_served, one.outcome.context_window
        key = (
            day,
            intent.tag or "",
            intent.session_id or "",
            model,
            window,
            intent.key_id or "",
            intent.account_id or "",
        )
        counters = (1, *(getattr(one.outcome.usage, name) for name in TokenUsage.__slots__))
        sums[key] = tuple(map(add, sums.get(key, (0,) * len(counters)), counters))
    return sums


async def test_two_nodes_that_bring_in_the_same_rows_count_each_once(database: Database) -> None:
    rows = [row(number) for number in range(200)]
    new = await asyncio.gather(*(bring_in(database, *rows[start : start + 120]) for start in (0, 40, 80)))
    assert sum(new) == 200
    assert sum(total.requests for total in await sums(database)) == 200


BOOK = Book()
PRICED = st.tuples(
    st.sampled_from(["claude-sonnet-4-5", "qwen-plus", "nobody-knows"]),
    st.sampled_from(["standard", "batch"]),
    st.sampled_from([None, "apikey_1", "apikey_2"]),
    st.builds(TokenUsage, *[st.integers(0, 300_000)] * 5, st.integers(0, 5)),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(asked=st.lists(PRICED, min_size=1, max_size=10))
def test_costs_are_the_price_of_the_tokens_in_every_row_and_their_sums_in_every_roll_up(
    database_address: URL, asked: list[tuple[str, str, str | None, TokenUsage]]
) -> None:
    organization = f"organization-{next(_numbers)}"
    rows = []
    for model, tier, key, usage in asked:
        made = row(
            next(_numbers), usage, organization_id=organization, model_served=model, key_id=key, user_id="user_1"
        )
        rows.append(price_row(replace(made, outcome=replace(made.outcome, service_tier=tier)), BOOK))
    asyncio.run(_check_costs(database_address, organization, rows))


async def _check_costs(address: URL, organization: str, rows: list[UsageRow]) -> None:
    database = Database(address)
    await bring_in(database, *rows)
    expected = {made.intent.request_id: made.cost for made in rows}
    columns = usage_rollups.c
    sums = [func.sum(columns[name]) for name in (*COSTS, "unpriced_requests", "requests")]
    async with database.read() as unit:
        query = select(usage_rows).where(usage_rows.c.organization_id == organization)
        for kept in (await connection(unit).execute(query)).mappings():
            cost = expected[kept["request_id"]]
            assert cost is not None
            assert kept["cost"] == cost.total == sum(kept[name] for name in COSTS)
            assert tuple(kept[name] for name in (*COSTS, "cost_cny", "price_source", "price_version")) == tuple(cost)
            assert kept["cost"] > 0 or not any(kept[name] for name in TokenUsage.__slots__)
        rolled = select(columns.width, *sums).where(columns.organization_id == organization).group_by(columns.width)
        found = (await connection(unit).execute(rolled)).all()
    priced = [cost for cost in expected.values() if cost is not None]
    by_component = [sum(getattr(cost, component) for cost in priced) for component in Component]
    unpriced = sum(cost.source == "fallback" for cost in priced)
    assert len(found) == 16
    assert {tuple(map(int, each[1:])) for each in found} == {(*by_component, unpriced, len(rows))}
    await database.close()


async def test_what_was_spent_is_by_workspace_key_and_account(database: Database) -> None:
    rows = [row(1), row(2), row(3, key_id=None, user_id="user_1"), row(4, started_at=NOON - 2 * DAY)]
    priced = [price_row(each, BOOK) for each in rows]
    await bring_in(database, *priced)
    async with database.read() as unit:
        found = await STORE.spent(unit, OrganizationId(ORGANIZATION), NOON)
    each = priced[0].cost.total if priced[0].cost else 0
    assert {(spent.api_key_id, spent.account_id): spent.cost for spent in found} == {
        ("apikey_01Rj2N8SVvo6BePZj99NhmiT", None): 2 * each,
        (None, "user_1"): each,
    }
