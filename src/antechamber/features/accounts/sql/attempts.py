"""What is counted of attempts to log in, in the database, so that every node counts the same."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Column, Table, select

from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.forgetting import forget
from antechamber.database.locks import lock_name
from antechamber.database.tables import Count, Digest, Instant, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.accounts.model import Attempts

log_in_attempts: Final = Table(
    "log_in_attempts",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("failures", Count, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("open_at", Instant, nullable=False),
    Column("known_until", Instant, nullable=False),
    Column("forget_at", Instant, nullable=False, index=True),
)


class SqlAttempts:
    """The store of attempts, under keyed digests of what they are counted for."""

    async def resolve_attempts(self, unit: Unit, digests: Sequence[bytes]) -> Mapping[bytes, Attempts]:
        """Return what is counted of each; others who ask for the same wait until the unit ends."""
        # in one order, so that no two wait in a circle
        for digest in sorted(digests):
            await lock_name(unit, f"log-in {digest.hex()}")
        query = select(log_in_attempts).where(log_in_attempts.c.digest.in_(digests))
        rows = await connection(unit).execute(query)
        return {row.digest: Attempts(row.failures, row.last_at, row.open_at, row.known_until) for row in rows}

    async def sweep_in(self, unit: Unit, counted: Mapping[bytes, Attempts], now: int) -> None:
        """Keep what is counted now, and forget what does not matter any more."""
        link = connection(unit)
        for digest, attempts in sorted(counted.items()):
            fresh = {
                "failures": attempts.failures,
                "last_at": attempts.last_at,
                "open_at": attempts.open_at,
                "known_until": attempts.known_until,
                "forget_at": attempts.forget_at(),
            }
            await link.execute(
                insert_into(log_in_attempts, link)
                .values(digest=digest, **fresh)
                .on_conflict_do_update(index_elements=["digest"], set_=fresh)
            )
        await forget(unit, log_in_attempts.c.digest, log_in_attempts.c.forget_at, now)
