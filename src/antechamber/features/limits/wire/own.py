"""What somebody may know of themselves on the wire (an extension; docs/reference/extensions.md)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.money import to_cents
from antechamber.features.limits.model.definitions import Period, RateRule, Totals
from antechamber.features.limits.model.entries import Budget, Holder, OwnUsageReport
from antechamber.features.limits.model.groups import Group, GroupType
from antechamber.features.limits.wire.spending import ScopeBody, show_scope


class HolderBody(BaseModel):
    """Who asked: `api_key` with its workspace and its owner, or `user`."""

    type: Literal["api_key", "user"]
    api_key_id: str | None
    workspace_id: str | None
    user_id: str | None


class BudgetBody(BaseModel):
    """A spend limit that holds the holder; cents as strings.

    Amount and spend of the organisation and the workspace are null for those who may not see cost; what remains, which
    is what the holder may still spend, never is.
    """

    spend_limit_id: str
    scope: ScopeBody
    period: Period
    currency: Literal["USD"] = "USD"
    amount: str | None
    period_to_date_spend: str | None
    remaining: str
    resets_at: str


class RateBody(BaseModel):
    """A rate in force."""

    scope: ScopeBody
    type: str
    value: int


class RatesBody(BaseModel):
    """The rates in force in a group of models; of the same type the lowest holds first."""

    group_id: str
    group_type: GroupType
    display_name: str
    limits: list[RateBody]


class OwnQuotaBody(BaseModel):
    """The person's quota in force."""

    requests_per_minute: int | None
    requests_per_day: int | None
    fallback_model: str | None


class TotalsBody(BaseModel):
    """What was used since `starting_at`, cost in cents as a string."""

    starting_at: str
    requests: int
    uncached_input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    cost: str
    currency: Literal["USD"] = "USD"


class OwnUsageBody(BaseModel):
    """The holder's own limits, what remains of them, and what they used today and this month (UTC)."""

    type: Literal["own_usage"] = "own_usage"
    organization_id: str
    holder: HolderBody
    spend_limits: list[BudgetBody]
    rate_limits: list[RatesBody]
    quota: OwnQuotaBody | None
    today: TotalsBody
    this_month: TotalsBody


def show(report: OwnUsageReport) -> OwnUsageBody:
    """Return the shape of a report."""
    holder, quota = report.holder, report.quota
    return OwnUsageBody(
        organization_id=holder.organization_id,
        holder=HolderBody(
            type="user" if holder.api_key_id is None else "api_key",
            api_key_id=holder.api_key_id,
            workspace_id=holder.workspace_id,
            user_id=holder.user_id,
        ),
        spend_limits=[_budget(budget, holder) for budget in report.budgets],
        rate_limits=[_rates(group, rules) for group, rules in report.rates],
        quota=None
        if quota is None
        else OwnQuotaBody(
            requests_per_minute=quota.requests_per_minute,
            requests_per_day=quota.requests_per_day,
            fallback_model=quota.fallback_model,
        ),
        today=_totals(report.day, report.day_began_at),
        this_month=_totals(report.month, report.month_began_at),
    )


def _budget(budget: Budget, holder: Holder) -> BudgetBody:
    rule = budget.rule
    is_shown = holder.may_see(rule.scope)
    return BudgetBody(
        spend_limit_id=rule.id,
        scope=show_scope(rule.scope, rule.scope_id),
        period=rule.period,
        amount=to_cents(rule.amount) if is_shown else None,
        period_to_date_spend=to_cents(budget.spent) if is_shown else None,
        remaining=to_cents(budget.remaining),
        resets_at=to_rfc3339(budget.resets_at),
    )


def _rates(group: Group, rules: tuple[RateRule, ...]) -> RatesBody:
    return RatesBody(
        group_id=group.id,
        group_type=group.type,
        display_name=group.display_name,
        limits=[
            RateBody(scope=show_scope(rule.scope, rule.scope_id), type=rule.limiter, value=rule.value) for rule in rules
        ],
    )


def _totals(totals: Totals, starting_at: int) -> TotalsBody:
    return TotalsBody(
        starting_at=to_rfc3339(starting_at),
        requests=totals.requests,
        uncached_input_tokens=totals.uncached_input_tokens,
        cache_creation_input_tokens=totals.cache_creation_input_tokens,
        cache_read_input_tokens=totals.cache_read_input_tokens,
        output_tokens=totals.output_tokens,
        cost=to_cents(totals.cost),
    )
