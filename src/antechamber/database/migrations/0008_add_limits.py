"""Add rate limits, quotas and spend limits."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "rate_limit_rules",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("scope_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("limiter", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "scope", "scope_id", "group_id", "limiter", name="pk_rate_limit_rules"
        ),
    )
    op.create_table(
        "spend_limits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("scope_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spend_limits"),
        sa.UniqueConstraint("organization_id", "scope", "scope_id", "period", name="uq_spend_limits_holder"),
    )
    op.create_index("ix_spend_limits_created_at", "spend_limits", ["organization_id", "created_at", "id"])
    op.create_table(
        "quotas",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("requests_per_minute", sa.BigInteger()),
        sa.Column("requests_per_day", sa.BigInteger()),
        sa.Column("fallback_model", sa.String()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_quotas"),
    )
