"""Add the costs of requests."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables and columns."""
