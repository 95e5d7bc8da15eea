"""What limits need from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId, SpendLimitId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.limits.model.definitions import (
    Limiter,
    Period,
    PersonQuota,
    RateRule,
    Scope,
    SpendLimit,
    Totals,
)
from antechamber.features.organizations.model import Member
from antechamber.features.workspaces.model import Workspace


class LimitStore(Protocol):
    """Where limits are kept; every change tells every node, once its unit has ended."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other change of the organisation is under way; held to the end of the unit."""
        ...

    async def rates(
        self, unit: Unit, organization_id: OrganizationId, scope: Scope, scope_id: str
    ) -> Sequence[RateRule]:
        """Return the rates that one holder has of its own."""
        ...

    async def put_rate(self, unit: Unit, organization_id: OrganizationId, rule: RateRule, now: int) -> None:
        """Keep a rate in place of the holder's former one of the same group and limiter."""
        ...

    async def clear_rate(
        self, unit: Unit, organization_id: OrganizationId, holder: tuple[Scope, str], group_id: str, limiter: Limiter
    ) -> None:
        """Forget a holder's rate, if it has one."""
        ...

    async def spend_limits(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        scopes: Sequence[Scope] | None,
        workspace_id: str | None,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[SpendLimit]:
        """Return at most `limit` of them, newest first, older than `after` = (created_at, id); scopes None: of any."""
        ...

    async def holders_limits(
        self, unit: Unit, organization_id: OrganizationId, holders: Sequence[tuple[Scope, str]]
    ) -> Sequence[SpendLimit]:
        """Return the spend limits of some holders."""
        ...

    async def get_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, spend_limit_id: SpendLimitId
    ) -> SpendLimit | None:
        """Return one, or None."""
        ...

    async def find_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, scope: Scope, scope_id: str, period: Period
    ) -> SpendLimit | None:
        """Return what a holder has for a period, or None."""
        ...

    async def put_spend_limit(self, unit: Unit, organization_id: OrganizationId, limit: SpendLimit) -> None:
        """Keep a new one, or the new amount of one that is kept."""
        ...

    async def remove_spend_limit(
        self, unit: Unit, organization_id: OrganizationId, spend_limit_id: SpendLimitId
    ) -> None:
        """Forget one."""
        ...

    async def quotas(self, unit: Unit, organization_id: OrganizationId) -> Sequence[PersonQuota]:
        """Return the organisation's default, if it has one, then those of persons by id."""
        ...

    async def put_quota(self, unit: Unit, organization_id: OrganizationId, quota: PersonQuota) -> None:
        """Keep a quota in place of the former one of the same person, or of the default."""
        ...

    async def remove_quota(self, unit: Unit, organization_id: OrganizationId, user_id: UserId | None) -> bool:
        """Forget a quota; says whether there was one."""
        ...

    async def sweep_rates(self, unit: Unit) -> Sequence[tuple[OrganizationId, RateRule]]:
        """Return every rate of this server."""
        ...

    async def sweep_spends(self, unit: Unit) -> Sequence[SpendLimit]:
        """Return every spend limit of this server."""
        ...

    async def sweep_quotas(self, unit: Unit) -> Sequence[PersonQuota]:
        """Return every quota of this server."""
        ...


class SpentSoFar(Protocol):
    """What has been spent in calendar windows, by the ledger's reckoning."""

    async def spent(
        self, organization_id: OrganizationId, asked: Sequence[tuple[Scope, str, Period]]
    ) -> Mapping[tuple[Scope, str, Period], int]:
        """Return nano-USD since each window began; what is missing is 0."""
        ...


class OwnUsage(Protocol):
    """What a key or a person has used, by the ledger's reckoning."""

    async def totals(
        self, organization_id: OrganizationId, scope: Scope, scope_id: str, starting_at: int, now: int
    ) -> Totals:
        """Return the sums of `scope` (api_key or user) from `starting_at` to `now`, both in microseconds."""
        ...


class Holders(Protocol):
    """Whom limits are for; each raises NotFound for what the organisation has not."""

    async def workspace(self, organization_id: OrganizationId, workspace_id: str) -> Workspace:
        """Return a workspace, archived or not."""
        ...

    async def find_api_key(self, organization_id: OrganizationId, api_key_id: str) -> None:
        """Return if there is such a key."""
        ...

    async def member(self, organization_id: OrganizationId, user_id: str) -> Member:
        """Return someone who is a member now."""
        ...

    async def members(self, organization_id: OrganizationId, cursor: IdCursor) -> Page[Member]:
        """Return a page of the members, newest first."""
        ...

    async def members_among(self, organization_id: OrganizationId, user_ids: Sequence[str]) -> Sequence[Member]:
        """Return those of some persons who are members now."""
        ...


class ServedModels(Protocol):
    """Which models can be asked for."""

    def serves(self, model: str) -> bool:
        """Say whether some provider serves a model or alias of this name."""
        ...

    async def names(self) -> Sequence[str]:
        """Return every name that is known to be served, aliases included."""
        ...
