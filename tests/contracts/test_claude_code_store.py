"""What Claude Code told, in the database: added up, remembered, and found by day, hour and actor."""

import asyncio
from collections.abc import Mapping, Sequence

from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database
from antechamber.features.usage.model import TokenUsage, UsageRow
from antechamber.features.usage.model.claude_code import Addition, Core, Key, ModelUse, Place, Series, ToolUse
from antechamber.features.usage.sql import SqlClaudeCode, SqlUsage
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION, row

STORE = SqlClaudeCode()
MINE = OrganizationId(ORGANIZATION)
THEIRS = OrganizationId("00000000-0000-4000-8000-000000000000")
TODAY = NOON - NOON % DAY
EVER = 2**62
ANA, BEN, KEY = "user_Ana", "user_ben", "apikey_1"
EVERYONE = ("", "zzzz")


async def add(database: Database, *counted: tuple[Key, int, Mapping[Addition, int]], of: OrganizationId = MINE) -> None:
    async with database.begin() as unit:
        await STORE.add(unit, of, {(key, hour): additions for key, hour, additions in counted})


async def core(database: Database, before: int = EVER, of: OrganizationId = MINE) -> Mapping[Key, Core]:
    async with database.read() as unit:
        return await STORE.core(unit, of, TODAY, before, EVERYONE)


async def actors(database: Database, start: str = "", limit: int = 10) -> Sequence[str]:
    async with database.read() as unit:
        return await STORE.actors(unit, MINE, TODAY, EVER, start, limit)


async def bring_in(database: Database, *rows: UsageRow) -> None:
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, rows)


async def models(database: Database, before: int = EVER) -> Mapping[Key, Mapping[str, ModelUse]]:
    async with database.read() as unit:
        return await STORE.models(unit, MINE, TODAY, before, EVERYONE)


async def test_counts_add_up_by_actor_and_place(database: Database) -> None:
    here, there = Key(ANA, "vscode", False), Key(ANA, "vscode", True)
    await add(
        database,
        (here, NOON, {Addition("sessions"): 1, Addition("commits"): 2}),
        (there, NOON, {Addition("sessions"): 1}),
    )
    await add(database, (here, NOON, {Addition("commits"): 1}), (here, NOON + HOUR, {Addition("lines_added"): 5}))
    assert await core(database) == {here: Core(1, 5, 0, 3, 0), there: Core(sessions=1)}


async def test_an_hour_that_is_too_new_is_left_out(database: Database) -> None:
    key = Key(ANA, "vscode", False)
    await add(database, (key, NOON, {Addition("commits"): 1}), (key, NOON + HOUR, {Addition("commits"): 1}))
    assert await core(database, before=NOON + HOUR) == {key: Core(commits=1)}
    assert await core(database, before=NOON) == {}


async def test_an_organization_sees_only_its_own(database: Database) -> None:
    key = Key(ANA, "vscode", False)
    await add(database, (key, NOON, {Addition("commits"): 1}), of=THEIRS)
    assert await core(database) == {}
    assert await core(database, of=THEIRS) == {key: Core(commits=1)}


async def test_decisions_are_kept_by_tool(database: Database) -> None:
    key = Key(KEY, "tmux", False)
    await add(database, (key, NOON, {Addition("edit_tool", "accepted"): 2, Addition("edit_tool", "rejected"): 1}))
    await add(database, (key, NOON, {Addition("edit_tool", "accepted"): 1, Addition("write_tool", "rejected"): 4}))
    async with database.read() as unit:
        found = await STORE.tools(unit, MINE, TODAY, EVER, EVERYONE)
        terminals, tools = await STORE.seen(unit, MINE, KEY, TODAY)
    assert found == {key: {"edit_tool": ToolUse(3, 1), "write_tool": ToolUse(0, 4)}}
    assert sorted(terminals) == ["tmux"]
    assert sorted(tools) == ["edit_tool", "write_tool"]
    assert await actors(database) == [KEY]


async def test_actors_come_in_the_order_of_their_bytes(database: Database) -> None:
    for number, actor in enumerate((BEN, ANA, KEY, "user_B", "user_a")):
        await add(database, (Key(actor, "vscode", False), NOON, {Addition("commits"): number + 1}))
    assert await actors(database) == [KEY, ANA, "user_B", "user_a", BEN]
    assert await actors(database, start="user_B", limit=2) == ["user_B", "user_a"]


async def test_series_are_remembered_by_actor(database: Database) -> None:
    kept = {bytes([number]) * 16: Series(1, 2, number, number % 2 == 0) for number in range(200)}
    async with database.begin() as unit:
        await STORE.lock(unit, MINE, ANA)
        await STORE.remember(unit, MINE, ANA, kept, NOON)
        await STORE.remember(unit, MINE, ANA, {bytes(16): Series(1, 3, 9, cumulative=True)}, NOON)
    async with database.read() as unit:
        assert await STORE.series(unit, MINE, ANA, kept) == {**kept, bytes(16): Series(1, 3, 9, cumulative=True)}
        assert await STORE.series(unit, MINE, BEN, kept) == {}
        assert await STORE.series_count(unit, MINE, ANA) == len(kept)
        assert await STORE.series_count(unit, THEIRS, ANA) == 0


async def test_series_are_forgotten_by_temporality(database: Database) -> None:
    series = {b"d" * 16: Series(1, 2, 3, cumulative=False), b"c" * 16: Series(1, 2, 3, cumulative=True)}
    async with database.begin() as unit:
        await STORE.remember(unit, MINE, ANA, series, NOON)
        assert await STORE.sweep_forgotten(unit, NOON, NOON) == 0
        assert await STORE.sweep_forgotten(unit, NOON + 1, NOON) == 1
        assert set(await STORE.series(unit, MINE, ANA, series)) == {b"c" * 16}


async def test_tokens_lie_where_their_session_runs(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.place(unit, MINE, ANA, {"s1": Place("vscode", is_remote=True)}, NOON, 10)
    usage = TokenUsage(uncached_input=10, cache_write_5m=4, cache_write_1h=3, cache_read=2, output=7)
    await bring_in(
        database,
        row(1, usage, session_id="s1", user_id=ANA),
        row(2, usage, session_id="s1", user_id=ANA),
        row(3, usage, session_id="s2", user_id=ANA, model_served="claude-opus-4-8"),
        row(4, usage, session_id="s1", key_id=KEY),
        row(5, usage, user_id=ANA),
        row(6, usage, session_id="s1", user_id=ANA, organization_id=THEIRS),
    )
    await bring_in(database, row(2, usage, session_id="s1", user_id=ANA))
    assert await models(database) == {
        Key(ANA, "vscode", True): {"claude-sonnet-4-5": ModelUse(20, 14, 4, 14)},
        Key(ANA, "unknown", False): {"claude-opus-4-8": ModelUse(10, 7, 2, 7)},
        Key(KEY, "unknown", False): {"claude-sonnet-4-5": ModelUse(10, 7, 2, 7)},
    }
    assert await actors(database) == [KEY, ANA]
    assert await models(database, before=NOON) == {}


async def test_no_more_sessions_are_placed_than_an_actor_may_have_in_a_day(database: Database) -> None:
    here, there = Place("vscode", is_remote=False), Place("tmux", is_remote=True)
    async with database.begin() as unit:
        await STORE.place(unit, MINE, ANA, {"s1": here, "s2": here}, NOON, 2)
        await STORE.place(unit, MINE, ANA, {"s1": there, "s3": there}, NOON + 1, 2)
        await STORE.place(unit, MINE, ANA, {"s4": there}, NOON + 2 * DAY, 2)
    usage = TokenUsage(output=1)
    await bring_in(database, *(row(number, usage, session_id=f"s{number}", user_id=ANA) for number in range(1, 5)))
    assert {key: found["claude-sonnet-4-5"].output for key, found in (await models(database)).items()} == {
        Key(ANA, "tmux", True): 2,
        Key(ANA, "vscode", False): 1,
        Key(ANA, "unknown", False): 1,
    }


async def test_two_exports_of_one_actor_come_one_after_the_other(database: Database) -> None:
    digest = bytes(16)

    async def count() -> None:
        async with database.begin() as unit:
            await STORE.lock(unit, MINE, ANA)
            last = (await STORE.series(unit, MINE, ANA, [digest])).get(digest, Series(0, 0, 0, cumulative=True))
            await asyncio.sleep(0.01)
            await STORE.remember(unit, MINE, ANA, {digest: last._replace(value=last.value + 1)}, NOON)

    await asyncio.gather(*(count() for _ in range(5)))
    async with database.read() as unit:
        assert (await STORE.series(unit, MINE, ANA, [digest]))[digest].value == 5
