"""Add requests for more to spend."""

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create the tables."""
