"""Add the ledger's rows and their roll-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables; the roll-ups lie in the order of their key on SQLite."""
    op.create_table(
        "usage_rows",
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("default_workspace", sa.Boolean(), nullable=False),
        sa.Column("api_key_id", sa.String()),
        sa.Column("user_id", sa.String()),
        sa.Column("service_account_id", sa.String()),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("model_asked", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("estimated_input", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.String()),
        sa.Column("agent_id", sa.String()),
        sa.Column("parent_agent_id", sa.String()),
        sa.Column("end_user", sa.String()),
        sa.Column("user_profile_id", sa.String()),
        *_counters(),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("service_tier", sa.String(), nullable=False),
        sa.Column("inference_geo", sa.String(), nullable=False),
        sa.Column("speed", sa.String(), nullable=False),
        sa.Column("context_window", sa.String(), nullable=False),
        sa.Column("stop_reason", sa.String()),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("first_token_us", sa.BigInteger()),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_usage_rows"),
    )
    op.create_index("ix_usage_rows_organization_id", "usage_rows", ["organization_id", "started_at"])
    dimensions = (
        "account_id",
        "api_key_id",
        "context_window",
        "inference_geo",
        "model",
        "service_account_id",
        "service_tier",
        "speed",
        "workspace_id",
    )
    op.create_table(
        "usage_rollups",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("width", sa.String(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        *(sa.Column(dimension, sa.String(), nullable=False) for dimension in dimensions),
        sa.Column("default_workspace", sa.Boolean(), nullable=False),
        *_counters(),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "width", "bucket", *dimensions, name="pk_usage_rollups"),
        sqlite_with_rowid=False,
    )


def _counters() -> list[sa.Column[int]]:
    names = (
        "uncached_input",
        "cache_write_5m",
        "cache_write_1h",
        "cache_read",
        "output",
        "web_search_requests",
        "web_fetch_requests",
        "code_execution_requests",
    )
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]
