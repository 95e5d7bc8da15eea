"""Add what requests cost, a tag of the caller's choice, and coarser roll-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COMPONENTS = ("uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")
_TOKENS = (
    "uncached_input",
    "cache_write_5m",
    "cache_write_1h",
    "cache_read",
    "output",
    "web_search_requests",
    "web_fetch_requests",
    "code_execution_requests",
)
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
_PEOPLE = ("account_id", "api_key_id", "service_account_id", "workspace_id")
_MODEL = ("context_window", "inference_geo", "model", "service_tier", "speed")


def upgrade() -> None:
    """Add the columns, and the coarser roll-ups of what is there; requests from before are not priced yet."""
    for name in ("cost", *(f"cost_{component}" for component in _COMPONENTS), "cost_cny"):
        op.add_column("usage_rows", sa.Column(name, sa.BigInteger()))
    for name in ("price_source", "price_version", "tag"):
        op.add_column("usage_rows", sa.Column(name, sa.String()))
    for name in (*(f"cost_{component}" for component in _COMPONENTS), "unpriced_requests"):
        op.add_column("usage_rollups", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE usage_rollups SET unpriced_requests = requests")
    for width in ("1d", "1h", "1m"):
        _coarsen(width, "model", _MODEL)
        _coarsen(width, "workspace", (*_MODEL, "workspace_id"))
    _coarsen("1d", "people", _PEOPLE)


def _coarsen(width: str, name: str, kept: tuple[str, ...]) -> None:
    # MAX over booleans is not PostgreSQL's
    default = "BOOL_OR(default_workspace)" if op.get_bind().dialect.name == "postgresql" else "MAX(default_workspace)"
    if "workspace_id" not in kept:
        default = "FALSE"
    columns = ("organization_id", "width", "bucket", *_DIMENSIONS, "default_workspace")
    sums = (*_TOKENS, "requests", "unpriced_requests")
    values = (
        "organization_id",
        f"'{width}/{name}'",
        "bucket",
        *(dimension if dimension in kept else "''" for dimension in _DIMENSIONS),
        default,
        *(f"SUM({each})" for each in sums),
    )
    source = f"FROM usage_rollups WHERE width = '{width}'"
    groups = ", ".join(("organization_id", "bucket", *kept))
    query = f"SELECT {', '.join(values)} {source} GROUP BY {groups}"
    op.execute(f"INSERT INTO usage_rollups ({', '.join((*columns, *sums))}) {query}")
