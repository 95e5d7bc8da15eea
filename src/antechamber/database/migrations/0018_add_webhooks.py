"""Add webhooks and their deliveries."""

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create the tables."""
