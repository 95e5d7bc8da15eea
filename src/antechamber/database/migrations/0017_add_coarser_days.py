"""Add days by key, days by key and model, and days of the requests that carry no tag."""

from alembic import op

revision = "0017"
down_revision = "0016"

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
_KEY = ("organization_id", "bucket")
_COLUMNS = ", ".join(("width", *_KEY, *_DIMENSIONS, "default_workspace", *_COUNTERS))


def upgrade() -> None:
    """Add the roll-ups, made of the days that are there: no row of the ledger is read."""
    _coarsen("/key-model", "1d", ("api_key_id", "model"))
    _coarsen("/key", "1d/key-model", ("api_key_id",))
    _take_away()


def _coarsen(name: str, source: str, kept: tuple[str, ...]) -> None:
    groups = (*_KEY, *kept)
    values = [
        f"'1d{name}'",
        *_KEY,
        *(dimension if dimension in kept else "''" for dimension in _DIMENSIONS),
        "FALSE",
        *(f"SUM({counter})" for counter in _COUNTERS),
    ]
    query = f"SELECT {', '.join(values)} FROM usage_rollups WHERE width = '{source}' GROUP BY {', '.join(groups)}"  # noqa: S608
    op.execute(f"INSERT INTO usage_rollups ({_COLUMNS}) {query}")


def _take_away() -> None:
    """Untagged requests are all requests without the tagged ones."""
    groups = ", ".join((*_KEY, *_DIMENSIONS))
    flag = "CAST(default_workspace AS INTEGER)"
    sums = ", ".join(f"SUM({counter}) AS {counter}" for counter in _COUNTERS)
    less = ", ".join(f"-{counter}" for counter in _COUNTERS)
    every = f"SELECT {groups}, {flag} AS flag, {', '.join(_COUNTERS)} FROM usage_rollups WHERE width = '1d'"  # noqa: S608
    tagged = f"SELECT {groups}, {flag}, {less} FROM usage_tagged"  # noqa: S608
    op.execute(
        f"INSERT INTO usage_rollups ({_COLUMNS}) "  # noqa: S608
        f"SELECT '1d/untagged', {groups}, MAX(flag) = 1, {sums} FROM ({every} UNION ALL {tagged}) AS days "
        f"GROUP BY {groups} HAVING SUM(requests) > 0"
    )
