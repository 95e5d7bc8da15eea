"""Hashes of passwords, and the links by which new ones are set, in the database."""

from typing import Any, Final

from sqlalchemy import Column, Select, Table, delete, insert, select, update

from antechamber.base.ids import UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.accounts.model import PasswordLink, StoredPassword

passwords: Final = Table(
    "passwords",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("encoded", Text, nullable=False),
    Column("set_at", Instant, nullable=False),
)
password_links: Final = Table(
    "password_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)


class SqlPasswords:
    """The store of passwords, a person's own."""

    async def find(self, unit: Unit, user_id: UserId) -> StoredPassword | None:
        """Return a person's password."""
        return await _one(unit, _of(user_id))

    async def hold(self, unit: Unit, user_id: UserId) -> StoredPassword | None:
        """Return a person's password, whose change waits until the unit ends."""
        return await _one(unit, _of(user_id).with_for_update(read=True))

    async def keep(self, unit: Unit, user_id: UserId, encoded: str, at: int) -> None:
        """Keep a person's new hash in place of any other."""
        link = connection(unit)
        fresh = {"encoded": encoded, "set_at": at}
        await link.execute(
            insert_into(passwords, link)
            .values(user_id=user_id, **fresh)
            .on_conflict_do_update(index_elements=["user_id"], set_=fresh)
        )

    async def renew(self, unit: Unit, user_id: UserId, old: str, encoded: str) -> None:
        """Keep the same password's hash of newer parameters, unless the password has changed meanwhile."""
        theirs = passwords.c.user_id == user_id, passwords.c.encoded == old
        await connection(unit).execute(update(passwords).where(*theirs).values(encoded=encoded))

    async def remove(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's hash."""
        await connection(unit).execute(delete(passwords).where(passwords.c.user_id == user_id))

    async def add_link(self, unit: Unit, user_id: UserId, link: PasswordLink, digest: bytes) -> None:
        """Keep a new link in place of earlier ones."""
        await self.drop_links(unit, user_id)
        await connection(unit).execute(
            insert(password_links).values(
                id=link.id,
                user_id=user_id,
                digest=digest,
                created_at=link.created_at,
                expires_at=link.expires_at,
                used_at=link.used_at,
            )
        )

    async def resolve_link(self, unit: Unit, digest: bytes) -> PasswordLink | None:
        """Return the link that a secret opens, without its address."""
        query = select(password_links).where(password_links.c.digest == digest)
        row = (await connection(unit).execute(query)).one_or_none()
        if row is None:
            return None
        return PasswordLink(row.id, row.user_id, "", row.created_at, row.expires_at, row.used_at)

    async def use_link(self, unit: Unit, user_id: UserId, link_id: str, at: int) -> bool:
        """Note that a link was used; False if it was before."""
        unused = (
            password_links.c.user_id == user_id,
            password_links.c.id == link_id,
            password_links.c.used_at.is_(None),
        )
        used = await connection(unit).execute(update(password_links).where(*unused).values(used_at=at))
        return bool(used.rowcount)

    async def drop_links(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's links: a password set otherwise voids them."""
        await connection(unit).execute(delete(password_links).where(password_links.c.user_id == user_id))


def _of(user_id: UserId) -> Select[Any]:
    return select(passwords.c.encoded, passwords.c.set_at).where(passwords.c.user_id == user_id)


async def _one(unit: Unit, query: Select[Any]) -> StoredPassword | None:
    row = (await connection(unit).execute(query)).one_or_none()
    return None if row is None else StoredPassword(row.encoded, row.set_at)
