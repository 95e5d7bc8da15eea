"""The tables of sessions, of their containers and of their events."""

from typing import Final

from sqlalchemy import Column, Index, Integer, Table

from antechamber.database.tables import Count, Instant, Text, metadata

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("environment_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("agent_version", Integer, nullable=False),
    Column("agent", Text, nullable=False),
    Column("config", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text),
    Column("metadata", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Index("ix_sessions_workspace_id", "workspace_id", "created_at"),
    Index("ix_sessions_environment_id", "environment_id"),
)

session_containers: Final = Table(
    "session_containers",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("base", Text),
    Column("layers", Text, nullable=False),
    Column("problem", Text),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_session_containers_state", "node", "state"),
)

session_events: Final = Table(
    "session_events",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("sequence", Count, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("answers", Text),
    Column("created_at", Instant, nullable=False),
    Column("processed_at", Instant),
    Index("ix_session_events_id", "session_id", "id"),
    Index("ix_session_events_answers", "session_id", "answers"),
)
