"""Add groups of people, and the groups that invites name; roles are code."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the tables and the column."""
    op.create_table(
        "rbac_groups",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source_type", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rbac_groups"),
    )
    op.create_index("ix_rbac_groups_organization_id", "rbac_groups", ["organization_id", "created_at", "id"])
    op.create_table(
        "rbac_group_members",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_rbac_group_members"),
    )
    op.create_index("ix_rbac_group_members_group_id", "rbac_group_members", ["group_id", "created_at", "user_id"])
    op.create_index("ix_rbac_group_members_user_id", "rbac_group_members", ["user_id"])
    op.add_column("invites", sa.Column("rbac_group_ids", sa.String()))
