"""Rows with sealed values, of every column that has such, and what opens them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Table, insert, select

from antechamber import wiring
from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.chance import SystemChance
from antechamber.base.seals import SealedColumn, SealError
from antechamber.base.secret import Secret
from antechamber.database.engine import Database, connection
from antechamber.database.tables import metadata

TEXT = "the secret of"


def seals(*keys: str) -> MasterKeySeals:
    return MasterKeySeals(lambda: [Secret(key) for key in keys], SystemChance())


@cache
def table_of(column: SealedColumn) -> Table:
    assert wiring.routes()  # every feature's tables are registered once it is wired
    return metadata.tables[column.partition(".")[0]]


async def fill(database: Database, key: str, organization_id: str, count: int) -> None:
    """Add so many rows of an organisation to the table of every column, sealed under a key."""
    sealing = seals(key)
    async with database.begin() as unit:
        for column in SealedColumn:
            ids = [f"row_{organization_id[:8]}_{number:05}" for number in range(count)]
            rows = [
                {
                    **_filling(table_of(column)),
                    "id": row_id,
                    "organization_id": organization_id,
                    column.partition(".")[2]: sealing.seal(f"{TEXT} {row_id}", column, row_id),
                }
                for row_id in ids
            ]
            await connection(unit).execute(insert(table_of(column)), rows)


def _filling(table: Table) -> dict[str, Any]:
    """Return something for each column that must have something."""
    numbers = BigInteger | Integer
    return {
        column.name: False if isinstance(column.type, Boolean) else 0 if isinstance(column.type, numbers) else "x"
        for column in table.columns
        if not column.nullable
    }


async def openable(database: Database, *keys: str) -> Mapping[str, int]:
    """Return how many values each key opens by itself; every value must open with one of them."""
    counts = dict.fromkeys(keys, 0)
    async with database.read() as unit:
        for column in SealedColumn:
            table = table_of(column)
            rows = await connection(unit).execute(select(table.c.id, table.c[column.partition(".")[2]]))
            for row_id, sealed in rows:
                openers = [key for key in keys if _opens(key, bytes(sealed), column, row_id)]
                assert len(openers) == 1, (column, row_id)
                counts[openers[0]] += 1
    return counts


def _opens(key: str, sealed: bytes, column: SealedColumn, row_id: str) -> bool:
    try:
        return seals(key).open(sealed, column, row_id).reveal() == f"{TEXT} {row_id}"
    except SealError:
        return False
