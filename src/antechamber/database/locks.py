"""Making transactions that touch the same things come one after the other."""

from sqlalchemy import text

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.sqlite import has_begun

# on SQLite any statement begins the transaction, which is alone from then on
_BEGIN = text("SELECT 1")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def lock_organization(unit: Unit, organization_id: OrganizationId) -> None:
    """Wait until no other writing transaction of the organisation that asked for this is open; held to the end.

    What is read afterwards is what those have committed. To be called before the reads that a decision stands on.
    On SQLite every writing transaction is alone already (BEGIN IMMEDIATE).
    """
    await lock_name(unit, f"organization {organization_id}")


async def lock_founding(unit: Unit) -> None:
    """Wait until nobody else founds an organisation on this server; held to the unit's end."""
    await lock_name(unit, "founding")


async def lock_name(unit: Unit, name: str) -> None:
    """Wait until no other writing transaction that asked for the same name is open; held to the unit's end."""
    link = connection(unit)
    if link.dialect.name != "sqlite":
        await link.execute(_LOCK, {"name": name})
    elif link.sync_connection and not has_begun(link.sync_connection.connection.dbapi_connection):
        await link.execute(_BEGIN)
