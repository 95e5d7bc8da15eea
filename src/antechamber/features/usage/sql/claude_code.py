"""What Claude Code told of itself, and the tokens of its sessions, in the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    String,
    Table,
    and_,
    cast,
    delete,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_name
from antechamber.database.tables import Count, Digest, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.model.claude_code import (
    DAY_US,
    HOUR_US,
    UNKNOWN_TERMINAL,
    Addition,
    Core,
    Key,
    ModelUse,
    Place,
    Series,
    ToolUse,
)

# a report's pages go by these, in the order of their bytes in every database
Ordered: Final[TypeEngine[str]] = String().with_variant(String(collation="C"), "postgresql")

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "organization_id": Text,
    "day": Instant,
    "actor_id": Ordered,
    "terminal_type": Text,
    "is_remote": Boolean(),
    "tool": Text,
    "session_id": Text,
    "model": Text,
    "hour": Instant,
}


def _counted(name: str, key: Sequence[str], counts: type[Core | ToolUse | ModelUse]) -> Table:
    """Return a table of counts, lying in the order of its key."""
    return Table(
        name,
        metadata,
        *(Column(part, _TYPES[part], primary_key=True) for part in key),
        *(Column(field.name, Count, nullable=False) for field in fields(counts)),
        sqlite_with_rowid=False,
    )


_DAY: Final = ("organization_id", "day", "actor_id")
_PLACE: Final = ("terminal_type", "is_remote")
claude_code_activity: Final = _counted("claude_code_activity", (*_DAY, *_PLACE, "hour"), Core)
claude_code_tools: Final = _counted("claude_code_tools", (*_DAY, *_PLACE, "tool", "hour"), ToolUse)
claude_code_tokens: Final = _counted("claude_code_tokens", (*_DAY, "session_id", "model", "hour"), ModelUse)

claude_code_sessions: Final = Table(
    "claude_code_sessions",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("actor_id", Ordered, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("terminal_type", Text, nullable=False),
    Column("is_remote", Boolean, nullable=False),
    Column("placed_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

claude_code_series: Final = Table(
    "claude_code_series",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("actor_id", Ordered, primary_key=True),
    Column("digest", Digest, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("value", Count, nullable=False),
    Column("cumulative", Boolean, nullable=False),
    Column("seen_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

_CHUNK: Final = 500


def _adding(table: Table, kind: type) -> str:
    key = ", ".join(column.name for column in table.primary_key.columns)
    names = [field.name for field in fields(kind)]
    return f"ON CONFLICT ({key}) DO UPDATE SET " + ", ".join(
        f"{name} = {table.name}.{name} + excluded.{name}" for name in names
    )


# how a roll-up of the ledger's rows is brought in, beside the ledger's own
ADD_TOKENS: Final = _adding(claude_code_tokens, ModelUse)


def roll_up_tokens(rows: Sequence[UsageRow]) -> list[tuple[Any, ...]]:
    """Return what rows of Claude Code's sessions add, in the columns' order; others have no session's header."""
    sums: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for row in rows:
        intent, usage = row.intent, row.outcome.usage
        actor = intent.user_id or intent.key_id or intent.service_account_id
        if intent.session_id is None or actor is None:
            continue
        at, session = intent.started_at, intent.session_id
        key = (intent.organization_id, at - at % DAY_US, actor, session, intent.model_served, at - at % HOUR_US)
        cost = 0 if row.cost is None else row.cost.total
        written = usage.cache_write_5m + usage.cache_write_1h
        there = sums.get(key, (0, 0, 0, 0, 0))
        used = (usage.uncached_input, usage.output, usage.cache_read, written, cost)
        sums[key] = tuple(a + b for a, b in zip(there, used, strict=True))
    # in the order of their keys: two nodes that add to the same roll-ups can't lock each other out
    return [(*key, *used) for key, used in sorted(sums.items())]


class SqlClaudeCode:
    """The store of what Claude Code tells of itself."""

    async def lock(self, unit: Unit, organization_id: OrganizationId, actor_id: str) -> None:
        """Wait until no other transaction that asked for the same actor is open; held to the end."""
        await lock_name(unit, f"claude code {organization_id} {actor_id}")

    async def series(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, digests: Collection[bytes]
    ) -> Mapping[bytes, Series]:
        """Return those of these series that are remembered."""
        link, columns = connection(unit), claude_code_series.c
        asked = sorted(digests)
        found: dict[bytes, Series] = {}
        for start in range(0, len(asked), _CHUNK):
            query = select(columns.digest, columns.started_at, columns.at, columns.value, columns.cumulative).where(
                columns.organization_id == organization_id,
                columns.actor_id == actor_id,
                columns.digest.in_(asked[start : start + _CHUNK]),
            )
            found.update({bytes(digest): Series(*last) for digest, *last in await link.execute(query)})
        return found

    async def series_count(self, unit: Unit, organization_id: OrganizationId, actor_id: str) -> int:
        """Return how many series are remembered of an actor."""
        columns = claude_code_series.c
        query = select(func.count()).where(columns.organization_id == organization_id, columns.actor_id == actor_id)
        return int((await connection(unit).execute(query)).scalar_one())

    async def remember(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, series: Mapping[bytes, Series], now: int
    ) -> None:
        """Keep the last points of series, in place of those before."""
        owner = {"organization_id": organization_id, "actor_id": actor_id, "seen_at": now}
        rows = [{**owner, "digest": digest, **last._asdict()} for digest, last in sorted(series.items())]
        replaced = ("started_at", "at", "value", "cumulative", "seen_at")
        await _upsert(connection(unit), claude_code_series, rows, replaced=replaced)

    async def seen(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, day: int
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the terminal types and the tools that an actor has on a day."""
        link = connection(unit)
        terminals: set[str] = set()
        tools: set[str] = set()
        for table, name, found in (
            (claude_code_activity, "terminal_type", terminals),
            (claude_code_tools, "terminal_type", terminals),
            (claude_code_tools, "tool", tools),
        ):
            own = (table.c.organization_id == organization_id, table.c.day == day, table.c.actor_id == actor_id)
            found.update((await link.execute(select(table.c[name]).where(*own).distinct())).scalars())
        return frozenset(terminals), frozenset(tools)

    async def add(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        counts: Mapping[tuple[Key, int], Mapping[Addition, int]],
    ) -> None:
        """Add to what was counted of a key in the hour that starts at an instant."""
        activity: list[dict[str, Any]] = []
        tools: dict[tuple[Any, ...], dict[str, Any]] = {}
        for (key, hour), additions in sorted(counts.items()):
            owner = {"organization_id": organization_id, "day": hour - hour % DAY_US, "hour": hour, **key._asdict()}
            core = {field.name: 0 for field in fields(Core)}
            for (name, decided), number in additions.items():
                if decided is None:
                    core[name] += number
                else:
                    row = tools.setdefault((key, hour, name), {**owner, "tool": name, "accepted": 0, "rejected": 0})
                    row[decided] += number
            if any(core.values()):
                activity.append({**owner, **core})
        link = connection(unit)
        await _upsert(link, claude_code_activity, activity, added=[field.name for field in fields(Core)])
        await _upsert(link, claude_code_tools, list(tools.values()), added=[field.name for field in fields(ToolUse)])

    async def place(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        actor_id: str,
        sessions: Mapping[str, Place],
        now: int,
        most: int,
    ) -> None:
        """Note where sessions run; new ones only while fewer than `most` of the actor's came within a day of `now`."""
        link, columns = connection(unit), claude_code_sessions.c
        own = (columns.organization_id == organization_id, columns.actor_id == actor_id)
        recent = select(columns.session_id, columns.placed_at).where(*own, columns.placed_at > now - DAY_US)
        known: dict[str, int] = {row.session_id: row.placed_at for row in await link.execute(recent)}
        new = [session for session in sorted(sessions) if session not in known][: max(0, most - len(known))]
        wanted = [*new, *(session for session in sorted(sessions) if session in known)]
        rows = [
            {
                "organization_id": organization_id,
                "actor_id": actor_id,
                "session_id": session,
                "placed_at": known.get(session, now),
                **sessions[session]._asdict(),
            }
            for session in wanted
        ]
        await _upsert(link, claude_code_sessions, rows, replaced=("terminal_type", "is_remote", "placed_at"))

    async def actors(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, start: str, limit: int
    ) -> Sequence[str]:
        """Return the first actors from `start` on with something in the hours of a day that start before an instant."""
        found: set[str] = set()
        for table in (claude_code_activity, claude_code_tools, claude_code_tokens):
            actor = table.c.actor_id
            query = select(actor).where(*_of_day(table, organization_id, day, before), actor >= start)
            ordered = query.distinct().order_by(actor).limit(limit)
            found.update((await connection(unit).execute(ordered)).scalars())
        return sorted(found)[:limit]

    async def core(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Core]:
        """Return the core metrics of the actors between two (both included)."""
        columns = claude_code_activity.c
        key = (columns.actor_id, columns.terminal_type, columns.is_remote)
        query = (
            select(*key, *_sums(claude_code_activity, Core))
            .where(*_of_day(claude_code_activity, organization_id, day, before), *_from_to(columns.actor_id, actors))
            .group_by(*key)
        )
        return {Key(*row[:3]): Core(*row[3:]) for row in (await connection(unit).execute(query)).all()}

    async def tools(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Mapping[str, ToolUse]]:
        """Return what was decided of edits, by tool."""
        columns = claude_code_tools.c
        key = (columns.actor_id, columns.terminal_type, columns.is_remote, columns.tool)
        query = (
            select(*key, *_sums(claude_code_tools, ToolUse))
            .where(*_of_day(claude_code_tools, organization_id, day, before), *_from_to(columns.actor_id, actors))
            .group_by(*key)
        )
        found: dict[Key, dict[str, ToolUse]] = {}
        for row in (await connection(unit).execute(query)).all():
            found.setdefault(Key(*row[:3]), {})[row[3]] = ToolUse(*row[4:])
        return found

    async def models(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Mapping[str, ModelUse]]:
        """Return tokens and costs by model, at the place of their session; of one that nobody told of: unknown."""
        used, placed = claude_code_tokens, claude_code_sessions
        same = and_(*(placed.c[name] == used.c[name] for name in ("organization_id", "actor_id", "session_id")))
        terminal = func.coalesce(placed.c.terminal_type, UNKNOWN_TERMINAL)
        key = (used.c.actor_id, terminal, func.coalesce(placed.c.is_remote, False), used.c.model)
        labelled = [column.label(f"key_{number}") for number, column in enumerate(key)]
        query = (
            select(*labelled, *_sums(used, ModelUse))
            .select_from(used.outerjoin(placed, same))
            .where(*_of_day(used, organization_id, day, before), *_from_to(used.c.actor_id, actors))
            .group_by(*labelled)
        )
        found: dict[Key, dict[str, ModelUse]] = {}
        for row in (await connection(unit).execute(query)).all():
            found.setdefault(Key(row[0], row[1], bool(row[2])), {})[row[3]] = ModelUse(*row[4:])
        return found

    async def sweep_forgotten(self, unit: Unit, delta_before: int, cumulative_before: int) -> int:
        """Remove series that nobody has told of since these instants, by temporality; returns how many."""
        columns = claude_code_series.c
        removed = 0
        for cumulative, before in ((False, delta_before), (True, cumulative_before)):
            old = delete(claude_code_series).where(columns.cumulative.is_(cumulative), columns.seen_at < before)
            removed += (await connection(unit).execute(old)).rowcount
        return removed


def _of_day(
    table: Table, organization_id: OrganizationId, day: int, before: int
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    return (table.c.organization_id == organization_id, table.c.day == day, table.c.hour < before)


def _from_to(column: Column[str], actors: tuple[str, str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # not BETWEEN: PostgreSQL reads no COLLATE in it
    return (column >= actors[0], column <= actors[1])


def _sums(table: Table, kind: type) -> list[ColumnElement[int]]:
    # PostgreSQL sums integers to numerics
    return [cast(func.sum(table.c[field.name]), BigInteger) for field in fields(kind)]


async def _upsert(
    link: AsyncConnection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    added: Sequence[str] = (),
    replaced: Sequence[str] = (),
) -> None:
    if not rows:
        return
    insert = insert_into(table, link)
    changes = {
        **{name: table.c[name] + insert.excluded[name] for name in added},
        **{name: insert.excluded[name] for name in replaced},
    }
    statement = insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)
    await link.execute(statement, list(rows))
