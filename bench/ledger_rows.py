"""A ledger of many requests, made by SQL: rows of the table's columns a day at a time, and their roll-ups."""

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from antechamber.database.engine import Database, connection
from antechamber.features.usage.model import Component, Dimension, Tag, TokenUsage, Width
from antechamber.features.usage.sql.cubes import CUBES, UNTAGGED, WEEK, Cube
from antechamber.features.usage.sql.tables import COUNTERS, usage_rollups, usage_rows, usage_tagged
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION

DAYS: Final = 31
START: Final = NOON - NOON % DAY + 60 * DAY
END: Final = START + DAYS * DAY
# as many as questions about just now need
_MINUTE_DAYS: Final = 2
_HOUR_DAYS: Final = 8
_SESSION: Final = 4 * HOUR
_NANO_PER_TOKEN: Final = {
    Component.UNCACHED_INPUT: 3000,
    Component.CACHE_WRITE_5M: 3750,
    Component.CACHE_WRITE_1H: 6000,
    Component.CACHE_READ: 300,
    Component.OUTPUT: 15_000,
}
_TEXTS: Final = {
    **{name: f"COALESCE({name.value}, '')" for name in Dimension},
    Dimension.ACCOUNT_ID: "CASE WHEN api_key_id IS NULL THEN user_id ELSE '' END",
}
_SUMS: Final = [
    "COUNT(*)" if name == "requests" else "0" if name == "unpriced_requests" else f"SUM({name})" for name in COUNTERS
]


@dataclass(frozen=True, slots=True)
class Shape:
    """Who makes the requests: few keys make most of them, half of the keys are people's.

    A third of the keys tells sessions, some 40 requests each; a fifth tells three end users of its own, a fifth a tag.
    """

    workspaces: int = 50
    people: int = 2000
    keys: int = 5000
    models: int = 6


def row_query(shape: Shape, first: int, count: int, step: int, *, sqlite: bool) -> str:
    """Return a query that makes the rows with the numbers from `first` on, one every `step` microseconds."""
    some = f"(i * 7919 % {shape.keys})"
    # a product of two evenly spread numbers leans to the small ones
    key = f"({some} * ((i * 104729) % {shape.keys}) / {shape.keys})"
    token = "i % 10 = 0"
    person = f"'user_01WCz1FkmYMm4gnmykNKUu' || ({key} % {shape.people})"
    values = {
        "request_id": "'req_01Rj2N8SVv' || (1000000000000 + i)",
        "started_at": f"{START} + i * {step}",
        "organization_id": f"'{ORGANIZATION}'",
        "workspace_id": f"'wrkspc_01JwQvzr7rXLA5AGx3HKfF' || ({key} % {shape.workspaces})",
        "default_workspace": f"{key} % {shape.workspaces} = 0",
        "api_key_id": f"CASE WHEN {token} THEN NULL ELSE 'apikey_01Rj2N8SVvo6BePZj99N' || {key} END",
        "user_id": f"CASE WHEN {token} OR {key} % 2 = 0 THEN {person} END",
        "service_account_id": "NULL",
        "endpoint": "'messages'",
        "model_asked": "'claude'",
        "model": f"'claude-model-' || (({key} + i / 7 % 2) % {shape.models}) || '-20260101'",
        "provider": "'anthropic'",
        "estimated_input": "1000",
        "session_id": f"CASE WHEN {key} % 3 = 0 THEN 'session-' || {key} || '-' || (i * {step} / {_SESSION}) END",
        "agent_id": "NULL",
        "parent_agent_id": "NULL",
        "end_user": f"CASE WHEN {key} % 5 = 0 THEN 'caller-' || ({key} * 3 / 5 + i / 10 % 3) END",
        "user_profile_id": "NULL",
        **{name: f"(i * {number}) % 997" for number, name in enumerate(TokenUsage.__slots__, 1)},
        "web_search_requests": "0",
        "status": "200",
        "service_tier": f"CASE WHEN {key} % 20 = 1 THEN 'batch' ELSE 'standard' END",
        "inference_geo": f"CASE WHEN {key} % 4 = 1 THEN 'us' ELSE 'global' END",
        "speed": "'standard'",
        "context_window": "CASE WHEN i % 50 = 0 THEN '200k-1M' ELSE '0-200k' END",
        "stop_reason": "'end_turn'",
        "duration_us": "1500000",
        "first_token_us": "200000",
        "ended": "'complete'",
        "estimated": "i < 0",
        "cost": " + ".join(_cost(each) for each in Component),
        **{f"cost_{each.value}": _cost(each) for each in Component},
        "cost_cny": "NULL",
        "price_source": "'table'",
        "price_version": "'2026-01-01'",
        "tag": f"CASE WHEN {key} % 5 = 1 THEN 'team-' || ({key} % 40) END",
    }
    assert list(values) == [column.name for column in usage_rows.columns]
    series = f"generate_series({first}::bigint, {first + count - 1}) AS numbers(i)"
    if sqlite:
        counting = f"SELECT {first} UNION ALL SELECT i + 1 FROM numbers WHERE i < {first + count - 1}"  # noqa: S608
        series = f"(WITH RECURSIVE numbers(i) AS ({counting}) SELECT i FROM numbers)"  # noqa: S608
    return f"INSERT INTO usage_rows SELECT {', '.join(values.values())} FROM {series}"  # noqa: S608 - the bench's own


def _cost(component: Component) -> str:
    rate = _NANO_PER_TOKEN.get(component)
    if rate is None:
        return "0"
    return f"(i * {list(TokenUsage.__slots__).index(component.value) + 1}) % 997 * {rate}"


def rollup_query(width: Width, since: int, until: int, *, untagged: bool = False) -> str:
    """Return a query that rolls rows of a time up by every dimension, or those of them that carry no tag."""
    bucket = f"started_at - started_at % {width.microseconds}"
    rows = f"usage_rows WHERE started_at >= {since} AND started_at < {until}"
    rows += "".join(f" AND {tag.value} IS NULL" for tag in Tag) if untagged else ""
    name = UNTAGGED.name(width) if untagged else width.value
    return _insert(name, bucket, _TEXTS, "default_workspace", _SUMS, rows)


def coarsen_query(source: str, target: str, cube: Cube, since: int, until: int) -> str:
    """Return a query that makes coarser roll-ups of finer ones."""
    texts = {name: name.value if name in cube.dimensions else "''" for name in Dimension}
    sums = [f"SUM({name})" for name in COUNTERS]
    default = "MAX(CAST(default_workspace AS INTEGER)) = 1" if Dimension.WORKSPACE_ID in cube.dimensions else "FALSE"
    where = f"usage_rollups WHERE width = '{source}' AND bucket >= {since} AND bucket < {until}"
    return _insert(target, "bucket", texts, default, sums, where)


def tagged_query(since: int, until: int) -> str:
    """Return a query that rolls a day's tagged rows up. Its keys are random bytes: nobody adds to them any more."""
    texts = [f"COALESCE({tag.value}, '')" for tag in Tag]
    texts += [_TEXTS[name] for name in Dimension]
    tagged = " OR ".join(f"{tag.value} IS NOT NULL" for tag in Tag)
    bucket = f"started_at - started_at % {DAY}"
    key = ", ".join([bucket, *texts, "default_workspace"])
    names = ", ".join(column.name for column in usage_tagged.columns)
    chosen = ", ".join([f"'{ORGANIZATION}'", bucket, "{digest}", *texts, "default_workspace", *_SUMS])
    return (
        f"INSERT INTO usage_tagged ({names}) SELECT {chosen} FROM usage_rows "  # noqa: S608 - the bench's own
        f"WHERE started_at >= {since} AND started_at < {until} AND ({tagged}) GROUP BY {key}"
    )


def sessions_query(since: int, until: int) -> str:
    """Return a query that makes a day of sessions of its tagged and its untagged requests."""
    counters = ", ".join(COUNTERS)
    span = f"bucket >= {since} AND bucket < {until}"
    tagged = f"SELECT organization_id, bucket, session_id, model, {counters} FROM usage_tagged WHERE {span}"  # noqa: S608
    untagged = (
        f"SELECT organization_id, bucket, '', model, {counters} FROM usage_rollups "  # noqa: S608 - the bench's own
        f"WHERE width = '{UNTAGGED.name(Width.DAY)}' AND {span}"
    )
    sums = ", ".join(f"SUM({name})" for name in COUNTERS)
    return (
        f"INSERT INTO usage_sessions SELECT organization_id, bucket, session_id, model, {sums} "  # noqa: S608 - as above
        f"FROM ({tagged} UNION ALL {untagged}) AS days GROUP BY 1, 2, 3, 4"
    )


def week_queries() -> list[str]:
    """Return the queries that make weeks of all days."""
    week = f"bucket - bucket % {WEEK}"
    sums = [f"SUM({name})" for name in COUNTERS]
    flag = "MAX(CAST(default_workspace AS INTEGER)) = 1"
    texts = {name: name.value for name in Dimension}
    return [
        _insert(cube.week_name, week, texts, flag, sums, f"usage_rollups WHERE width = '{cube.name(Width.DAY)}'")
        for cube in CUBES
        if cube.has_weeks
    ]


def _insert(name: str, bucket: str, texts: dict[Dimension, str], default: str, sums: list[str], source: str) -> str:
    keys = [f"'{ORGANIZATION}'", f"'{name}'", bucket, *texts.values()]
    groups = [bucket, *(each for each in texts.values() if each != "''")]
    if default == "default_workspace":
        groups.append(default)
    names = [column.name for column in usage_rollups.columns]
    chosen = ", ".join([*keys, default, *sums])
    return f"INSERT INTO usage_rollups ({', '.join(names)}) SELECT {chosen} FROM {source} GROUP BY {', '.join(groups)}"  # noqa: S608


def _queries(shape: Shape, requests: int, day: int, *, sqlite: bool) -> list[str]:
    each = requests // DAYS
    since = START + day * DAY
    until = since + DAY
    widths = [Width.DAY]
    widths += [Width.HOUR] if day >= DAYS - _HOUR_DAYS else []
    widths += [Width.MINUTE] if day >= DAYS - _MINUTE_DAYS else []
    queries = [row_query(shape, day * each, each, DAY // each, sqlite=sqlite)]
    for width in widths:
        queries.append(rollup_query(width, since, until))
        cubes = [cube for cube in CUBES if cube.suffix and width in cube.widths]
        queries += [coarsen_query(width.value, cube.name(width), cube, since, until) for cube in cubes]
    queries.append(rollup_query(Width.DAY, since, until, untagged=True))
    digest = "randomblob(16)" if sqlite else "decode(md5(random()::text), 'hex')"
    return [*queries, tagged_query(since, until).format(digest=digest), sessions_query(since, until)]


def _fill_sqlite(path: str, shape: Shape, requests: int) -> None:
    """Write without journal and syncs: who fills a database for a bench can fill it again."""
    link = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
        link.execute(f"PRAGMA {pragma}")
    for day in range(DAYS):
        link.execute("BEGIN")
        for query in _queries(shape, requests, day, sqlite=True):
            link.execute(query)
        link.execute("COMMIT")
    for query in week_queries():
        link.execute(query)
    link.execute("PRAGMA journal_mode=WAL")
    link.close()


async def fill(database: Database, requests: int, shape: Shape) -> None:
    """Make the rows of 31 days and their roll-ups."""
    if database.is_sqlite:
        await database.close()
        await asyncio.to_thread(_fill_sqlite, str(database.url.database), shape, requests)
        return
    for day in range(DAYS):
        async with database.begin() as unit:
            for query in _queries(shape, requests, day, sqlite=False):
                await connection(unit).execute(text(query))
    async with database.begin() as unit:
        for query in week_queries():
            await connection(unit).execute(text(query))
    async with database.engine.connect() as link:
        await (await link.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
