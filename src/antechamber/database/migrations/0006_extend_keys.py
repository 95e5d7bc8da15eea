"""Add the policies, secrets and scopes of keys."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables and columns."""
