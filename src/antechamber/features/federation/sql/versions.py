"""Whether anything has changed of what exchanges stand on: the change feed's versions."""

from collections.abc import Hashable
from typing import Final

from sqlalchemy import select

from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, FEDERATION
from antechamber.database.engine import connection
from antechamber.database.tables import change_feed

_READ: Final = (
    select(change_feed.c.name, change_feed.c.version)
    .where(change_feed.c.name.in_((CREDENTIALS, FEDERATION)))
    .order_by(change_feed.c.name)
)


class SqlVersions:
    """The versions of rules and issuers, and of accounts, roles and workspaces, which count among the credentials."""

    async def sweep_versions(self, unit: Unit) -> Hashable:
        """Return a value that is another after each change of rules, issuers, accounts, roles or workspaces."""
        return tuple((row.name, row.version) for row in await connection(unit).execute(_READ))
