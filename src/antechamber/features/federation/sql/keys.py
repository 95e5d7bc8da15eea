"""Fetched keys of issuers, and how their fetching goes."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Table, select, update

from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Instant, Number, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.federation.model.keys import KeyRow

federation_keys: Final = Table(
    "federation_keys",
    metadata,
    Column("issuer_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("keys", Text),
    Column("source", Instant, nullable=False),
    Column("fetched_at", Instant),
    Column("attempted_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=False),
    Column("consecutive_failures", Number, nullable=False),
    Column("next_poll_at", Instant, index=True),
    Column("disabled_at", Instant),
    Column("problem", Text),
)
_BLANK: Final = {"source": 0, "attempted_at": 0, "settled_at": 0, "consecutive_failures": 0}


class SqlKeys:
    """The store of fetched keys."""

    async def find(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> KeyRow | None:
        """Return what is kept of an issuer."""
        found = await connection(unit).execute(select(federation_keys).where(*_one(organization_id, issuer_id)))
        row = found.one_or_none()
        return None if row is None else _key_row(row, keys=None if row.keys is None else json.loads(row.keys))

    async def claim(
        self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, now: int, before: int
    ) -> bool:
        """Note that a fetch begins, unless one began after `before`: then False, and nobody else's is disturbed."""
        link = connection(unit)
        new = insert_into(federation_keys, link)
        values = {"issuer_id": issuer_id, "organization_id": organization_id, **_BLANK}
        await link.execute(new.values(**values).on_conflict_do_nothing())
        claimed = (
            update(federation_keys)
            .where(*_one(organization_id, issuer_id), federation_keys.c.attempted_at <= before)
            .values(attempted_at=now)
        )
        return (await link.execute(claimed)).rowcount == 1

    async def settle(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, row: KeyRow) -> None:
        """Keep how a fetch ended."""
        await connection(unit).execute(
            update(federation_keys)
            .where(*_one(organization_id, issuer_id))
            .values(
                keys=None if row.keys is None else json.dumps(row.keys, separators=(",", ":")),
                source=row.source,
                fetched_at=row.fetched_at,
                settled_at=row.settled_at,
                consecutive_failures=row.consecutive_failures,
                next_poll_at=row.next_poll_at,
                disabled_at=row.disabled_at,
                problem=row.problem,
            )
        )

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]
    ) -> Mapping[IssuerId, KeyRow]:
        """Return what is kept of each of these, without the keys."""
        table = federation_keys
        columns = [column for column in table.c if column is not table.c["keys"]]
        query = select(*columns).where(table.c.organization_id == organization_id, table.c.issuer_id.in_(ids))
        return {row.issuer_id: _key_row(row, keys=None) for row in await connection(unit).execute(query)}

    async def restart(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, now: int) -> None:
        """Let the next fetch come at once, and forget what failed; the keys stay."""
        link = connection(unit)
        new = insert_into(federation_keys, link)
        anew = {"attempted_at": 0, "consecutive_failures": 0, "next_poll_at": now, "disabled_at": None, "problem": None}
        values = {"issuer_id": issuer_id, "organization_id": organization_id, **_BLANK, **anew}
        await link.execute(new.values(**values).on_conflict_do_update(index_elements=["issuer_id"], set_=anew))

    async def stop(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Let no poll come any more."""
        ended = update(federation_keys).where(*_one(organization_id, issuer_id)).values(next_poll_at=None)
        await connection(unit).execute(ended)

    async def sweep_due(self, unit: Unit, now: int, limit: int) -> Sequence[tuple[OrganizationId, IssuerId]]:
        """Return the issuers of this server whose next poll is due, the longest waiting first."""
        table = federation_keys
        query = select(table.c.organization_id, table.c.issuer_id).where(table.c.next_poll_at <= now)
        found = await connection(unit).execute(query.order_by(table.c.next_poll_at).limit(limit))
        return [(row.organization_id, row.issuer_id) for row in found]


def _one(organization_id: OrganizationId, issuer_id: IssuerId) -> tuple[Any, Any]:
    return federation_keys.c.organization_id == organization_id, federation_keys.c.issuer_id == issuer_id


def _key_row(row: Row[Any], *, keys: Sequence[Mapping[str, object]] | None) -> KeyRow:
    return KeyRow(
        keys,
        row.source,
        row.fetched_at,
        row.attempted_at,
        row.settled_at,
        row.consecutive_failures,
        row.next_poll_at,
        row.disabled_at,
        row.problem,
    )
