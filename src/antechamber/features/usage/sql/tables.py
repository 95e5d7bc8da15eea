"""The ledger's tables."""

from dataclasses import fields
from typing import Final

from sqlalchemy import Boolean, Column, Index, Table, text

from antechamber.database.tables import Count, Digest, Instant, Number, Text, metadata
from antechamber.features.usage.model import COSTS, Dimension, Tag, TokenUsage

usage_rows: Final = Table(
    "usage_rows",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("default_workspace", Boolean, nullable=False),
    Column("api_key_id", Text),
    Column("user_id", Text),
    Column("service_account_id", Text),
    Column("endpoint", Text, nullable=False),
    Column("model_asked", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("estimated_input", Count, nullable=False),
    Column("session_id", Text),
    Column("agent_id", Text),
    Column("parent_agent_id", Text),
    Column("end_user", Text),
    Column("user_profile_id", Text),
    Column("uncached_input", Count, nullable=False),
    Column("cache_write_5m", Count, nullable=False),
    Column("cache_write_1h", Count, nullable=False),
    Column("cache_read", Count, nullable=False),
    Column("output", Count, nullable=False),
    Column("web_search_requests", Count, nullable=False),
    Column("web_fetch_requests", Count, nullable=False),
    Column("code_execution_requests", Count, nullable=False),
    Column("status", Number, nullable=False),
    Column("service_tier", Text, nullable=False),
    Column("inference_geo", Text, nullable=False),
    Column("speed", Text, nullable=False),
    Column("context_window", Text, nullable=False),
    Column("stop_reason", Text),
    Column("duration_us", Count, nullable=False),
    Column("first_token_us", Count),
    Column("ended", Text, nullable=False),
    Column("estimated", Boolean, nullable=False),
    # null in rows from before prices, until they are priced by command
    Column("cost", Count),
    *(Column(name, Count) for name in COSTS),
    Column("cost_cny", Count),
    Column("price_source", Text),
    Column("price_version", Text),
    Column("tag", Text),
    Index("ix_usage_rows_organization_id", "organization_id", "started_at"),
)

# '' stands for null in the dimensions: a key must not hold nulls. A width such as `1d/model` is a coarser roll-up of
# the same requests, in which the other dimensions are ''.
usage_rollups: Final = Table(
    "usage_rollups",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("width", Text, primary_key=True),
    Column("bucket", Instant, primary_key=True),
    *(Column(dimension.value, Text, primary_key=True) for dimension in Dimension),
    Column("default_workspace", Boolean, nullable=False),
    *(Column(field.name, Count, nullable=False) for field in fields(TokenUsage)),
    Column("requests", Count, nullable=False),
    *(Column(name, Count, nullable=False, server_default=text("0")) for name in (*COSTS, "unpriced_requests")),
    # the key is all that is ever looked for, so on SQLite the rows lie in its order
    sqlite_with_rowid=False,
)

# Days of the requests that carry a tag, by all tags and dimensions. The key is a digest of these: texts of callers are
# too long for an index of PostgreSQL's.
usage_tagged: Final = Table(
    "usage_tagged",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("bucket", Instant, primary_key=True),
    Column("digest", Digest, primary_key=True),
    *(Column(tag.value, Text, nullable=False) for tag in Tag),
    *(Column(dimension.value, Text, nullable=False) for dimension in Dimension),
    Column("default_workspace", Boolean, nullable=False),
    *(Column(field.name, Count, nullable=False) for field in fields(TokenUsage)),
    Column("requests", Count, nullable=False),
    *(Column(name, Count, nullable=False) for name in (*COSTS, "unpriced_requests")),
    sqlite_with_rowid=False,
)

# Days of sessions by model, of all requests: '' are those without a session. Most sessions end on the day on which
# they began, so that ranking a month's is half of the work that it is by way of `usage_tagged`.
usage_sessions: Final = Table(
    "usage_sessions",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("bucket", Instant, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    *(Column(field.name, Count, nullable=False) for field in fields(TokenUsage)),
    Column("requests", Count, nullable=False),
    *(Column(name, Count, nullable=False) for name in (*COSTS, "unpriced_requests")),
    sqlite_with_rowid=False,
)

COUNTERS: Final = (*(field.name for field in fields(TokenUsage)), "requests", *COSTS, "unpriced_requests")
