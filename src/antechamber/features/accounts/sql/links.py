"""Set-up links in the database."""

from typing import Final

from sqlalchemy import Column, Table, insert, select, update

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.accounts.model import SetupLink

setup_links: Final = Table(
    "setup_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("email", Text),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)


class SqlSetupLinks:
    """The store of set-up links."""

    async def add(self, unit: Unit, organization_id: OrganizationId, link: SetupLink, digest: bytes) -> None:
        """Keep a new link."""
        await connection(unit).execute(
            insert(setup_links).values(
                id=link.id,
                organization_id=organization_id,
                email=link.email,
                digest=digest,
                created_at=link.created_at,
                expires_at=link.expires_at,
                used_at=link.used_at,
            )
        )

    async def resolve_link(self, unit: Unit, digest: bytes) -> SetupLink | None:
        """Return the link that a secret opens."""
        rows = await connection(unit).execute(select(setup_links).where(setup_links.c.digest == digest))
        row = rows.one_or_none()
        if row is None:
            return None
        return SetupLink(row.id, row.organization_id, row.email, row.created_at, row.expires_at, row.used_at)

    async def use(self, unit: Unit, organization_id: OrganizationId, link_id: str, at: int) -> bool:
        """Note that a link was used; False if it was before."""
        unused = (
            setup_links.c.organization_id == organization_id,
            setup_links.c.id == link_id,
            setup_links.c.used_at.is_(None),
        )
        used = await connection(unit).execute(update(setup_links).where(*unused).values(used_at=at))
        return bool(used.rowcount)
