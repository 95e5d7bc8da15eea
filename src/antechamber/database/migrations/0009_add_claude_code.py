"""Add the metrics of Claude Code."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the tables; they lie in the order of their keys on SQLite."""
    core = ("sessions", "lines_added", "lines_removed", "commits", "pull_requests")
    _create("claude_code_activity", ("organization_id", "day", "actor_id", *_PLACE, "hour"), core)
    _create("claude_code_tools", ("organization_id", "day", "actor_id", *_PLACE, "tool", "hour"), _DECIDED)
    tokens = ("input", "output", "cache_read", "cache_creation", "cost")
    _create("claude_code_tokens", ("organization_id", "day", "actor_id", "session_id", "model", "hour"), tokens)
    session = ("organization_id", "actor_id", "session_id")
    _create("claude_code_sessions", session, (*_PLACE, "placed_at"))
    series = ("started_at", "at", "value", "cumulative", "seen_at")
    _create("claude_code_series", ("organization_id", "actor_id", "digest"), series)


_PLACE = ("terminal_type", "is_remote")
_DECIDED = ("accepted", "rejected")
_TEXTS = {"organization_id", "terminal_type", "tool", "session_id", "model"}


def _create(table: str, key: tuple[str, ...], others: tuple[str, ...]) -> None:
    op.create_table(
        table,
        *(sa.Column(name, _type(name), nullable=False) for name in (*key, *others)),
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )


def _type(name: str) -> sa.types.TypeEngine[Any]:
    if name == "actor_id":
        return sa.String().with_variant(sa.String(collation="C"), "postgresql")
    if name in _TEXTS:
        return sa.String()
    if name == "digest":
        return sa.LargeBinary()
    return sa.Boolean() if name in {"is_remote", "cumulative"} else sa.BigInteger()
