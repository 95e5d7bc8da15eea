"""The tables of workspaces and of the roles given in them."""

from typing import Final

from sqlalchemy import Column, Index, String, Table, text

from antechamber.database.tables import Instant, Text, metadata

_ONLY_DEFAULT: Final = text("kind = 'default'")
_ONLY_LIVE_CLAUDE_CODE: Final = text("kind = 'claude_code' AND archived_at IS NULL")
# ids are compared by Python too, which knows no other order
_Ordered: Final = String().with_variant(String(collation="C"), "postgresql")

workspaces: Final = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("display_color", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("compartment_id", Text, nullable=False),
    Column("workspace_geo", Text, nullable=False),
    Column("allowed_inference_geos", Text),
    Column("default_inference_geo", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Column("external_key_id", Text),
    Index("ix_workspaces_organization_id", "organization_id", "created_at"),
    Index(
        "uq_workspaces_default",
        "organization_id",
        unique=True,
        sqlite_where=_ONLY_DEFAULT,
        postgresql_where=_ONLY_DEFAULT,
    ),
    Index(
        "uq_workspaces_claude_code",
        "organization_id",
        unique=True,
        sqlite_where=_ONLY_LIVE_CLAUDE_CODE,
        postgresql_where=_ONLY_LIVE_CLAUDE_CODE,
    ),
)

workspace_members: Final = Table(
    "workspace_members",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("user_id", _Ordered, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index("ix_workspace_members_user_id", "user_id"),
)
