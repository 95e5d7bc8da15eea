"""Keep what became of deliveries to webhook endpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_TABLE = "webhook_deliveries"


def upgrade() -> None:
    """Add how a delivery stands; what is there waits."""
    op.add_column(_TABLE, sa.Column("state", sa.String(), nullable=False, server_default="pending"))
    op.add_column(_TABLE, sa.Column("last_status", sa.Integer()))
    op.add_column(_TABLE, sa.Column("last_error", sa.String()))
    op.add_column(_TABLE, sa.Column("ended_at", sa.BigInteger()))
    op.create_index(f"ix_{_TABLE}_ended_at", _TABLE, ["ended_at"])
