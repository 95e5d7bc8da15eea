"""Add the exchange of assertions: keys fetched, ids seen, history."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "federation_keys",
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("keys", sa.String()),
        sa.Column("source", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger()),
        sa.Column("attempted_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("next_poll_at", sa.BigInteger()),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.Column("problem", sa.String()),
        sa.PrimaryKeyConstraint("issuer_id", name="pk_federation_keys"),
    )
    op.create_index("ix_federation_keys_next_poll_at", "federation_keys", ["next_poll_at"])
    op.create_table(
        "federation_assertions",
        sa.Column("issuer_id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer_id", "digest", name="pk_federation_assertions"),
    )
    op.create_index("ix_federation_assertions_expires_at", "federation_assertions", ["expires_at"])
    texts = ("reason", "detail", "subject", "service_account_id", "workspace_id", "token_id", "ip_address",
             "request_id")  # fmt: skip
    op.create_table(
        "federation_exchanges",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("rule_id", "issuer_id", "outcome")),
        *(sa.Column(name, sa.String()) for name in texts),
        sa.PrimaryKeyConstraint("id", name="pk_federation_exchanges"),
    )
    op.create_index("ix_federation_exchanges_created_at", "federation_exchanges", ["created_at"])
    op.create_index("ix_federation_exchanges_listing", "federation_exchanges", ["organization_id", "created_at", "id"])
