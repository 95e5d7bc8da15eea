"""Limits in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, UniqueConstraint, and_, delete, or_, select

from antechamber.base.ids import OrganizationId, SpendLimitId, UserId
from antechamber.base.unit import Unit
from antechamber.database.changes import LIMITS, announce
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Count, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.limits.model.definitions import (
    Limiter,
    Period,
    PersonQuota,
    Quota,
    RateRule,
    Scope,
    SpendLimit,
)

_FEW: Final = 100

rate_limit_rules: Final = Table(
    "rate_limit_rules",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    Column("group_id", Text, primary_key=True),
    Column("limiter", Text, primary_key=True),
    Column("value", Count, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

spend_limits: Final = Table(
    "spend_limits",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("scope_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount", Count),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("organization_id", "scope", "scope_id", "period", name="uq_spend_limits_holder"),
    Index("ix_spend_limits_created_at", "organization_id", "created_at", "id"),
)

quotas: Final = Table(
    "quotas",
    metadata,
    Column("organization_id", Text, primary_key=True),
    # empty for the organisation's default: a key holds no null
    Column("user_id", Text, primary_key=True),
    Column("requests_per_minute", Count),
    Column("requests_per_day", Count),
    Column("fallback_model", Text),
    Column("updated_at", Instant, nullable=False),
)


async def _put(unit: Unit, table: Table, values: dict[str, Any], changed: Sequence[str]) -> None:
    """Insert a row, or give the one with its key new values."""
    link = connection(unit)
    keys = [column.name for column in table.primary_key]
    statement = insert_into(table, link).values(**values)
    await link.execute(
        statement.on_conflict_do_update(index_elements=keys, set_={name: values[name] for name in changed})
    )


class SqlLimits:
    """The store of limits."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other change of the organisation is under way; held to the end of the unit."""
        await lock_organization(unit, organization_id)

    async def rates(
        self, unit: Unit, organization_id: OrganizationId, scope: Scope, scope_id: str
    ) -> Sequence[RateRule]:
        """Return the rates that one holder has of its own."""
        columns = rate_limit_rules.c
        rows = await connection(unit).execute(
            select(rate_limit_rules)
            .where(columns.organization_id == organization_id, columns.scope == scope, columns.scope_id == scope_id)
            .order_by(columns.group_id, columns.limiter)
        )
        return [_rate(row) for row in rows]

    async def put_rate(self, unit: Unit, organization_id: OrganizationId, rule: RateRule, now: int) -> None:
        """Keep a rate in place of the holder's former one of the same group and limiter."""
        values = {
            "organization_id": organization_id,
            "scope": rule.scope.value,
            "scope_id": rule.scope_id,
            "group_id": rule.group_id,
            "limiter": rule.limiter.value,
            "value": rule.value,
            "updated_at": now,
        }
        await _put(unit, rate_limit_rules, values, ("value", "updated_at"))
        announce(unit, LIMITS)

    async def clear_rate(
        self, unit: Unit, organization_id: OrganizationId, holder: tuple[Scope, str], group_id: str, limiter: Limiter
    ) -> None:
        """Forget a holder's rate, if it has one."""
        columns = rate_limit_rules.c
        scope, scope_id = holder
        await connection(unit).execute(
            delete(rate_limit_rules).where(
                columns.organization_id == organization_id,
                columns.scope == scope,
                columns.scope_id == scope_id,
                columns.group_id == group_id,
                columns.limiter == limiter,
            )
        )
        announce(unit, LIMITS)

    async def spend_limits(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        scopes: Sequence[Scope],
        workspace_id: str | None,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[SpendLimit]:
        """Return at most `limit` of them, newest first, older than `after` = (created_at, id), of some scopes."""
        columns = spend_limits.c
        query = select(spend_limits).where(columns.organization_id == organization_id, columns.scope.in_(scopes))
        if workspace_id is not None:
            query = query.where(columns.scope == Scope.WORKSPACE, columns.scope_id == workspace_id)
        if after is not None:
            at, key = after
            query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.id < key)))
        ordered = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
        return [_spend(row) for row in await connection(unit).execute(ordered)]

    async def holders_limits(
        self, unit: Unit, organization_id: OrganizationId, holders: Sequence[tuple[Scope, str]]
    ) -> Sequence[SpendLimit]:
        """Return the spend limits of some holders."""
        columns = spend_limits.c
        asked = {scope: [key for known, key in holders if known is scope] for scope in {scope for scope, _ in holders}}
        # a statement with a thousand marks takes longer to make than what lies between the first and the last to read
        by_scope = [
            and_(
                columns.scope == scope,
                columns.scope_id.in_(keys) if len(keys) <= _FEW else columns.scope_id.between(min(keys), max(keys)),
            )
            for scope, keys in asked.items()
        ]
        if not by_scope:
            return []
        query = select(spend_limits).where(columns.organization_id == organization_id, or_(*by_scope))
        rows = await connection(unit).execute(query.order_by(columns.created_at, columns.id))
        wanted = {scope: set(keys) for scope, keys in asked.items()}
        return [limit for row in rows if (limit := _spend(row)).scope_id in wanted[limit.scope]]

    async def get_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, spend_limit_id: SpendLimitId
    ) -> SpendLimit | None:
        """Return one, or None."""
        columns = spend_limits.c
        query = select(spend_limits).where(columns.organization_id == organization_id, columns.id == spend_limit_id)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _spend(row)

    async def find_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, scope: Scope, scope_id: str, period: Period
    ) -> SpendLimit | None:
        """Return what a holder has for a period, or None."""
        columns = spend_limits.c
        query = select(spend_limits).where(
            columns.organization_id == organization_id,
            columns.scope == scope,
            columns.scope_id == scope_id,
            columns.period == period,
        )
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _spend(row)

    async def put_spend_limit(self, unit: Unit, organization_id: OrganizationId, limit: SpendLimit) -> None:
        """Keep a new one, or the new amount of one that is kept."""
        values = {
            "id": limit.id,
            "organization_id": organization_id,
            "scope": limit.scope.value,
            "scope_id": limit.scope_id,
            "period": limit.period.value,
            "amount": limit.amount,
            "created_at": limit.created_at,
            "updated_at": limit.updated_at,
        }
        await _put(unit, spend_limits, values, ("amount", "updated_at"))
        announce(unit, LIMITS)

    async def remove_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, spend_limit_id: SpendLimitId
    ) -> None:
        """Forget one."""
        columns = spend_limits.c
        await connection(unit).execute(
            delete(spend_limits).where(columns.organization_id == organization_id, columns.id == spend_limit_id)
        )
        announce(unit, LIMITS)

    async def quotas(self, unit: Unit, organization_id: OrganizationId) -> Sequence[PersonQuota]:
        """Return the organisation's default, if it has one, then those of persons by id."""
        query = select(quotas).where(quotas.c.organization_id == organization_id).order_by(quotas.c.user_id)
        return [_quota(row) for row in await connection(unit).execute(query)]

    async def put_quota(self, unit: Unit, organization_id: OrganizationId, quota: PersonQuota) -> None:
        """Keep a quota in place of the former one of the same person, or of the default."""
        values = {
            "organization_id": organization_id,
            "user_id": quota.user_id or "",
            "requests_per_minute": quota.quota.requests_per_minute,
            "requests_per_day": quota.quota.requests_per_day,
            "fallback_model": quota.quota.fallback_model,
            "updated_at": quota.updated_at,
        }
        changed = ("requests_per_minute", "requests_per_day", "fallback_model", "updated_at")
        await _put(unit, quotas, values, changed)
        announce(unit, LIMITS)

    async def remove_quota(self, unit: Unit, organization_id: OrganizationId, user_id: UserId | None) -> bool:
        """Forget a quota; says whether there was one."""
        columns = quotas.c
        gone = await connection(unit).execute(
            delete(quotas).where(columns.organization_id == organization_id, columns.user_id == (user_id or ""))
        )
        announce(unit, LIMITS)
        return bool(gone.rowcount)

    async def sweep_rates(self, unit: Unit) -> Sequence[tuple[OrganizationId, RateRule]]:
        """Return every rate of this server."""
        rows = await connection(unit).execute(select(rate_limit_rules))
        return [(row.organization_id, _rate(row)) for row in rows]

    async def sweep_spends(self, unit: Unit) -> Sequence[SpendLimit]:
        """Return every spend limit of this server, oldest first."""
        rows = await connection(unit).execute(
            select(spend_limits).order_by(spend_limits.c.created_at, spend_limits.c.id)
        )
        return [_spend(row) for row in rows]

    async def sweep_quotas(self, unit: Unit) -> Sequence[PersonQuota]:
        """Return every quota of this server."""
        return [_quota(row) for row in await connection(unit).execute(select(quotas))]


def _rate(row: Row[Any]) -> RateRule:
    return RateRule(Limiter(row.limiter), row.value, Scope(row.scope), row.scope_id, row.group_id)


def _spend(row: Row[Any]) -> SpendLimit:
    return SpendLimit(
        id=row.id,
        organization_id=row.organization_id,
        scope=Scope(row.scope),
        scope_id=row.scope_id,
        period=Period(row.period),
        amount=row.amount,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _quota(row: Row[Any]) -> PersonQuota:
    quota = Quota(row.requests_per_minute, row.requests_per_day, row.fallback_model)
    return PersonQuota(row.organization_id, row.user_id or None, quota, row.updated_at)
