"""Add federation: service accounts, issuers, rules."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables."""
    _create_named("service_accounts", _text("description"), _text("role"))
    op.create_table(
        "service_account_memberships",
        sa.Column("workspace_id", _ordered(), nullable=False),
        sa.Column("service_account_id", _ordered(), nullable=False),
        _text("organization_id"),
        _text("role"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String()),
        sa.PrimaryKeyConstraint("workspace_id", "service_account_id", name="pk_service_account_memberships"),
    )
    op.create_index(
        "ix_service_account_memberships_service_account_id",
        "service_account_memberships",
        ["service_account_id", "workspace_id"],
    )
    _create_named(
        "federation_issuers",
        _text("url"),
        _text("jwks_type"),
        _text("jwks"),
        sa.Column("check_jti", sa.Boolean(), nullable=False),
        sa.Column("max_jwt_lifetime_seconds", sa.Integer(), nullable=False),
    )
    _create_named(
        "federation_rules",
        _text("description"),
        _text("issuer_id"),
        _text("match"),
        _text("service_account_id"),
        _text("scope"),
        sa.Column("token_lifetime_seconds", sa.Integer(), nullable=False),
        sa.Column("applies_to_all_workspaces", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_federation_rules_issuer_id", "federation_rules", ["issuer_id"])
    op.create_index("ix_federation_rules_service_account_id", "federation_rules", ["service_account_id"])
    op.create_table(
        "federation_rule_workspaces",
        _text("rule_id"),
        _text("workspace_id"),
        _text("organization_id"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String()),
        sa.PrimaryKeyConstraint("rule_id", "workspace_id", name="pk_federation_rule_workspaces"),
    )
    op.create_index("ix_federation_rule_workspaces_workspace_id", "federation_rule_workspaces", ["workspace_id"])


def _create_named(table: str, *columns: sa.Column[Any]) -> None:
    """Create a table of things that have names, of which no two live ones of an organisation have the same."""
    op.create_table(
        table,
        sa.Column("id", _ordered(), nullable=False),
        _text("organization_id"),
        _text("name"),
        *columns,
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String()),
        sa.Column("archived_at", sa.BigInteger()),
        sa.Column("archived_by", sa.String()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_organization_id", table, ["organization_id", "created_at", "id"])
    is_live = sa.text("archived_at IS NULL")
    op.create_index(
        f"uq_{table}_name", table, ["organization_id", "name"], unique=True, sqlite_where=is_live,
        postgresql_where=is_live,
    )  # fmt: skip


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _ordered() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")
