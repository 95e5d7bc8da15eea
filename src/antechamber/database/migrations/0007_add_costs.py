"""Add what requests cost, a tag of the caller's choice, coarser roll-ups, and days of tagged requests."""

import hashlib

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
_TAGS = ("agent_id", "end_user", "session_id", "tag", "user_profile_id")
_DAY_US = 86_400_000_000
_MODEL = ("context_window", "inference_geo", "model", "service_tier", "speed")


def upgrade() -> None:
    """Add the columns and the roll-ups, with what is there; requests from before are not priced yet."""
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
    counters = (*_TOKENS, "requests", *(f"cost_{component}" for component in _COMPONENTS), "unpriced_requests")
    op.create_table(
        "usage_tagged",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in (*_TAGS, *_DIMENSIONS)),
        sa.Column("default_workspace", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counters),
        sa.PrimaryKeyConstraint("organization_id", "bucket", "digest", name="pk_usage_tagged"),
        sqlite_with_rowid=False,
    )
    for organization, first, last in (
        op.get_bind()
        .exec_driver_sql(
            "SELECT organization_id, MIN(started_at), MAX(started_at) FROM usage_rows GROUP BY organization_id"
        )
        .all()
    ):
        for day in range(first - first % _DAY_US, last + 1, _DAY_US):
            _roll_up_tagged(organization, day)


def _roll_up_tagged(organization: str, day: int) -> None:
    account = "CASE WHEN api_key_id IS NULL THEN COALESCE(user_id, '') ELSE '' END"
    texts = [account if name == "account_id" else f"COALESCE({name}, '')" for name in (*_TAGS, *_DIMENSIONS)]
    zeros = ", ".join("0" for _ in _COMPONENTS)
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in _TOKENS)
    tagged = " OR ".join(f"{name} IS NOT NULL" for name in _TAGS)
    groups = ", ".join(str(number) for number in range(1, len(texts) + 2))
    query = sa.text(
        f"SELECT {', '.join(texts)}, default_workspace, {sums}, COUNT(*), {zeros}, COUNT(*) FROM usage_rows "  # noqa: S608
        f"WHERE organization_id = :organization AND started_at >= :day AND started_at < :next AND ({tagged}) "
        f"GROUP BY {groups}"
    )
    link = op.get_bind()
    table = sa.Table("usage_tagged", sa.MetaData(), autoload_with=link)
    names = [column.name for column in table.columns]
    rows = [
        dict(zip(names, (organization, day, _digest(row[: len(texts)]), *row), strict=True))
        for row in link.execute(query, {"organization": organization, "day": day, "next": day + _DAY_US})
    ]
    if rows:
        link.execute(table.insert(), rows)


def _digest(texts: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).digest()


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
