"""Add environments and the history of their configurations."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "environments",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("id", "organization_id", "workspace_id", "name")),
        sa.Column("description", sa.String()),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("config", "metadata")),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_environments"),
    )
    op.create_index("ix_environments_listing", "environments", ["workspace_id", "created_at", "id"])
    only_live = sa.text("archived_at IS NULL")
    op.create_index(
        "uq_environments_name",
        "environments",
        ["workspace_id", "name"],
        unique=True,
        sqlite_where=only_live,
        postgresql_where=only_live,
    )
    op.create_table(
        "environment_revisions",
        sa.Column("environment_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("organization_id", "change")),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String()),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String()),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("config", "metadata")),
        sa.PrimaryKeyConstraint("environment_id", "number", name="pk_environment_revisions"),
    )
