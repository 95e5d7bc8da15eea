"""Add destinations of telemetry and the compliance settings."""

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables."""
