"""Add the audit log's activities."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "activities",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String()),
        sa.Column("ip_address", sa.String()),
        sa.Column("user_agent", sa.String()),
        sa.Column("request_id", sa.String()),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "sequence", name="pk_activities"),
        sa.UniqueConstraint("id", name="uq_activities_id"),
    )
    op.create_index("ix_activities_organization_id", "activities", ["organization_id", "created_at"])
