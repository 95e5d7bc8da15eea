"""The tables of environments and of their revisions."""

from typing import Final

from sqlalchemy import Column, Index, Table, text

from antechamber.database.tables import Instant, Number, Text, metadata

_ONLY_LIVE: Final = text("archived_at IS NULL")

environments: Final = Table(
    "environments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("config", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("revision", Number, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Index("ix_environments_listing", "workspace_id", "created_at", "id"),
    Index(
        "uq_environments_name",
        "workspace_id",
        "name",
        unique=True,
        sqlite_where=_ONLY_LIVE,
        postgresql_where=_ONLY_LIVE,
    ),
)

environment_revisions: Final = Table(
    "environment_revisions",
    metadata,
    Column("environment_id", Text, primary_key=True),
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("organization_id", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("config", Text, nullable=False),
    Column("metadata", Text, nullable=False),
)
