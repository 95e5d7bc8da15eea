"""Limits that are set while who they are for goes: one after the other, and none for who is gone."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.errors import InvalidRequest, NotFound, WireError
from antechamber.base.ids import IncreaseRequestId, UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.limits.model.definitions import Limiter, Period, Quota, Scope
from antechamber.features.limits.model.groups import entry_id
from antechamber.features.limits.model.increases import IncreaseDraft, IncreaseRequest, RequestStatus
from antechamber.features.limits.service.administration_quotas import Quotas
from antechamber.features.limits.service.administration_rates import RateLimits
from antechamber.features.limits.service.administration_spending import SpendLimits
from antechamber.features.limits.service.book import LimitBook
from antechamber.features.limits.service.increases import Approval, IncreaseRequests
from antechamber.features.limits.sql import SqlIncreases, SqlLimits
from antechamber.features.organizations.sql import SqlMembers
from antechamber.features.usage.sql import SqlUsage
from antechamber.features.workspaces.model import WorkspaceDraft
from antechamber.features.workspaces.sql import SqlWorkspaces
from antechamber.wiring.ledger_sums import LedgerSums
from antechamber.wiring.limits import LimitHolders
from tests.contracts.tenants import MINE, NOON, Services

if TYPE_CHECKING:
    from antechamber.base.unit import Unit
    from antechamber.wiring.storage import Storage

STORE, REQUESTS = SqlLimits(), SqlIncreases()
REQUEST = IncreaseRequestId("slir_01" + "1" * 22)
# so that whoever looks before taking the lock has looked
HEAD_START_SECONDS = 0.2


class NoModels:
    """Serves none, which no limit minds."""

    def serves(self, _model: str) -> bool:
        return False

    async def names(self) -> list[str]:
        return []


class Offices(NamedTuple):
    """Who sets limits, with a member and a workspace to set them for."""

    made: Services
    rates: RateLimits
    spends: SpendLimits
    quotas: Quotas
    increases: IncreaseRequests
    user_id: UserId
    workspace_id: WorkspaceId

    def set_rate(self, scope: Scope) -> Awaitable[object]:
        group = next(iter(LimitBook(STORE, self.made.database).groups.everything()))
        holder = self.user_id if scope is Scope.USER else self.workspace_id
        changes = [(Limiter.REQUESTS_PER_MINUTE, 5)]
        return self.rates.set_holder(MINE, scope, holder, entry_id(MINE, group), changes, OPERATOR)

    def set_spend(self, scope: Scope) -> Awaitable[object]:
        holder = self.user_id if scope is Scope.USER else self.workspace_id
        return self.spends.set(MINE, scope, holder, Period.DAILY, 10**9, OPERATOR)

    async def kept(self) -> list[object]:
        """Everything that holds either of them."""
        async with self.made.database.read() as unit:
            return [
                *await STORE.rates(unit, MINE, Scope.USER, self.user_id),
                *await STORE.rates(unit, MINE, Scope.WORKSPACE, self.workspace_id),
                *await STORE.quotas(unit, MINE),
                *await STORE.holders_limits(
                    unit, MINE, [(Scope.USER, self.user_id), (Scope.WORKSPACE, self.workspace_id)]
                ),
            ]


@pytest.fixture
async def offices(made: Services) -> Offices:
    database, clock, audit = made.database, made.clock, made.audit
    holders = LimitHolders(cast("Storage", made))
    sums = LedgerSums(SqlUsage(), made.api_keys, database, clock)
    chance = SystemChance()
    rates = RateLimits(STORE, database, clock, audit, LimitBook(STORE, database), holders, NoModels())
    spends = SpendLimits(STORE, database, clock, chance, audit, holders, sums)
    quotas = Quotas(STORE, database, clock, audit, holders, NoModels())
    increases = IncreaseRequests(REQUESTS, database, clock, chance, audit, holders, spends)
    member = await made.members.add(MINE, "ada@example.com", "Ada", OrganizationRole.USER, OPERATOR)
    workspace = await made.workspaces.create(MINE, WorkspaceDraft(name="Room"), OPERATOR)
    async with database.begin() as unit:
        request = IncreaseRequest(REQUEST, MINE, member.id, Period.DAILY, 10**9, "why", RequestStatus.PENDING, NOON)
        await REQUESTS.add(unit, MINE, request)
    return Offices(made, rates, spends, quotas, increases, member.id, workspace.id)


async def leave(offices: Offices, unit: "Unit") -> None:
    await SqlMembers().remove(unit, MINE, offices.user_id, NOON)


async def archive(offices: Offices, unit: "Unit") -> None:
    workspace = await offices.made.workspaces.require(unit, MINE, offices.workspace_id)
    await SqlWorkspaces().save(unit, MINE, dataclasses.replace(workspace, archived_at=NOON))


Act = Callable[[Offices], Awaitable[object]]


async def behind(offices: Offices, act: Act, go: Callable[[Offices, "Unit"], Awaitable[None]]) -> WireError:
    """Begin an act while another transaction, under the lock, takes away whom it is for; returns its refusal."""
    async with offices.made.database.begin() as unit:
        await STORE.lock(unit, MINE)
        setting = asyncio.ensure_future(act(offices))
        await asyncio.sleep(HEAD_START_SECONDS)
        await go(offices, unit)
    with pytest.raises(WireError) as caught:
        await setting
    return caught.value


@pytest.mark.parametrize(
    "act",
    [
        lambda offices: offices.set_rate(Scope.USER),
        lambda offices: offices.set_spend(Scope.USER),
        lambda offices: offices.quotas.set(MINE, offices.user_id, Quota(1), OPERATOR),
        lambda offices: offices.increases.approve(MINE, REQUEST, Approval(10**9), OPERATOR),
        lambda offices: offices.increases.deny(MINE, REQUEST, OPERATOR, is_quiet=True),
    ],
    ids=["rate", "spend", "quota", "approval", "denial"],
)
async def test_nothing_is_set_for_who_is_removed_meanwhile(offices: Offices, act: Act) -> None:
    assert isinstance(await behind(offices, act, leave), NotFound)
    assert await offices.kept() == []
    async with offices.made.database.read() as unit:
        request = await REQUESTS.find(unit, MINE, REQUEST)
    assert request is not None
    assert request.is_pending


@pytest.mark.parametrize(
    "act",
    [lambda offices: offices.set_rate(Scope.WORKSPACE), lambda offices: offices.set_spend(Scope.WORKSPACE)],
    ids=["rate", "spend"],
)
async def test_nothing_is_set_for_a_workspace_that_is_archived_meanwhile(offices: Offices, act: Act) -> None:
    refused = await behind(offices, act, archive)
    assert isinstance(refused, InvalidRequest)
    assert "is archived; its limits cannot be changed" in refused.message
    assert await offices.kept() == []


async def test_nothing_is_asked_for_by_who_is_removed_meanwhile(offices: Offices) -> None:
    await offices.spends.set(MINE, Scope.ORGANIZATION, MINE, Period.WEEKLY, 10**9, OPERATOR)
    draft = IncreaseDraft(Period.WEEKLY, 2 * 10**9, "more")

    def act(asked: Offices) -> Awaitable[object]:
        return asked.increases.file(MINE, asked.user_id, draft, OPERATOR)

    assert isinstance(await behind(offices, act, leave), NotFound)
    async with offices.made.database.read() as unit:
        assert await REQUESTS.pending(unit, MINE, offices.user_id, Period.WEEKLY) == []
