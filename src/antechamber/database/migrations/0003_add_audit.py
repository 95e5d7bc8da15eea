"""Add the audit log: activities, the heads of their chains, counts of refusals, and what keeps the log as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables and their triggers."""
    op.create_table(
        "activities",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String()),
        sa.Column("ip_address", sa.String()),
        sa.Column("user_agent", sa.String()),
        sa.Column("request_id", sa.String()),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "sequence", name="pk_activities"),
        sa.UniqueConstraint("id", name="uq_activities_id"),
    )
    op.create_index("ix_activities_organization_id", "activities", ["organization_id", "created_at"])
    op.create_index("ix_activities_type", "activities", ["organization_id", "type", "created_at"])
    op.create_index("ix_activities_actor_id", "activities", ["organization_id", "actor_id", "created_at"])
    op.create_table(
        "audit_heads",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name="pk_audit_heads"),
    )
    op.create_table(
        "refusals",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("principal_id", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("ip_address", sa.String()),
        sa.Column("user_agent", sa.String()),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "hour", "status", "method", "route", "principal_id", name="pk_refusals"
        ),
    )
    op.create_index("ix_refusals_hour", "refusals", ["hour"])
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    op.execute(f"CREATE TRIGGER activities_keep BEFORE UPDATE ON activities {refuse}")
    op.execute(f"CREATE TRIGGER activities_stay BEFORE DELETE ON activities {refuse}")
    forwards = "WHEN NEW.organization_id <> OLD.organization_id OR NEW.sequence <= OLD.sequence"
    op.execute(f"CREATE TRIGGER audit_heads_advance BEFORE UPDATE ON audit_heads {forwards} {refuse}")
    op.execute(f"CREATE TRIGGER audit_heads_stay BEFORE DELETE ON audit_heads {refuse}")


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    refuse = "EXECUTE FUNCTION refuse_audit_change()"
    op.execute(f"CREATE TRIGGER activities_keep BEFORE UPDATE OR DELETE ON activities FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER activities_stay BEFORE TRUNCATE ON activities FOR EACH STATEMENT {refuse}")
    forwards = "WHEN (NEW.organization_id <> OLD.organization_id OR NEW.sequence <= OLD.sequence)"
    op.execute(f"CREATE TRIGGER audit_heads_advance BEFORE UPDATE ON audit_heads FOR EACH ROW {forwards} {refuse}")
    op.execute(f"CREATE TRIGGER audit_heads_keep BEFORE DELETE ON audit_heads FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER audit_heads_stay BEFORE TRUNCATE ON audit_heads FOR EACH STATEMENT {refuse}")
