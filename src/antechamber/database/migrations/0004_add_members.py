"""Add the people, memberships and invites."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables and columns."""
