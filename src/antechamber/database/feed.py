"""What a transaction leaves in the change feed when it ends."""

from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from antechamber.database.tables import change_feed
from antechamber.database.upserts import insert_into

CHANNEL: Final = "antechamber_changes"


async def raise_versions(link: AsyncConnection, names: AbstractSet[str]) -> None:
    """Raise the version of each name and wake those who listen; to be the last that a transaction does.

    Every row of the feed is locked until the commit. Taken last and in the order of their names, two transactions that
    changed the same things can't wait for each other in a circle, and one organisation hardly waits for another.
    """
    for name in sorted(names):
        raised = {"version": change_feed.c.version + 1}
        statement = insert_into(change_feed, link).values(name=name, version=1)
        await link.execute(statement.on_conflict_do_update(index_elements=["name"], set_=raised))
        if link.dialect.name != "sqlite":
            await link.execute(text("SELECT pg_notify(:channel, :name)"), {"channel": CHANNEL, "name": name})
