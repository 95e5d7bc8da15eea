"""The tables of telemetry."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from antechamber.database.tables import Digest, Instant, Number, Text, metadata

telemetry_destinations: Final = Table(
    "telemetry_destinations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("display_name", Text),
    Column("endpoint_url", Text, nullable=False),
    Column("header_names", Text, nullable=False),
    Column("sealed_headers", Digest),
    Column("traces_enabled", Boolean, nullable=False),
    Column("traces_url", Text),
    Column("content_mode", Text, nullable=False),
    Column("max_content_bytes", Number),
    Column("scope", Text, nullable=False),
    # null while it is enabled
    Column("disabled_reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("last_success_at", Instant),
    Column("last_error", Text),
    Column("last_error_at", Instant),
    Column("failing_since", Instant),
    Column("attempts", Number, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tested_at", Instant),
    Index("ix_telemetry_destinations_organization_id", "organization_id", "created_at"),
)

telemetry_destination_workspaces: Final = Table(
    "telemetry_destination_workspaces",
    metadata,
    Column("destination_id", Text, primary_key=True),
    Column("workspace_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# what a destination has not taken yet; the rows themselves are the ledger's
telemetry_queue: Final = Table(
    "telemetry_queue",
    metadata,
    Column("destination_id", Text, primary_key=True),
    Column("queued_at", Instant, primary_key=True, autoincrement=False),
    Column("request_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    # read in the order of its key alone
    sqlite_with_rowid=False,
)
