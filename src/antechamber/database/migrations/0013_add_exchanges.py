"""Add the exchange of assertions: keys fetched, ids seen, history."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables."""
