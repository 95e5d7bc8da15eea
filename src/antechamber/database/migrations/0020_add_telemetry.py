"""Add destinations of telemetry with what waits for them, and the compliance settings."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "compliance_settings",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name="pk_compliance_settings"),
    )
    _create_destinations()
    op.create_table(
        "telemetry_destination_workspaces",
        sa.Column("destination_id", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("destination_id", "workspace_id", name="pk_telemetry_destination_workspaces"),
    )
    op.create_table(
        "telemetry_queue",
        sa.Column("destination_id", sa.String(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("destination_id", "queued_at", "request_id", name="pk_telemetry_queue"),
        sqlite_with_rowid=False,
    )


def _create_destinations() -> None:
    op.create_table(
        "telemetry_destinations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("endpoint_url", sa.String(), nullable=False),
        sa.Column("header_names", sa.String(), nullable=False),
        sa.Column("sealed_headers", sa.LargeBinary(), nullable=True),
        sa.Column("traces_enabled", sa.Boolean(), nullable=False),
        sa.Column("traces_url", sa.String(), nullable=True),
        sa.Column("content_mode", sa.String(), nullable=False),
        sa.Column("max_content_bytes", sa.Integer(), nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tested_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_telemetry_destinations"),
    )
    op.create_index(
        "ix_telemetry_destinations_organization_id", "telemetry_destinations", ["organization_id", "created_at"]
    )
