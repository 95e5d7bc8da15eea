"""Add days of sessions, and weeks of people, of keys with models, and of every dimension."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_DIMENSIONS = (
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
_COUNTERS = (
    "uncached_input",
    "cache_write_5m",
    "cache_write_1h",
    "cache_read",
    "output",
    "web_search_requests",
    "web_fetch_requests",
    "code_execution_requests",
    "requests",
    "cost_uncached_input",
    "cost_cache_write_5m",
    "cost_cache_write_1h",
    "cost_cache_read",
    "cost_output",
    "cost_web_search",
    "unpriced_requests",
)
_WEEK = 7 * 86_400_000_000
_SUMS = ", ".join(f"SUM({counter})" for counter in _COUNTERS)


def upgrade() -> None:
    """Create the table, and fill both of the days that are there: no row of the ledger is read."""
    op.create_table(
        "usage_sessions",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        *(sa.Column(counter, sa.BigInteger(), nullable=False) for counter in _COUNTERS),
        sa.PrimaryKeyConstraint("organization_id", "bucket", "session_id", "model", name="pk_usage_sessions"),
        sqlite_with_rowid=False,
    )
    _fill_sessions()
    for suffix in ("/key-model", "/people", ""):
        _widen(suffix)


def _fill_sessions() -> None:
    key, counters = "organization_id, bucket, session_id, model", ", ".join(_COUNTERS)
    tagged = f"SELECT {key}, {counters} FROM usage_tagged"  # noqa: S608 - names of ours only
    untagged = (
        f"SELECT organization_id, bucket, '', model, {counters} "  # noqa: S608 - as above
        "FROM usage_rollups WHERE width = '1d/untagged'"
    )
    op.execute(
        f"INSERT INTO usage_sessions ({key}, {counters}) SELECT {key}, {_SUMS} "  # noqa: S608 - as above
        f"FROM ({tagged} UNION ALL {untagged}) AS days GROUP BY {key}"
    )


def _widen(suffix: str) -> None:
    dimensions = ", ".join(_DIMENSIONS)
    week = f"bucket - bucket % {_WEEK}"
    op.execute(
        f"INSERT INTO usage_rollups (organization_id, width, bucket, {dimensions}, default_workspace, "  # noqa: S608
        f"{', '.join(_COUNTERS)}) SELECT organization_id, '7d{suffix}', {week}, {dimensions}, "
        f"MAX(CAST(default_workspace AS INTEGER)) = 1, {_SUMS} FROM usage_rollups WHERE width = '1d{suffix}' "
        f"GROUP BY organization_id, {week}, {dimensions}"
    )
