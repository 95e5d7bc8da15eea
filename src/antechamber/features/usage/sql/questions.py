"""Questions as SQL, and their answers in the driver's own rows: a report may have tens of thousands of them."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import add
from typing import Any, Final

import msgspec

from antechamber.base.errors import Unavailable
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.usage.model import COST, COSTS, Dimension, Facet, Piece, Question, SumRow, Tag, Width
from antechamber.features.usage.sql.cubes import OF_SESSIONS, UNTAGGED, choose, choose_sums, spans

FOREVER: Final = 2**62
# groups are sorted in memory as far as the cache goes: a third less time for tens of thousands of them; what it holds
# is given back afterwards (sqlite.org/pragma.html#pragma_cache_size)
_ROOMY: Final = "PRAGMA cache_size=-65536"
_USUAL: Final = "PRAGMA cache_size=-8000"
# a row's dimensions as the roll-ups have them: '' for null, an account only without a key
_ROW_VALUES: Final[dict[Facet, str]] = {
    Dimension.ACCOUNT_ID: "CASE WHEN api_key_id IS NULL THEN COALESCE(user_id, '') ELSE '' END",
    Dimension.API_KEY_ID: "COALESCE(api_key_id, '')",
    Dimension.SERVICE_ACCOUNT_ID: "COALESCE(service_account_id, '')",
    **{tag: f"COALESCE({tag.value}, '')" for tag in Tag},
}
_TAGS: Final = frozenset(Tag)
# whose the rows of a roll-up are
_WHOSE: Final = (Dimension.ACCOUNT_ID, Dimension.API_KEY_ID)
_PERSON: Final = "CASE WHEN account_id <> '' THEN account_id ELSE COALESCE(owner, '') END"
_ADDED: Final = {COST: " + ".join(COSTS)}
_ROW_COUNTERS: Final = {
    "requests": "1",
    "unpriced_requests": "CASE WHEN price_source IS NULL OR price_source = 'fallback' THEN 1 ELSE 0 END",
    **{name: f"COALESCE({name}, 0)" for name in (*COSTS, COST)},
}


@dataclass(slots=True)
class Statement:
    """A statement in the driver's own placeholders, and its values."""

    postgres: bool
    text: str = ""
    values: list[Any] = field(default_factory=list)

    def mark(self, value: object) -> str:
        """Keep a value, and return what stands for it."""
        self.values.append(value)
        return f"${len(self.values)}" if self.postgres else "?"


def build(question: Question, organization_id: OrganizationId, *, postgres: bool) -> Statement:
    """Return the statement that answers a question; its rows are those of `SumRow`."""
    statement = Statement(postgres)
    by_workspace = Dimension.WORKSPACE_ID in question.group_by
    if is_nearly_plain(question):
        return _plain(statement, question, organization_id)
    persons = [] if question.owners is None else ["person"]
    opening = "" if question.owners is None else _owners(statement, question.owners)
    keys = [*(["bucket"] if question.bucketed else []), *persons, *question.group_by]
    # PostgreSQL sums integers to numerics
    total = "CAST(SUM({0}) AS BIGINT)" if postgres else "SUM({0})"
    chosen = [
        "bucket" if question.bucketed else "0",
        # a workspace is the default one or it isn't: grouped by workspace, the greatest is the only value
        "MAX(CAST(default_workspace AS INTEGER))" if by_workspace else "0",
        *persons,
        *question.group_by,
        *(total.format(name) for name in question.counters),
    ]
    names = dict.fromkeys((*question.group_by, *(_WHOSE if persons else ())))
    needed = dict.fromkeys((*question.counters, *question.unless_zero, *question.rank))
    columns = [*keys[: question.bucketed], *names, *(["default_workspace"] if by_workspace else []), *needed]
    parts = [part for piece in question.pieces for part in _parts(statement, question, organization_id, piece, columns)]
    source = f"({' UNION ALL '.join(parts)}) AS parts"
    if persons:
        source = f"(SELECT *, {_PERSON} AS person FROM {source} LEFT JOIN owners ON owned = api_key_id) AS parts"  # noqa: S608 - as below
    statement.text = f"{opening}SELECT {', '.join(chosen)} FROM {source}"  # noqa: S608 - names of ours only
    if keys:
        statement.text += f" GROUP BY {', '.join(keys)}"
    if question.unless_zero:
        statement.text += f" HAVING {_sum_of(question.unless_zero)} > 0"
    if keys:
        statement.text += f" ORDER BY {', '.join(_order(question))}"
    if question.limit is not None:
        statement.text += f" LIMIT {statement.mark(question.limit)} OFFSET {statement.mark(question.offset)}"
    return statement


def _owners(statement: Statement, owners: Mapping[str, str]) -> str:
    """Return what a statement begins with that knows owners by their keys."""
    told = statement.mark(msgspec.json.encode(owners).decode())
    pairs = f"json_each_text(CAST({told} AS JSON))" if statement.postgres else f"json_each({told})"
    return f"WITH owners(owned, owner) AS MATERIALIZED (SELECT key, value FROM {pairs}) "  # noqa: S608 - a mark


def is_plain(question: Question) -> bool:
    """Whether a roll-up's rows are the groups, so that there is nothing to add up."""
    return _spare(question) == frozenset()


def is_nearly_plain(question: Question) -> bool:
    """Whether a roll-up's rows are the groups but for the speed, which few groups have two of: `merge` adds them up.

    Only where rows without what is asked for may be left out before that.
    """
    if question.rank or question.limit is not None:
        return False
    return is_plain(question) or (
        _spare(question) == {Dimension.SPEED} and frozenset(question.counters) <= frozenset(question.unless_zero)
    )


def _spare(question: Question) -> AbstractSet[Facet] | None:
    """Return what a roll-up's rows have beyond the groups, None where they are not all that is looked at."""
    if len(question.pieces) > 1 or not question.bucketed or question.is_tagged or question.owners is not None:
        return None
    cube, groups = choose(question.pieces[0].width, question.facets), frozenset(question.group_by)
    return cube.dimensions - groups if groups == question.facets else None


def merge(rows: Sequence[SumRow], question: Question) -> Sequence[SumRow]:
    """Add neighbours of the same group up."""
    first = 2 + len(question.group_by)
    merged: list[SumRow] = []
    last: object = None
    for row in rows:
        name = tuple(row[:first])
        if name == last:
            merged[-1] = (*name, *map(add, merged[-1][first:], row[first:]))
        else:
            merged.append(row)
            last = name
    return merged


def _plain(statement: Statement, question: Question, organization_id: OrganizationId) -> Statement:
    flag = "CAST(default_workspace AS INTEGER)" if Dimension.WORKSPACE_ID in question.group_by else "0"
    counters = [_ADDED.get(name, name) for name in question.counters]
    (piece,) = question.pieces
    span = (choose(piece.width, question.facets).name(piece.width), piece.start, piece.end)
    where = _where(statement, question, organization_id, span)
    if question.unless_zero:
        where += f" AND {any_used(question.unless_zero)}"
    chosen = ", ".join(["bucket", flag, *question.group_by, *counters])
    order = ", ".join(["bucket", *in_order(question.group_by)])
    statement.text = f"SELECT {chosen} FROM usage_rollups WHERE {where} ORDER BY {order}"  # noqa: S608 - as above
    return statement


def any_used(names: Sequence[str]) -> str:
    """Return the condition that some of a row's counters, none of which is ever negative, is not zero."""
    parts = [part for name in names for part in (COSTS if name == COST else (name,))]
    return f"({' OR '.join(f'{part} > 0' for part in parts)})"


def in_order(group_by: Sequence[Facet]) -> Sequence[Facet]:
    """Return what rows of a roll-up by these alone are ordered by, so that they are read as they lie if they can be.

    What a roll-up does not have is '' in all of its rows, and makes no difference to their order.
    """
    if not group_by or list(group_by) != sorted(group_by):
        return group_by
    return [name for name in Dimension if name <= group_by[-1]]


async def fetch(unit: Unit, statement: Statement) -> Sequence[SumRow]:
    """Return the rows as the driver makes them: rows of SQLAlchemy's cost as much again as reading them."""
    driver: Any = (await connection(unit).get_raw_connection()).driver_connection
    if statement.postgres:
        rows: Sequence[SumRow] = await driver.fetch(statement.text, *statement.values)
        return rows
    try:
        await driver.execute_fetchall(_ROOMY)
        try:
            return list(await driver.execute_fetchall(statement.text, statement.values))
        finally:
            await driver.execute_fetchall(_USUAL)
    except sqlite3.OperationalError as error:
        message = "The database is not reachable; try again shortly."
        raise Unavailable(message, note=repr(error), retry_after=1) from error


def _where(
    statement: Statement, question: Question, organization_id: OrganizationId, span: tuple[str, int, int]
) -> str:
    """Return the conditions on the rows of a roll-up: its name, from when and to when."""
    name, start, end = span
    conditions = [f"organization_id = {statement.mark(organization_id)}", f"width = {statement.mark(name)}"]
    return " AND ".join([*conditions, *_within(statement, question, start, end)])


def _within(statement: Statement, question: Question, start: int, end: int) -> list[str]:
    bounds = [f"bucket >= {statement.mark(start)}", f"bucket < {statement.mark(end)}"]
    return [*bounds, *filtered(statement, question)]


def filtered(statement: Statement, question: Question) -> list[str]:
    """Return the conditions of a question's filters on the columns of a roll-up."""
    return _conditions(statement, question, lambda facet: facet)


def _conditions(statement: Statement, question: Question, read: Callable[[Facet], str]) -> list[str]:
    """Return the conditions of a question's filters, where `read` says how a facet is read."""

    def among(facet: Facet, values: Sequence[str]) -> str:
        return f"{read(facet)} IN ({', '.join(map(statement.mark, values))})"

    conditions = [among(facet, values) for facet, values in question.filters.items() if values]
    persons = question.persons
    if persons is not None:
        names = ((Dimension.ACCOUNT_ID, persons.accounts), (Dimension.API_KEY_ID, persons.keys))
        theirs = [among(facet, values) for facet, values in names if values]
        conditions.append(f"({' OR '.join(theirs) or '1 = 0'})")
    return conditions


def _parts(
    statement: Statement, question: Question, organization_id: OrganizationId, piece: Piece, columns: Sequence[str]
) -> list[str]:
    if question.scans(piece):
        return [_scan(statement, question, organization_id, piece, columns)]
    if question.is_tagged:
        of_tags = _sessions if question.facets <= OF_SESSIONS else _tagged
        return [of_tags(statement, question, organization_id, piece, columns)]
    if question.bucketed:
        found = [(choose(piece.width, question.facets).name(piece.width), piece.start, piece.end)]
    else:
        found = spans(piece, choose_sums(piece.width, question.facets))
    chosen = ", ".join(map(_read, columns)) or "1"
    return [
        f"SELECT {chosen} FROM usage_rollups WHERE {_where(statement, question, organization_id, span)}"  # noqa: S608 - names of ours only
        for span in found
    ]


def _sessions(
    statement: Statement, question: Question, organization_id: OrganizationId, piece: Piece, columns: Sequence[str]
) -> str:
    """Return whole days of sessions, and of what belongs to none."""
    where = f"organization_id = {statement.mark(organization_id)}"
    where = " AND ".join([where, *_within(statement, question, piece.start, piece.end)])
    return f"SELECT {', '.join(map(_read, columns))} FROM usage_sessions WHERE {where}"  # noqa: S608 - as above


def _tagged(
    statement: Statement, question: Question, organization_id: OrganizationId, piece: Piece, columns: Sequence[str]
) -> str:
    """Return whole days of tags, and beside them the requests that carry none."""
    where = f"organization_id = {statement.mark(organization_id)}"
    where = " AND ".join([where, *_within(statement, question, piece.start, piece.end)])
    tagged = f"SELECT {', '.join(map(_read, columns))} FROM usage_tagged WHERE {where}"  # noqa: S608 - as above
    if any(isinstance(facet, Tag) and values for facet, values in question.filters.items()):
        return tagged
    chosen = ["''" if name in _TAGS else _read(name) for name in columns]
    where = _where(statement, question, organization_id, (UNTAGGED.name(piece.width), piece.start, piece.end))
    return f"{tagged} UNION ALL SELECT {', '.join(chosen)} FROM usage_rollups WHERE {where}"  # noqa: S608 - as above


def _scan(
    statement: Statement, question: Question, organization_id: OrganizationId, piece: Piece, columns: Sequence[str]
) -> str:
    chosen = [f"{_row_value(name, piece.width)} AS {name}" for name in columns]
    conditions = [
        f"organization_id = {statement.mark(organization_id)}",
        f"started_at >= {statement.mark(piece.start)}",
        f"started_at < {statement.mark(piece.end)}",
    ]
    conditions += _conditions(statement, question, lambda facet: _row_value(facet, piece.width))
    return f"SELECT {', '.join(chosen)} FROM usage_rows WHERE {' AND '.join(conditions)}"  # noqa: S608 - as above


def _read(name: str) -> str:
    return f"{_ADDED[name]} AS {name}" if name in _ADDED else name


def _row_value(name: str, width: Width) -> str:
    if name == "bucket":
        return f"started_at - started_at % {width.microseconds}"
    return _ROW_VALUES.get(name) or _ROW_COUNTERS.get(name) or name  # type: ignore[call-overload] # a facet is a text


def _order(question: Question) -> list[str]:
    buckets = [f"bucket{' DESC' if question.newest_first else ''}"] if question.bucketed else []
    rank = [f"{_sum_of(question.rank)}{'' if question.ascending else ' DESC'}"]
    ranks = rank if question.rank else []
    first = [*buckets, *ranks] if question.by_time else [*ranks, *buckets]
    return [*first, *([] if question.owners is None else ["person"]), *question.group_by]


def _sum_of(names: Sequence[str]) -> str:
    return " + ".join(f"SUM({name})" for name in names)
