"""Add builds of environments."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables."""
    texts = ("environment_id", "node", "digest", "base", "base_digest", "packages", "state", "progress")
    op.create_table(
        "environment_builds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("failure", sa.String()),
        sa.Column("lock", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_environment_builds"),
    )
    for name, columns in (
        ("listing", ["organization_id", "environment_id", "created_at", "id"]),
        ("digest", ["organization_id", "digest", "created_at"]),
        ("state", ["node", "state"]),
        ("ended_at", ["ended_at"]),
    ):
        op.create_index(f"ix_environment_builds_{name}", "environment_builds", columns)
