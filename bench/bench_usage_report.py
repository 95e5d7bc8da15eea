"""The usage report over 10 million requests in 31 days, beside a scan of them; what a request's ledger entry costs.

Fills a database of its own with rows (50 keys x 6 models in 5 workspaces, two tiers, two context windows, two regions)
and their roll-ups, then times the service with its wire shapes, as the route calls it. `--postgres` uses a private
PostgreSQL, the default is SQLite. The ledger's figures are processor time, drain and disk included. The peer is the way
without roll-ups: one query that sums up the rows themselves.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.adapters.spool import FileSpool
from antechamber.base.clock import ManualClock, SystemClock, to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage import wire
from antechamber.features.usage.model import Dimension, TokenUsage, Width
from antechamber.features.usage.service import Ledger, UsageReports
from antechamber.features.usage.sql import SqlUsage, usage_rollups, usage_rows
from bench.readings import Figure, Report
from tests.postgres import private_postgres
from tests.unit.usage.samples import DAY, MINUTE, NOON, ORGANIZATION, intent, outcome

DAYS = 31
START = NOON - NOON % DAY
END = START + DAYS * DAY
COUNTERS = (*TokenUsage.__slots__, "requests")
AT_ONCE = 200
CASE_SECONDS = 10.0  # a slow report is timed less often


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--quick", action="store_true", help="300,000 requests, each report ten times")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    asked.requests = asked.requests or (300_000 if asked.quick else 10_000_000)
    asked.repeat = asked.repeat or (10 if asked.quick else 50)
    return asked


def row_query(series: str, requests: int) -> str:
    """Return a query that makes the rows from the numbers of a series, in the order of the table's columns."""
    values = {
        "request_id": "'req_01Rj2N8SVvo6BePZ' || i",
        "started_at": f"{START} + i * {DAYS * DAY // requests}",
        "organization_id": f"'{ORGANIZATION}'",
        "workspace_id": "'wrkspc_01JwQvzr7rXLA5AGx3HKfF' || (((i * 7919) % 50) % 5)",
        "default_workspace": "((i * 7919) % 50) % 5 = 0",
        "api_key_id": "'apikey_01Rj2N8SVvo6BePZj99Nh' || ((i * 7919) % 50)",
        "user_id": "null",
        "service_account_id": "null",
        "endpoint": "'messages'",
        "model_asked": "'claude-model-' || ((i / 50) % 6)",
        "model": "'claude-model-' || ((i / 50) % 6) || '-20260101'",
        "provider": "'anthropic'",
        "estimated_input": "1000",
        **dict.fromkeys(("session_id", "agent_id", "parent_agent_id", "end_user", "user_profile_id"), "null"),
        **{name: f"(i * {number}) % 997" for number, name in enumerate(TokenUsage.__slots__, 1)},
        "status": "200",
        "service_tier": "CASE WHEN (i / 300) % 10 = 0 THEN 'batch' ELSE 'standard' END",
        "inference_geo": "CASE WHEN (i / 3000) % 4 = 0 THEN 'us' ELSE 'global' END",
        "speed": "'standard'",
        "context_window": "CASE WHEN (i / 700) % 20 = 0 THEN '200k-1M' ELSE '0-200k' END",
        "stop_reason": "'end_turn'",
        "duration_us": "1500000",
        "first_token_us": "200000",
        "ended": "'complete'",
        "estimated": "i < 0",
    }
    assert list(values) == [column.name for column in usage_rows.columns]
    return f"INSERT INTO usage_rows SELECT {', '.join(values.values())} FROM {series}"  # noqa: S608 - the bench's own


def rollup_query(width: Width, source: str, since: int) -> str:
    """Return a query that rolls rows up, or the roll-ups of hours to those of days."""
    from_rows = source == "usage_rows"
    at = "started_at" if from_rows else "bucket"
    texts = {dimension: f"coalesce({dimension.value}, '')" for dimension in Dimension}
    if from_rows:
        texts[Dimension.ACCOUNT_ID] = "''"
    keys = [
        "organization_id",
        f"'{width}'",
        f"{at} - {at} % {width.microseconds}",
        *texts.values(),
        "default_workspace",
    ]
    sums = [f"sum({name})" for name in COUNTERS[:-1]] + ["count(*)" if from_rows else "sum(requests)"]
    assert len(keys) + len(sums) == len(usage_rollups.columns)
    where = f"{at} >= {since}" + ("" if from_rows else f" AND width = '{Width.HOUR}'")
    groups = ", ".join(str(number + 1) for number in range(len(keys)) if number != 1)
    columns = ", ".join(keys + sums)
    return f"INSERT INTO usage_rollups SELECT {columns} FROM {source} WHERE {where} GROUP BY {groups}"  # noqa: S608


async def fill(database: Database, requests: int, report: Report) -> None:
    began = time.monotonic()
    numbers = f"generate_series(0, {requests - 1}) AS numbers(i)"
    if database.is_sqlite:
        counting = f"SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {requests - 1}"  # noqa: S608
        numbers = f"(WITH RECURSIVE numbers(i) AS ({counting}) SELECT i FROM numbers)"  # noqa: S608
    else:
        numbers = f"(SELECT i::bigint AS i FROM {numbers}) AS numbers"  # noqa: S608
    for query in (
        row_query(numbers, requests),
        rollup_query(Width.HOUR, "usage_rows", 0),
        rollup_query(Width.DAY, "usage_rollups", 0),
        rollup_query(Width.MINUTE, "usage_rows", END - 8 * DAY),
    ):
        async with database.begin() as unit:
            await connection(unit).execute(text(query))
    if not database.is_sqlite:
        async with database.engine.connect() as link:
            await (await link.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
    async with database.read() as unit:
        found = await connection(unit).execute(text("SELECT width, count(*) FROM usage_rollups GROUP BY width"))
        for width, count in found.all():
            report.note(f"roll-ups of {width}", count, "rows")
    report.note(f"filling {requests} rows", time.monotonic() - began, "s")


async def scan_seconds(database: Database) -> float:
    """Return how long it takes to sum up the rows by day and model."""
    sums = ", ".join(f"sum({name})" for name in TokenUsage.__slots__)
    day = f"started_at / {DAY}"
    query = f"SELECT {day}, model, count(*), {sums} FROM usage_rows WHERE started_at >= {START} GROUP BY {day}, model"  # noqa: S608
    began = time.perf_counter()
    async with database.read() as unit:
        (await connection(unit).execute(text(query))).all()
    return time.perf_counter() - began


async def time_reports(database: Database, repeat: int, output: Report) -> None:
    reports = UsageReports(SqlUsage(), database, ManualClock(END - MINUTE))
    cases = [
        ("31 days", "1d", 31, []),
        ("31 days by model", "1d", 31, ["model"]),
        ("31 days by workspace", "1d", 31, ["workspace_id"]),
        ("31 days by key and model", "1d", 31, ["api_key_id", "model"]),
        ("31 days by eight dimensions", "1d", 31, [each.value for each in Dimension if each is not Dimension.SPEED]),
        ("168 hours by model", "1h", 168, ["model"]),
        ("1440 minutes by model", "1m", 1440, ["model"]),
    ]
    scan = await scan_seconds(database) * 1000
    output.note("a scan of the rows, by day and model", scan, "ms")
    for name, width, limit, group_by in cases:
        step = Width(width).microseconds
        taken: list[float] = []
        while len(taken) < 2 or (len(taken) < repeat and sum(taken) < CASE_SECONDS * 1000):
            began = time.perf_counter()
            asked = wire.Range(to_rfc3339(END - limit * step), None, width, limit, None)
            report = await reports.messages(OrganizationId(ORGANIZATION), wire.read_query(asked, group_by, {}, []))
            wire.show(report).model_dump_json()
            taken.append((time.perf_counter() - began) * 1000)
        cuts = statistics.quantiles(taken, n=100, method="inclusive")
        output.note(f"{name}, p50", cuts[49], "ms")
        peer = scan if name == "31 days by model" else None
        bound = 200 if name.startswith("31 days") else None
        for share, cut in (("p50", cuts[49]), ("p99", cuts[98])):
            output.add(Figure(f"{name}, {share}", "ms", cut, peer, target=bound, peer_name="scan", relative=False))


async def time_ledger(database: Database, folder: Path, waves: int, output: Report) -> None:
    ledger = Ledger(FileSpool(folder / "spool" / "bench"), SqlUsage(), database, SystemClock())
    usage = TokenUsage(100, 1, 2, 3, 50)
    ended = outcome(usage)
    spent = dict.fromkeys(("open", "progress", "settle", "drain, all threads"), 0.0)
    for wave in range(waves):
        intents = [
            intent(10**12 + wave * AT_ONCE + number, organization_id="bench", started_at=END + wave * MINUTE)
            for number in range(AT_ONCE)
        ]
        at = [time.thread_time()]
        entries = [ledger.open(each) for each in intents]
        at.append(time.thread_time())
        for entry in entries:
            entry.progress(usage)
        at.append(time.thread_time())
        for entry in entries:
            entry.settle(ended)
        at.append(time.thread_time())
        began = time.process_time()
        await ledger.drain()
        for name, cost in zip(
            spent, (at[1] - at[0], at[2] - at[1], at[3] - at[2], time.process_time() - began), strict=True
        ):
            spent[name] += cost
        await asyncio.sleep(0.01)
    await ledger.close()
    for name, cost in spent.items():
        output.add(Figure(f"ledger CPU per request, {name}", "us", cost / waves / AT_ONCE * 1e6))


@asynccontextmanager
async def opened(folder: Path, address: str | None) -> AsyncIterator[Database]:
    database = Database(database_url(address, folder))
    await migrate(database)
    try:
        yield database
    finally:
        await database.close()


async def main() -> None:
    asked = parse()
    report = Report(asked)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-bench-")))
        address = stack.enter_context(private_postgres()).create() if asked.postgres else None
        async with opened(folder, address) as database:
            await fill(database, asked.requests, report)
            await time_reports(database, asked.repeat, report)
            await time_ledger(database, folder, 50, report)
    report.print()


if __name__ == "__main__":
    asyncio.run(main())
