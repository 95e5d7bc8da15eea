"""Add agents, sessions, environment keys and the work queue."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _instants(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger()) for name in names]


def upgrade() -> None:
    """Create the tables."""
    _add_agents()
    _add_sessions()
    _add_work()


def _add_agents() -> None:
    op.create_table(
        "agents",
        *_texts("id", "organization_id", "workspace_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_instants("archived_at"),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    op.create_index("ix_agents_workspace_id", "agents", ["workspace_id", "created_at"])
    op.create_table(
        "agent_versions",
        *_texts("agent_id"),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        *_texts("organization_id", "definition"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "version", name="pk_agent_versions"),
    )


def _add_sessions() -> None:
    op.create_table(
        "sessions",
        *_texts("id", "organization_id", "workspace_id", "environment_id", "agent_id"),
        sa.Column("agent_version", sa.Integer(), nullable=False),
        *_texts("agent", "config", "status"),
        sa.Column("title", sa.String()),
        *_texts("metadata"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        *_instants("archived_at"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_workspace_id", "sessions", ["workspace_id", "created_at"])
    op.create_index("ix_sessions_environment_id", "sessions", ["environment_id"])
    op.create_table(
        "session_containers",
        *_texts("session_id", "organization_id", "workspace_id", "node", "state"),
        sa.Column("base", sa.String()),
        *_texts("layers"),
        sa.Column("problem", sa.String()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_containers"),
    )
    op.create_index("ix_session_containers_state", "session_containers", ["node", "state"])
    op.create_table(
        "session_events",
        *_texts("session_id"),
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        *_texts("id", "organization_id", "type", "fields"),
        sa.Column("answers", sa.String()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_instants("processed_at"),
        sa.PrimaryKeyConstraint("session_id", "sequence", name="pk_session_events"),
    )
    op.create_index("ix_session_events_id", "session_events", ["session_id", "id"])
    op.create_index("ix_session_events_answers", "session_events", ["session_id", "answers"])


def _add_work() -> None:
    op.create_table(
        "work_items",
        *_texts("id", "organization_id", "workspace_id", "environment_id", "session_id", "state", "metadata"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_instants("polled_at", "acknowledged_at", "started_at", "latest_heartbeat_at", "lease_ends_at"),
        sa.Column("ttl_seconds", sa.Integer(), nullable=False),
        *_instants("stop_requested_at", "stopped_at"),
        sa.Column("token_digest", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_work_items"),
    )
    op.create_index("ix_work_items_environment_id", "work_items", ["environment_id", "created_at"])
    op.create_index("ix_work_items_session_id", "work_items", ["session_id"])
    op.create_index("ix_work_items_token_digest", "work_items", ["token_digest"])
    op.create_table(
        "work_pollers",
        *_texts("environment_id", "worker_id", "organization_id"),
        sa.Column("polled_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "worker_id", name="pk_work_pollers"),
    )
    op.create_table(
        "environment_keys",
        *_texts("id", "organization_id", "workspace_id", "environment_id", "name", "hint"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *_instants("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_environment_keys"),
    )
    op.create_index("ix_environment_keys_environment_id", "environment_keys", ["environment_id", "created_at"])
    op.create_index("uq_environment_keys_digest", "environment_keys", ["digest"], unique=True)
