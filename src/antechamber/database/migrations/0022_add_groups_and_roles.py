"""Add groups and roles."""

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Create the tables."""
