"""What the Admin API tells of limits: entries of rates, and what is in force for a person or a holder."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.features.limits.model.definitions import (
    Limiter,
    Quota,
    RateRule,
    Scope,
    SpendLimit,
    SpendRule,
    Totals,
)
from antechamber.features.limits.model.groups import Group
from antechamber.features.organizations.model import Member


@dataclass(frozen=True, slots=True)
class RateEntry:
    """An organisation's rates in a group; `models` None where the group is not of models."""

    id: str
    group: Group
    models: tuple[str, ...] | None
    rules: tuple[RateRule, ...]


@dataclass(frozen=True, slots=True)
class RateValue:
    """One rate of a holder below the organisation; `is_own` unless it comes from the organisation."""

    limiter: Limiter
    value: int
    organization_value: int | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class HolderEntry:
    """The rates of a workspace, a key or a person in a group."""

    scope: Scope
    scope_id: str
    rate_limit_id: str
    group: Group
    models: tuple[str, ...] | None
    values: tuple[RateValue, ...]


def holder_values(
    own: Sequence[RateRule], organization: Sequence[RateRule], *, inherited: bool
) -> tuple[RateValue, ...]:
    """Return a holder's own rates in a group, with what the organisation has of the same limiter.

    A value above the organisation's is shown as it was set; the lower of the two is what holds. With `inherited` what
    only the organisation has is told too.
    """
    above = {rule.limiter: rule.value for rule in organization}
    below = {rule.limiter: rule.value for rule in own}
    values = [RateValue(limiter, value, above.get(limiter), is_own=True) for limiter, value in below.items()]
    if inherited:
        values += [
            RateValue(limiter, value, value, is_own=False) for limiter, value in above.items() if limiter not in below
        ]
    return tuple(sorted(values, key=lambda value: value.limiter))


class SpendSummary(NamedTuple):
    """The spend limit that a person resolves for its period, and their own spend so far in nano-USD.

    The limit is the person's own, or else the organisation's, which the person shares with everyone in it.
    """

    member: Member
    limit: SpendLimit
    spent: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks for their own usage: a key with its workspace, or a person."""

    organization_id: OrganizationId
    api_key_id: ApiKeyId | None
    workspace_id: WorkspaceId | None
    user_id: UserId | None
    sees_money: bool

    @property
    def own(self) -> tuple[Scope, str]:
        """What their usage is summed by."""
        return (Scope.API_KEY, self.api_key_id) if self.api_key_id else (Scope.USER, str(self.user_id))

    @property
    def scopes(self) -> list[tuple[Scope, str]]:
        """Every scope whose limits hold them, the widest first."""
        known = (
            (Scope.ORGANIZATION, self.organization_id),
            (Scope.WORKSPACE, self.workspace_id),
            (Scope.USER, self.user_id),
            (Scope.API_KEY, self.api_key_id),
        )
        return [(scope, str(scope_id)) for scope, scope_id in known if scope_id is not None]

    def may_see(self, scope: Scope) -> bool:
        """Say whether a scope's amount and spend are theirs to see; what remains of them always is."""
        return self.sees_money or scope in {Scope.API_KEY, Scope.USER}


@dataclass(frozen=True, slots=True)
class Budget:
    """A spend limit that holds somebody: spent and remaining in nano-USD, `resets_at` in microseconds."""

    rule: SpendRule
    spent: int
    resets_at: int

    @property
    def remaining(self) -> int:
        """What may still be spent; never below nothing."""
        return max(0, self.rule.amount - self.spent)


@dataclass(frozen=True, slots=True)
class OwnUsageReport:
    """What somebody may know of themselves; `day` and `month` are calendar windows in UTC up to now."""

    holder: Holder
    budgets: tuple[Budget, ...]
    rates: tuple[tuple[Group, tuple[RateRule, ...]], ...]
    quota: Quota | None
    day_began_at: int
    day: Totals
    month_began_at: int
    month: Totals
