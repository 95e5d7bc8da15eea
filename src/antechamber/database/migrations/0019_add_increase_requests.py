"""Add requests for higher spend limits."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_TABLE = "spend_limit_increase_requests"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.Column("resolver_kind", sa.String()),
        sa.Column("resolver_id", sa.String()),
        sa.Column("mail_due_at", sa.BigInteger()),
        sa.Column("mail_attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{_TABLE}"),
    )
    op.create_index(f"ix_{_TABLE}_created_at", _TABLE, ["organization_id", "created_at", "id"])
    op.create_index(f"ix_{_TABLE}_mail_due_at", _TABLE, ["mail_due_at"])
