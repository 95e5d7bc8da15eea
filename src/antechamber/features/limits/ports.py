"""What limits need from outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import IncreaseRequestId, OrganizationId, SpendLimitId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.limits.model.admission import Settlement, SpentTo, Taking, Tokens, Verdict, Window
from antechamber.features.limits.model.definitions import (
    Limiter,
    Period,
    PersonQuota,
    RateRule,
    Scope,
    SpendLimit,
    Totals,
)
from antechamber.features.limits.model.increases import IncreaseRequest, RequestStatus
from antechamber.features.limits.model.spending import Crossing
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
        scopes: Sequence[Scope],
        workspace_id: str | None,
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[SpendLimit]:
        """Return at most `limit` of them, newest first, older than `after` = (created_at, id), of some scopes."""
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


class IncreaseStore(Protocol):
    """Where requests for more are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other change of the organisation is under way; held to the end of the unit."""
        ...

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        statuses: Sequence[RequestStatus],
        user_ids: Sequence[UserId],
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[IncreaseRequest]:
        """Return at most `limit`, newest first, older than `after` = (created_at, id); no filter lets all through."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, request_id: IncreaseRequestId
    ) -> IncreaseRequest | None:
        """Return one, or None."""
        ...

    async def pending(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, period: Period
    ) -> Sequence[IncreaseRequest]:
        """Return what a person waits for in a period."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, request: IncreaseRequest) -> None:
        """Keep a new one."""
        ...

    async def resolve(
        self, unit: Unit, organization_id: OrganizationId, request: IncreaseRequest, mail_due_at: int | None
    ) -> None:
        """Keep what was decided; its letter is due then, None for no letter."""
        ...

    async def sweep_mail_due(
        self, unit: Unit, now: int, again_at: int, limit: int
    ) -> Sequence[tuple[IncreaseRequest, int]]:
        """Claim requests whose letters are due, with the attempts so far; they come again at `again_at`."""
        ...

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        request_id: IncreaseRequestId,
        *,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended: when the next is due, None for no more."""
        ...


class SpentSoFar(Protocol):
    """What has been spent in calendar windows, by the ledger's reckoning."""

    async def spent(
        self, organization_id: OrganizationId, asked: Sequence[tuple[Scope, str, Period]]
    ) -> Mapping[tuple[Scope, str, Period], int]:
        """Return nano-USD since each window began; what is missing is 0."""
        ...

    async def people(
        self, organization_id: OrganizationId, periods: Collection[Period]
    ) -> Mapping[Period, Mapping[str, int]]:
        """Return nano-USD of each person since each period began; who is missing spent nothing."""
        ...


class OwnUsage(Protocol):
    """What a key or a person has used, by the ledger's reckoning."""

    async def totals(
        self, organization_id: OrganizationId, scope: Scope, scope_id: str, starting_at: int, now: int
    ) -> Totals:
        """Return the sums of `scope` (api_key or user) from `starting_at` to `now`, both in microseconds."""
        ...


class Holders(Protocol):
    """Whom limits are for; each raises NotFound for what the organisation has not.

    Those that take a unit look in the caller's transaction: who is looked at under the lock stays so until it ends.
    """

    async def workspace(self, unit: Unit, organization_id: OrganizationId, workspace_id: str) -> Workspace:
        """Return a workspace, archived or not."""
        ...

    async def find_api_key(self, unit: Unit, organization_id: OrganizationId, api_key_id: str) -> None:
        """Return if there is such a key."""
        ...

    async def member(self, unit: Unit, organization_id: OrganizationId, user_id: str) -> Member:
        """Return someone who is a member now."""
        ...

    async def members(self, organization_id: OrganizationId, cursor: IdCursor) -> Page[Member]:
        """Return a page of the members, newest first."""
        ...

    async def members_among(self, organization_id: OrganizationId, user_ids: Sequence[str]) -> Sequence[Member]:
        """Return those of some persons who are members now."""
        ...

    async def named(self, organization_id: OrganizationId, user_ids: Sequence[UserId]) -> Mapping[UserId, Member]:
        """Return persons by id, those who were removed too."""
        ...


class ServedModels(Protocol):
    """Which models can be asked for."""

    def serves(self, model: str) -> bool:
        """Say whether some provider serves a model or alias of this name."""
        ...

    async def names(self) -> Sequence[str]:
        """Return every name that is known to be served, aliases included."""
        ...


class Counters(Protocol):
    """Where rates are counted and spends are held; one in this process, or one that several servers share.

    Instants in microseconds, given by the caller. A failure may be any exception; it may also take its time.
    """

    async def admit(self, taking: Taking, now: int) -> Verdict:
        """Take everything at once, or nothing and say what was short, or which budgets nobody has read yet."""
        ...

    async def settle(self, settlement: Settlement, now: int) -> Mapping[str, int]:
        """Give the reservation back, correct rates and charge budgets; returns what is spent of those by key.

        A budget that nobody has read is not charged: whoever reads it counts the charge in.
        """
        ...

    async def renew(self, reservations: Sequence[tuple[str, tuple[str, ...]]], lease_until: int) -> None:
        """Hold reservations, each with the keys of its budgets, until then; one whose lease ran out stays gone."""
        ...

    async def unread(self, keys: Sequence[str]) -> Sequence[str]:
        """Return those of some budgets of which nobody has said yet what is spent."""
        ...

    async def put_spent(self, key: str, spent: int, ends_at: int, now: int) -> None:
        """Say what is spent of a budget in the window that ends at `ends_at`; what is held of it stays."""
        ...


class Used(Protocol):
    """What a request has used, as the ledger keeps it."""

    @property
    def uncached_input(self) -> int:
        """Tokens that were read, not from a cache."""
        ...

    @property
    def total_input(self) -> int:
        """Every token that was read."""
        ...

    @property
    def cache_read(self) -> int:
        """Tokens that came from a cache."""
        ...

    @property
    def output(self) -> int:
        """Tokens that were written."""
        ...


class Pricer(Protocol):
    """What models cost, nano-USD; quick enough to be asked for every request, once a model is prepared."""

    async def prepare(self, model: str, provider: str, at: int) -> None:
        """Have a model's price at hand."""
        ...

    def estimate(self, model: str, provider: str, tokens: Tokens, at: int) -> int:
        """Return what a request that uses just these would cost; prices may have steps by the whole input."""
        ...

    def cost(self, model: str, provider: str, used: Used, at: int) -> int:
        """Return what a request cost, as the ledger will price it."""
        ...


class SpendHistory(Protocol):
    """What the ledger knows of spending."""

    def position(self) -> int:
        """Return how many requests this process has settled."""
        ...

    async def spent(self, organization_id: OrganizationId, windows: Sequence[Window]) -> SpentTo:
        """Return what was spent from each window's beginning on, and up to which settled request that goes.

        Includes all that was settled before the call, by this process and those before it.
        """
        ...


class SpendEvents(Protocol):
    """Who is told when budgets run low."""

    def crossed(self, crossing: Crossing) -> None:
        """Take note of a threshold that was passed; never fails, never waits."""
        ...


class CodeWorkspaces(Protocol):
    """Which workspaces are Claude Code's own."""

    async def is_claude_code(self, organization_id: OrganizationId, workspace_id: WorkspaceId) -> bool:
        """Say whether the workspace is the one that Claude Code made for itself."""
        ...
