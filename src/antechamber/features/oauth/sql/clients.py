"""Registered clients in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Column, Row, Table, delete, insert, select

from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_name
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.oauth.model import Client, GrantType

oauth_clients: Final = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Column("secret_digest", Digest),
    # neither of the two has a space in it
    Column("redirect_uris", Text, nullable=False),
    Column("grants", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("organization_id", Text),
    Column("created_at", Instant, nullable=False),
)


class SqlClients:
    """The store of registered clients; those of no organisation are every one's, so no method has a tenant."""

    async def resolve_client(self, unit: Unit, client_id: str) -> Client | None:
        """Return a client."""
        rows = await connection(unit).execute(select(oauth_clients).where(oauth_clients.c.id == client_id))
        row = rows.one_or_none()
        return None if row is None else _client(row)

    async def sweep_all(self, unit: Unit) -> Sequence[Client]:
        """Return every registered client, oldest first."""
        order = (oauth_clients.c.created_at, oauth_clients.c.id)
        rows = await connection(unit).execute(select(oauth_clients).order_by(*order))
        return [_client(row) for row in rows]

    async def sweep_in(self, unit: Unit, client: Client) -> None:
        """Keep a client, in place of one with its id."""
        await lock_name(unit, "clients")
        await self.sweep_out(unit, client.id)
        await connection(unit).execute(
            insert(oauth_clients),
            {
                "id": client.id,
                "name": client.name,
                "confidential": client.confidential,
                "secret_digest": client.secret_digest,
                "redirect_uris": " ".join(client.redirect_uris),
                "grants": " ".join(client.grants),
                "scopes": " ".join(client.scopes),
                "organization_id": client.organization_id,
                "created_at": client.created_at,
            },
        )

    async def sweep_out(self, unit: Unit, client_id: str) -> bool:
        """Forget a client; False if there is none."""
        done = await connection(unit).execute(delete(oauth_clients).where(oauth_clients.c.id == client_id))
        return done.rowcount == 1


def _client(row: Row[Any]) -> Client:
    return Client(
        row.id,
        row.name,
        row.confidential,
        tuple(row.redirect_uris.split()),
        tuple(GrantType(grant) for grant in row.grants.split()),
        tuple(row.scopes.split()),
        row.organization_id,
        row.secret_digest,
        row.created_at,
    )
