"""Add what workspaces have beyond a name and their members."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables and columns."""
