"""Add agents, sessions, environment keys and the work queue."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the tables."""
