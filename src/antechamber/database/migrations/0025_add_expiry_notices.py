"""Announce the ends of API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_TABLE = "api_key_expiry_notices"
_DAY = 86_400_000_000
_SLACK = 60_000_000


def upgrade() -> None:
    """Create the table, with a notice of each end of the keys that are there; those that have passed go unsent."""
    op.create_table(
        _TABLE,
        sa.Column("api_key_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("mail_due_at", sa.BigInteger()),
        sa.Column("mail_attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("api_key_id", "expires_at", name=f"pk_{_TABLE}"),
    )
    op.create_index(f"ix_{_TABLE}_mail_due_at", _TABLE, ["mail_due_at"])
    op.execute(
        f"INSERT INTO {_TABLE} (api_key_id, expires_at, organization_id, told, mail_due_at, mail_attempts) "  # noqa: S608 - names and numbers of ours
        "SELECT id, expires_at, organization_id, '', "
        f"expires_at - CASE WHEN expires_at - created_at >= {14 * _DAY - _SLACK} THEN {7 * _DAY} ELSE {_DAY} END, 0 "
        f"FROM api_keys WHERE expires_at - created_at >= {7 * _DAY - _SLACK} AND status <> 'archived'"
    )
