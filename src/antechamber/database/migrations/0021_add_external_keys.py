"""Add external keys, and the one that a workspace is tied to."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the table and the column."""
    op.create_table(
        "external_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String()),
        sa.Column("provider_config", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_external_keys"),
    )
    op.create_index("ix_external_keys_organization_id", "external_keys", ["organization_id", "created_at", "id"])
    op.add_column("workspaces", sa.Column("external_key_id", sa.String()))
