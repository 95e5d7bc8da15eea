"""Browser sessions in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Table, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import BrowserSessionId, UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.forgetting import forget
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.accounts.model import StoredSession

browser_sessions: Final = Table(
    "browser_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("proved_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
    Column("address", Text),
    Column("user_agent", Text),
)


class SqlSessions:
    """The store of browser sessions, a person's own, under the digests of their secrets."""

    async def add(self, unit: Unit, user_id: UserId, session: StoredSession, digest: bytes, keep: int) -> None:
        """Keep a new session; forget those that are over, and the person's oldest beyond `keep`."""
        link = connection(unit)
        await forget(unit, browser_sessions.c.id, browser_sessions.c.ends_at, session.created_at)
        await link.execute(
            insert(browser_sessions).values(
                id=session.id,
                user_id=user_id,
                digest=digest,
                created_at=session.created_at,
                proved_at=session.proved_at,
                last_seen_at=session.last_seen_at,
                ends_at=session.ends_at,
                address=session.address,
                user_agent=session.user_agent,
            )
        )
        newest = browser_sessions.c.last_seen_at.desc(), browser_sessions.c.id.desc()
        mine = browser_sessions.c.user_id == user_id
        beyond = await link.execute(select(browser_sessions.c.id).where(mine).order_by(*newest).offset(keep))
        if surplus := [row.id for row in beyond]:
            await link.execute(delete(browser_sessions).where(mine, browser_sessions.c.id.in_(surplus)))

    async def listing(self, unit: Unit, user_id: UserId) -> Sequence[StoredSession]:
        """Return a person's sessions, the last used first."""
        query = select(browser_sessions).where(browser_sessions.c.user_id == user_id)
        order = browser_sessions.c.last_seen_at.desc(), browser_sessions.c.id.desc()
        return [_session(row) for row in await connection(unit).execute(query.order_by(*order))]

    async def touch(self, unit: Unit, user_id: UserId, session_id: BrowserSessionId, at: int) -> None:
        """Note that a session was used."""
        await connection(unit).execute(
            update(browser_sessions).where(*_one(user_id, session_id)).values(last_seen_at=at)
        )

    async def rotate(
        self, unit: Unit, user_id: UserId, session_id: BrowserSessionId, digest: bytes, proved_at: int
    ) -> bool:
        """Give a session another secret, and note a new proof; False if it has ended."""
        query = update(browser_sessions).where(*_one(user_id, session_id))
        rotated = await connection(unit).execute(query.values(digest=digest, proved_at=proved_at))
        return bool(rotated.rowcount)

    async def remove(self, unit: Unit, user_id: UserId, session_id: BrowserSessionId) -> bool:
        """End a session; False if the person has no such one."""
        gone = await connection(unit).execute(delete(browser_sessions).where(*_one(user_id, session_id)))
        return bool(gone.rowcount)

    async def remove_of(self, unit: Unit, user_id: UserId, but: BrowserSessionId | None = None) -> int:
        """End a person's sessions, all or all but one; returns how many there were."""
        query = delete(browser_sessions).where(browser_sessions.c.user_id == user_id)
        if but is not None:
            query = query.where(browser_sessions.c.id != but)
        return int((await connection(unit).execute(query)).rowcount)

    async def resolve_session(self, unit: Unit, digest: bytes) -> StoredSession | None:
        """Return the session that a secret opens."""
        query = select(browser_sessions).where(browser_sessions.c.digest == digest)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _session(row)


def _one(user_id: UserId, session_id: BrowserSessionId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return browser_sessions.c.user_id == user_id, browser_sessions.c.id == session_id


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        id=row.id,
        user_id=row.user_id,
        created_at=row.created_at,
        proved_at=row.proved_at,
        last_seen_at=row.last_seen_at,
        ends_at=row.ends_at,
        address=row.address,
        user_agent=row.user_agent,
    )
