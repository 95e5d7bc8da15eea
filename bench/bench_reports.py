"""Every report over 20 million requests in 31 days, of 50 workspaces, 2,000 people and 5,000 keys.

Fills a database of its own, then times each report on the server's side: query, service, JSON; one server is asked for
it again and again, and takes in a request before each. Those of which it keeps days are also asked of a server that has
kept none. `--postgres` uses a private PostgreSQL, the default is SQLite; `--keep FOLDER` leaves the SQLite database
there, and uses it when it is there already.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.base.clock import ManualClock, to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage import wire
from antechamber.features.usage.model import Dimension, Width
from antechamber.features.usage.model.analytics import Person
from antechamber.features.usage.service import Analytics, UsageReports
from antechamber.features.usage.sql import SqlUsage
from antechamber.features.usage.wire import enterprise
from antechamber.features.usage.wire.analytics import Asked, read_analytics, show_analytics
from antechamber.features.usage.wire.cost_report import cost_lines, read_cost_query, show_costs
from bench.ledger_rows import DAYS, END, START, Shape, fill
from bench.readings import Figure, Report, percentile
from tests.postgres import private_postgres
from tests.unit.usage.samples import HOUR, MINUTE, ORGANIZATION, row

ORG = OrganizationId(ORGANIZATION)
SHAPE = Shape()
ONE_KEY = "apikey_01Rj2N8SVvo6BePZj99N7"
ROLLED_MS = 200.0
OTHER_MS = 2000.0
CASE_SECONDS = 12.0  # a slow report is timed less often
# the beginnings of the names of those that keep days
_KEPT = ("usage, 31 days", "usage, 7 days", "costs", "analytics, 31 days by actor", "Enterprise, 31 days by person")
Case = tuple[str, float, Callable[[], Awaitable[bytes]]]


class Everyone:
    """Owners and members as a server would have them."""

    async def owners(self, _unit: Unit, _organization_id: OrganizationId) -> dict[str, str]:
        return {
            f"apikey_01Rj2N8SVvo6BePZj99N{key}": f"user_01WCz1FkmYMm4gnmykNKUu{key % SHAPE.people}"
            for key in range(0, SHAPE.keys, 2)
        }

    async def people(self, _unit: Unit, _organization_id: OrganizationId, ids: object) -> dict[str, Person]:
        return {each: Person("Someone", "someone@example.com", deleted=False) for each in ids}  # type: ignore[attr-defined]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="", help="only reports whose name has this in it")
    parser.add_argument("--quick", action="store_true", help="300,000 requests, each report ten times")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    asked.requests = asked.requests or (300_000 if asked.quick else 20_000_000)
    asked.repeat = asked.repeat or (10 if asked.quick else 40)
    return asked


def cases(database: Database, *, anew: bool = False) -> list[Case]:
    """Return every report with its bound in milliseconds; with `anew` who answers has kept nothing."""
    clock = ManualClock(END - MINUTE)
    who = (SqlUsage(), database, clock, Everyone())
    one, one_analytics = UsageReports(*who), Analytics(*who)

    def answering() -> UsageReports:
        return UsageReports(*who) if anew else one

    def analysing() -> Analytics:
        return Analytics(*who) if anew else one_analytics

    async def usage(width: Width, limit: int, *group_by: str) -> bytes:
        asked = wire.Range(to_rfc3339(END - limit * width.microseconds), None, width, limit, None)
        query = wire.read_query(asked, group_by, {}, [wire.FAST_MODE_BETA])
        return wire.show(await answering().messages(ORG, query, wire.line(query.group_by)))

    async def costs(*group_by: str) -> bytes:
        query = read_cost_query(to_rfc3339(START), None, "1d", DAYS, group_by, None)
        return show_costs(await answering().costs(ORG, query, cost_lines(query)))

    async def analyse(
        report: str, *group_by: str, width: str | None = None, hours: int = 24 * DAYS, **filters: str
    ) -> bytes:
        start = to_rfc3339(END - hours * HOUR)
        asked = Asked(start, to_rfc3339(END), width, group_by, "desc", None, 1000, None, exclude_deleted_users=False)
        query = read_analytics(report, asked, {name: [value] for name, value in filters.items()})
        return show_analytics(await analysing().page(ORG, query), query)

    async def by_bucket(report: str, *group_by: str) -> bytes:
        asked = enterprise.Asked(to_rfc3339(START), None, "1d", group_by, DAYS, None)
        query = enterprise.read_buckets(report, asked, {})
        return enterprise.show_by_bucket(await analysing().buckets(ORG, query), query)

    async def by_person(report: str, *group_by: str) -> bytes:
        asked = enterprise.Asked(to_rfc3339(START), to_rfc3339(END), None, group_by, 1000, None)
        query = enterprise.read_users(report, asked, enterprise.Ranked("desc", None, exclude_deleted_users=False), {})
        return enterprise.show_by_user(await analysing().page(ORG, query), query)

    day, hour, minute = Width.DAY, Width.HOUR, Width.MINUTE
    everything = [each.value for each in Dimension]
    return [
        ("usage, 31 days", ROLLED_MS, lambda: usage(day, DAYS)),
        ("usage, 31 days by model", ROLLED_MS, lambda: usage(day, DAYS, "model")),
        ("usage, 31 days by workspace", ROLLED_MS, lambda: usage(day, DAYS, "workspace_id")),
        ("usage, 31 days by workspace and model", ROLLED_MS, lambda: usage(day, DAYS, "workspace_id", "model")),
        ("usage, 31 days by key", ROLLED_MS, lambda: usage(day, DAYS, "api_key_id")),
        ("usage, 7 days by key", ROLLED_MS, lambda: usage(day, 7, "api_key_id")),
        ("usage, 7 days by key and model", ROLLED_MS, lambda: usage(day, 7, "api_key_id", "model")),
        ("usage, 7 days by all nine", ROLLED_MS, lambda: usage(day, 7, *everything)),
        ("usage, 168 hours by model", ROLLED_MS, lambda: usage(hour, 168, "model")),
        ("usage, 1440 minutes by model", ROLLED_MS, lambda: usage(minute, 1440, "model")),
        ("costs, 31 days", ROLLED_MS, costs),
        ("costs, 31 days by description", ROLLED_MS, lambda: costs("description")),
        ("costs, 31 days by workspace and description", ROLLED_MS, lambda: costs("workspace_id", "description")),
        ("costs, 31 days by key", ROLLED_MS, lambda: costs("api_key_id")),
        ("costs, 31 days by person", ROLLED_MS, lambda: costs("user_id")),
        ("analytics, 31 days by model", ROLLED_MS, lambda: analyse("cost", "model")),
        ("analytics, 31 days by workspace and model", ROLLED_MS, lambda: analyse("usage", "workspace_id", "model")),
        ("analytics, 31 days by key, first 1000", ROLLED_MS, lambda: analyse("cost", "api_key_id")),
        ("analytics, 31 days by actor, first 1000", ROLLED_MS, lambda: analyse("cost", "actor")),
        ("analytics, 31 days by key and model, first 1000", ROLLED_MS, lambda: analyse("usage", "api_key_id", "model")),
        ("analytics, days by model", ROLLED_MS, lambda: analyse("cost", "model", width="1d")),
        ("analytics, a key's days", ROLLED_MS, lambda: analyse("cost", "model", width="1d", api_key_ids=ONE_KEY)),
        ("Enterprise, 31 days by model", ROLLED_MS, lambda: by_bucket("cost", "model")),
        ("Enterprise, 31 days by person, first 1000", ROLLED_MS, lambda: by_person("usage")),
        ("Enterprise, 31 days by person and model, first 1000", ROLLED_MS, lambda: by_person("cost", "model")),
        ("analytics, 31 days by tag", OTHER_MS, lambda: analyse("cost", "tag")),
        ("analytics, 31 days by end user", OTHER_MS, lambda: analyse("cost", "end_user")),
        ("analytics, 31 days by session", OTHER_MS, lambda: analyse("cost", "session_id")),
        ("analytics, 31 days by session and model", OTHER_MS, lambda: analyse("usage", "session_id", "model")),
        ("analytics, days by tag", OTHER_MS, lambda: analyse("cost", "tag", width="1d")),
        ("analytics, a tag's end users", OTHER_MS, lambda: analyse("cost", "end_user", tags="team-1")),
        ("analytics, hours of a day by tag (rows)", OTHER_MS, lambda: analyse("cost", "tag", width="1h", hours=24)),
    ]  # fmt: skip


def settle() -> None:
    """Look for garbage as seldom as the server does once it listens (wiring/running.py)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def use(database: Database) -> None:
    """Add a request of the last day, as the drain does."""
    made = row(time.time_ns(), started_at=END - MINUTE, key_id=ONE_KEY)
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, [made])


async def measure(database: Database, repeat: int, report: Report, only: str = "") -> None:
    fresh: list[Case] = [
        (f"{name}, anew", bound, ask) for name, bound, ask in cases(database, anew=True) if name.startswith(_KEPT)
    ]
    for name, bound, ask in [case for case in (*cases(database), *fresh) if only in case[0]]:
        taken: list[float] = []
        spent: list[float] = []
        size = 0
        while not taken or (len(taken) < repeat and sum(taken) < CASE_SECONDS * 1000):
            await use(database)
            began, before = time.perf_counter(), time.process_time()
            size = len(await ask())
            taken.append((time.perf_counter() - began) * 1000)
            spent.append((time.process_time() - before) * 1000)
        report.note(f"{name}, p50 ({size // 1024} KB)", statistics.median(taken), "ms")
        report.add(Figure(f"{name}, p95", "ms", percentile(taken, 0.95), target=bound, relative=False))
        # what a machine with nothing else to do would take at most; PostgreSQL's own is not in it
        report.note(f"{name}, CPU, least", min(spent), "ms")
        report.add(Figure(f"{name}, CPU, p95", "ms", percentile(spent, 0.95)))


async def main() -> None:
    asked = parse()
    report = Report(asked)
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        address = stack.enter_context(private_postgres()).create() if asked.postgres else None
        database = Database(database_url(address, folder))
        await migrate(database)
        async with database.read() as unit:
            there = (await connection(unit).execute(text("SELECT 1 FROM usage_rows LIMIT 1"))).first()
        if there is None:
            began = time.monotonic()
            await fill(database, asked.requests, SHAPE)
            report.note(f"filling {asked.requests} rows", time.monotonic() - began, "s")
        async with database.read() as unit:
            found = await connection(unit).execute(text("SELECT width, COUNT(*) FROM usage_rollups GROUP BY width"))
            for width, count in found.all():
                report.note(f"roll-ups of {width}", count, "rows")
        settle()
        await measure(database, asked.repeat, report, asked.only)
        await database.close()
    report.print()


if __name__ == "__main__":
    asyncio.run(main())
