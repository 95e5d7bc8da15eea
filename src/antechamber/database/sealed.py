"""The columns that hold what is sealed under the master key (`base.seals`), whichever feature's they are."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import TableClause, column, select, table, update

from antechamber.base.ids import OrganizationId
from antechamber.base.seals import SealedColumn
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Digest, Text


class SealedValue(NamedTuple):
    """One of a column: its row, whose that is, and the envelope."""

    row_id: str
    organization_id: OrganizationId
    sealed: bytes


async def sweep_sealed(unit: Unit, sealed: SealedColumn, after: str, limit: int) -> Sequence[SealedValue]:
    """Return the values of a column by their rows' ids, of all organisations, from the row behind `after` on."""
    its = _table(sealed)
    query = _values(its).where(its.c.id > after).order_by(its.c.id).limit(limit)
    return [_value(row) for row in await connection(unit).execute(query)]


async def lock_sealed(
    unit: Unit, organization_id: OrganizationId, sealed: SealedColumn, row_ids: Collection[str]
) -> Sequence[SealedValue]:
    """Return values of an organisation as they are now; whoever else would change them waits for the unit's end."""
    await lock_organization(unit, organization_id)
    its = _table(sealed)
    query = _values(its).where(its.c.organization_id == organization_id, its.c.id.in_(row_ids)).with_for_update()
    return [_value(row) for row in await connection(unit).execute(query)]


async def put_sealed(
    unit: Unit, organization_id: OrganizationId, sealed: SealedColumn, row_id: str, envelope: bytes
) -> None:
    """Put another envelope in the place of one."""
    its = _table(sealed)
    own = (its.c.organization_id == organization_id, its.c.id == row_id)
    await connection(unit).execute(update(its).where(*own).values({_envelope(its): envelope}))


def _table(sealed: SealedColumn) -> TableClause:
    name, _, envelope = sealed.partition(".")
    return table(name, column("id", Text), column("organization_id", Text), column(envelope, Digest))


def _envelope(its: TableClause) -> Any:  # noqa: ANN401 - the column's own type says nothing here
    return list(its.c)[-1]


def _values(its: TableClause) -> Any:  # noqa: ANN401 - a Select, as above
    return select(its).where(_envelope(its).is_not(None))


def _value(row: Any) -> SealedValue:  # noqa: ANN401 - a Row, as above
    row_id, organization_id, envelope = row
    return SealedValue(row_id, OrganizationId(organization_id), bytes(envelope))
