"""Add environments and the history of their configurations."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
