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

from antechamber.adapters.prices import Book
from antechamber.adapters.spool import FileSpool
from antechamber.base.clock import ManualClock, SystemClock, to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage import wire
from antechamber.features.usage.model import Dimension, TokenUsage, Width
from antechamber.features.usage.model.analytics import Person
from antechamber.features.usage.service import Ledger, UsageReports
from antechamber.features.usage.sql import SqlUsage
from bench.ledger_rows import END, START, Shape, fill
from bench.readings import Figure, Report
from tests.postgres import private_postgres
from tests.unit.usage.samples import DAY, MINUTE, ORGANIZATION, intent, outcome

AT_ONCE = 200
CASE_SECONDS = 10.0  # a slow report is timed less often


class Nobody:
    """Reports of tokens name no people."""

    async def owners(self, _unit: Unit, _organization_id: OrganizationId) -> dict[str, str]:
        return {}

    async def people(self, _unit: Unit, _organization_id: OrganizationId, _ids: object) -> dict[str, Person]:
        return {}


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
    reports = UsageReports(SqlUsage(), database, ManualClock(END - MINUTE), Nobody())
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
            query = wire.read_query(asked, group_by, {}, [])
            report = await reports.messages(OrganizationId(ORGANIZATION), query, wire.line(query.group_by))
            wire.show(report)
            taken.append((time.perf_counter() - began) * 1000)
        cuts = statistics.quantiles(taken, n=100, method="inclusive")
        output.note(f"{name}, p50", cuts[49], "ms")
        peer = scan if name == "31 days by model" else None
        bound = 200 if name.startswith("31 days") else None
        for share, cut in (("p50", cuts[49]), ("p99", cuts[98])):
            output.add(Figure(f"{name}, {share}", "ms", cut, peer, target=bound, peer_name="scan", relative=False))


async def time_ledger(database: Database, folder: Path, waves: int, output: Report) -> None:
    ledger = Ledger(FileSpool(folder / "spool" / "bench"), SqlUsage(), database, SystemClock(), Book())
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
            began = time.monotonic()
            await fill(database, asked.requests, Shape(workspaces=5, people=25, keys=50))
            report.note(f"filling {asked.requests} rows", time.monotonic() - began, "s")
            await time_reports(database, asked.repeat, report)
            await time_ledger(database, folder, 50, report)
    report.print()


if __name__ == "__main__":
    asyncio.run(main())
