"""The tables of service accounts, issuers and rules."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, ColumnElement, Index, Row, Select, String, Table, and_, or_, text

from antechamber.base.ids import OrganizationId
from antechamber.database.tables import Instant, Number, Text, metadata
from antechamber.features.federation.model.stamps import Stamp
from antechamber.features.federation.ports import Asked

# ids are compared by Python too, which knows no other order
_Ordered: Final = String().with_variant(String(collation="C"), "postgresql")
_IS_LIVE: Final = text("archived_at IS NULL")


def _named(name: str, *columns: Column[Any]) -> Table:
    """Return a table of things that have names, of which no two live ones of an organisation have the same."""
    return Table(
        name,
        metadata,
        Column("id", _Ordered, primary_key=True),
        Column("organization_id", Text, nullable=False),
        Column("name", Text, nullable=False),
        *columns,
        Column("created_at", Instant, nullable=False),
        Column("created_by", Text),
        Column("updated_at", Instant, nullable=False),
        Column("updated_by", Text),
        Column("archived_at", Instant),
        Column("archived_by", Text),
        Index(f"ix_{name}_organization_id", "organization_id", "created_at", "id"),
        Index(
            f"uq_{name}_name", "organization_id", "name", unique=True, sqlite_where=_IS_LIVE, postgresql_where=_IS_LIVE
        ),
    )


service_accounts: Final = _named(
    "service_accounts", Column("description", Text, nullable=False), Column("role", Text, nullable=False)
)

service_account_memberships: Final = Table(
    "service_account_memberships",
    metadata,
    Column("workspace_id", _Ordered, primary_key=True),
    Column("service_account_id", _Ordered, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Index("ix_service_account_memberships_service_account_id", "service_account_id", "workspace_id"),
)

federation_issuers: Final = _named(
    "federation_issuers",
    Column("url", Text, nullable=False),
    Column("jwks_type", Text, nullable=False),
    Column("jwks", Text, nullable=False),
    Column("check_jti", Boolean, nullable=False),
    Column("max_jwt_lifetime_seconds", Number, nullable=False),
)

federation_rules: Final = _named(
    "federation_rules",
    Column("description", Text, nullable=False),
    Column("issuer_id", Text, nullable=False, index=True),
    Column("match", Text, nullable=False),
    Column("service_account_id", Text, nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("token_lifetime_seconds", Number, nullable=False),
    Column("applies_to_all_workspaces", Boolean, nullable=False),
)

federation_rule_workspaces: Final = Table(
    "federation_rule_workspaces",
    metadata,
    Column("rule_id", Text, primary_key=True),
    Column("workspace_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Index("ix_federation_rule_workspaces_workspace_id", "workspace_id"),
)


def here(table: Table, organization_id: OrganizationId, thing_id: str) -> tuple[ColumnElement[bool], ...]:
    """Return what singles out one thing of an organisation."""
    return table.c.organization_id == organization_id, table.c.id == thing_id


def live_named(table: Table, organization_id: OrganizationId, name: str) -> tuple[ColumnElement[bool], ...]:
    """Return what singles out the live thing with a name."""
    return table.c.organization_id == organization_id, table.c.name == name, table.c.archived_at.is_(None)


def ask(query: Select[Any], table: Table, organization_id: OrganizationId, asked: Asked) -> Select[Any]:
    """Return a query narrowed to what a list was asked: newest first."""
    query = query.where(table.c.organization_id == organization_id)
    if not asked.archived:
        query = query.where(table.c.archived_at.is_(None))
    if asked.after is not None:
        at, key = asked.after
        query = query.where(
            or_(table.c.created_at < at, and_(table.c.created_at == at, table.c.id < key))
        )  # fmt: skip
    return query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(asked.limit)


def stamps(created: Stamp, updated: Stamp, archived: Stamp | None) -> dict[str, object]:
    """Return the columns that say who did what when."""
    return {
        "created_at": created.at,
        "created_by": created.by,
        "updated_at": updated.at,
        "updated_by": updated.by,
        "archived_at": None if archived is None else archived.at,
        "archived_by": None if archived is None else archived.by,
    }


def read_stamps(row: Row[Any]) -> tuple[Stamp, Stamp, Stamp | None]:
    """Return when and by whom a thing was created, last updated, and archived."""
    archived = None if row.archived_at is None else Stamp(row.archived_at, row.archived_by)
    return Stamp(row.created_at, row.created_by), Stamp(row.updated_at, row.updated_by), archived
