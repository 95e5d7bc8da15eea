"""Add the people, memberships and invites, and whose an access token is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables and columns."""
    op.create_table(
        "people",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("email_base", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email_key", name="uq_people_email_key"),
    )
    op.create_index("ix_people_email_base", "people", ["email_base"])
    op.create_table(
        "members",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name="pk_members"),
    )
    op.create_index("ix_members_organization_id", "members", ["organization_id", "added_at", "user_id"])
    _create_invites()
    op.add_column("access_tokens", sa.Column("user_id", sa.String()))


def _create_invites() -> None:
    op.create_table(
        "invites",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("email_base", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("invited_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger()),
        sa.Column("accepted_by", sa.String()),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("mail_due_at", sa.BigInteger()),
        sa.Column("mail_sent_at", sa.BigInteger()),
        sa.Column("mail_attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("digest", name="uq_invites_digest"),
    )
    op.create_index("ix_invites_organization_id", "invites", ["organization_id", "invited_at", "id"])
    op.create_index("ix_invites_email_key", "invites", ["organization_id", "email_key"])
    op.create_index("ix_invites_mail_due_at", "invites", ["mail_due_at"])
