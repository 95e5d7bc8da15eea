"""Add what workspaces have beyond a name and their members."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables and columns."""
    op.drop_index("uq_workspaces_default", "workspaces")
    with op.batch_alter_table("workspaces") as batch:
        batch.add_column(sa.Column("name_key", sa.String()))
        batch.add_column(sa.Column("kind", sa.String()))
        batch.add_column(sa.Column("compartment_id", sa.String()))
        batch.add_column(sa.Column("workspace_geo", sa.String()))
        batch.add_column(sa.Column("allowed_inference_geos", sa.String()))
        batch.add_column(sa.Column("default_inference_geo", sa.String()))
        batch.add_column(sa.Column("tags", sa.String()))
    # the older version made nothing but Default workspaces, whose ids are wrkspc_01…
    op.execute(
        "UPDATE workspaces SET name_key = lower(name), kind = CASE WHEN is_default THEN 'default' ELSE 'ordinary' END,"
        " compartment_id = 'cmpt' || substr(id, 7), workspace_geo = 'us', default_inference_geo = 'global', tags = '{}'"
    )
    with op.batch_alter_table("workspaces") as batch:
        for name in ("name_key", "kind", "compartment_id", "workspace_geo", "default_inference_geo", "tags"):
            batch.alter_column(name, existing_type=sa.String(), nullable=False)
        batch.drop_column("is_default")
    for name, condition in (
        ("uq_workspaces_default", "kind = 'default'"),
        ("uq_workspaces_claude_code", "kind = 'claude_code' AND archived_at IS NULL"),
    ):
        only = sa.text(condition)
        op.create_index(name, "workspaces", ["organization_id"], unique=True, sqlite_where=only, postgresql_where=only)
    _create_members()


def _create_members() -> None:
    ordered = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("user_id", ordered, nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name="pk_workspace_members"),
    )
    op.create_index("ix_workspace_members_user_id", "workspace_members", ["user_id"])
