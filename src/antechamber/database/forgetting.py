"""Rows that do not matter after an instant: forgotten on the way, by whoever writes beside them."""

from typing import Any, Final

from sqlalchemy import Column, delete, select

from antechamber.base.unit import Unit
from antechamber.database.engine import connection

_BATCH: Final = 100


async def forget(unit: Unit, key: Column[Any], ends_at: Column[int], now: int) -> None:
    """Remove rows that ended by `now`, at most a hundred; what others remove at this moment is left to them.

    `ends_at` is to be indexed. Called at each insert, it keeps up with any number of them.
    """
    link = connection(unit)
    over = select(key).where(ends_at <= now).limit(_BATCH).with_for_update(skip_locked=True)
    if keys := [row[0] for row in await link.execute(over)]:
        await link.execute(delete(key.table).where(key.in_(keys)))
