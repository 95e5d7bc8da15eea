"""Passkeys and answered challenges in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Column, Row, Table, delete, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import PasskeyId, UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.forgetting import forget
from antechamber.database.locks import lock_name
from antechamber.database.tables import Count, Digest, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.accounts.model import Passkey

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("credential_id", Digest, nullable=False, unique=True),
    Column("public_key", Digest, nullable=False),
    Column("user_handle", Digest, nullable=False),
    Column("sign_count", Count, nullable=False),
    Column("transports", Text, nullable=False),
    Column("is_synced", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
)
spent_challenges: Final = Table(
    "spent_challenges",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("expires_at", Instant, nullable=False, index=True),
)


class SqlPasskeys:
    """The store of passkeys, a person's own, and of the challenges that have been answered."""

    async def lock(self, unit: Unit, user_id: UserId) -> None:
        """Make those who remove passkeys of a person come one after the other; held to the unit's end."""
        await lock_name(unit, f"passkeys {user_id}")

    async def listing(self, unit: Unit, user_id: UserId) -> Sequence[Passkey]:
        """Return a person's passkeys, oldest first."""
        query = select(passkeys).where(passkeys.c.user_id == user_id)
        rows = await connection(unit).execute(query.order_by(passkeys.c.created_at, passkeys.c.id))
        return [_passkey(row) for row in rows]

    async def add(self, unit: Unit, user_id: UserId, passkey: Passkey) -> bool:
        """Keep a new passkey; False if its credential is kept already, whoever's it is."""
        link = connection(unit)
        values = {
            "id": passkey.id,
            "user_id": user_id,
            "name": passkey.name,
            "credential_id": passkey.credential_id,
            "public_key": passkey.public_key,
            "user_handle": passkey.user_handle,
            "sign_count": passkey.sign_count,
            "transports": " ".join(passkey.transports),
            "is_synced": passkey.is_synced,
            "created_at": passkey.created_at,
            "last_used_at": passkey.last_used_at,
        }
        query = insert_into(passkeys, link).values(**values).on_conflict_do_nothing(index_elements=["credential_id"])
        return bool((await link.execute(query)).rowcount)

    async def rename(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId, name: str) -> bool:
        """Change a name; False if the person has no such passkey."""
        query = update(passkeys).where(*_one(user_id, passkey_id)).values(name=name)
        return bool((await connection(unit).execute(query)).rowcount)

    async def note_use(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId, sign_count: int, at: int) -> None:
        """Note that a passkey was used, and its count."""
        query = update(passkeys).where(*_one(user_id, passkey_id))
        await connection(unit).execute(query.values(sign_count=sign_count, last_used_at=at))

    async def remove(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Forget a passkey; False if the person has no such one."""
        return bool((await connection(unit).execute(delete(passkeys).where(*_one(user_id, passkey_id)))).rowcount)

    async def remove_of(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's passkeys."""
        await connection(unit).execute(delete(passkeys).where(passkeys.c.user_id == user_id))

    async def resolve_passkey(self, unit: Unit, credential_id: bytes) -> Passkey | None:
        """Return the passkey of a credential, which others wait for until the unit ends."""
        query = select(passkeys).where(passkeys.c.credential_id == credential_id).with_for_update()
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _passkey(row)

    async def sweep_in_spent(self, unit: Unit, digest: bytes, expires_at: int, now: int) -> bool:
        """Note until it expires that a challenge was answered; False if it was before. Expired ones are forgotten."""
        link = connection(unit)
        await forget(unit, spent_challenges.c.digest, spent_challenges.c.expires_at, now)
        query = insert_into(spent_challenges, link).values(digest=digest, expires_at=expires_at)
        return bool((await link.execute(query.on_conflict_do_nothing(index_elements=["digest"]))).rowcount)


def _one(user_id: UserId, passkey_id: PasskeyId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return passkeys.c.user_id == user_id, passkeys.c.id == passkey_id


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        credential_id=row.credential_id,
        public_key=row.public_key,
        user_handle=row.user_handle,
        sign_count=row.sign_count,
        transports=tuple(row.transports.split()),
        is_synced=row.is_synced,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
