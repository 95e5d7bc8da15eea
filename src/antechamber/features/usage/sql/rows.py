"""Rows of the ledger read back by their requests' ids."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Row, select

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.usage.model import COSTS, Cost, Ending, Intent, Outcome, TokenUsage, UsageRow
from antechamber.features.usage.sql.tables import usage_rows

_NAMED: Final = {"key_id": "api_key_id", "model_served": "model"}
_INTENT: Final = tuple(_NAMED.get(field.name, field.name) for field in fields(Intent))
_USED: Final = tuple(field.name for field in fields(TokenUsage))
_ENDED: Final = tuple(field.name for field in fields(Outcome) if field.name != "usage")
_COST: Final = (*COSTS, "cost_cny", "price_source", "price_version")


class SqlRows:
    """The store of single rows."""

    async def several(
        self, unit: Unit, organization_id: OrganizationId, request_ids: Sequence[str]
    ) -> Sequence[UsageRow]:
        """Return the rows of requests, oldest first."""
        columns = usage_rows.c
        query = select(usage_rows).where(
            columns.organization_id == organization_id, columns.request_id.in_(request_ids)
        )  # fmt: skip
        rows = await connection(unit).execute(query.order_by(columns.started_at, columns.request_id))
        return [_row(row) for row in rows]


def _row(row: Row[Any]) -> UsageRow:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's own name for what is public of it
    told = {name: found[name] for name in _ENDED} | {"ended": Ending(row.ended), "estimated": bool(row.estimated)}
    # a null is a row from before prices
    cost = None if row.cost is None else Cost(*(found[name] for name in _COST))
    usage = TokenUsage(*(found[name] for name in _USED))
    return UsageRow(Intent(*(found[name] for name in _INTENT)), Outcome(usage=usage, **told), cost)
