"""Add the policies, secrets and scopes of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Give each key a table of secrets, into which its present one moves, and new columns."""
    op.create_table(
        "api_key_secrets",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("api_key_id", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoke_at", sa.BigInteger()),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("digest", name="pk_api_key_secrets"),
    )
    op.create_index("ix_api_key_secrets_api_key_id", "api_key_secrets", ["api_key_id", "created_at"])
    op.execute(
        "INSERT INTO api_key_secrets (digest, organization_id, api_key_id, hint, created_at) "
        "SELECT digest, organization_id, id, hint, created_at FROM api_keys"
    )
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint("uq_api_keys_digest", type_="unique")
        batch.drop_column("digest")
        batch.add_column(sa.Column("created_by", sa.String()))
        batch.add_column(sa.Column("models", sa.String()))
        batch.add_column(sa.Column("networks", sa.String()))
    op.create_index("ix_api_keys_workspace_id", "api_keys", ["workspace_id", "created_at"])
    op.add_column("admin_keys", sa.Column("scopes", sa.String()))
    op.add_column("admin_keys", sa.Column("created_by", sa.String()))
    op.add_column("admin_keys", sa.Column("last_used_at", sa.BigInteger()))
