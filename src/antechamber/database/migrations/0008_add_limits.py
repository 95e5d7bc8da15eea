"""Add rate limits, quotas and spend limits."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables and columns."""
