"""Limits in the database, and the book that is read from it."""

import asyncio
import dataclasses
from typing import TYPE_CHECKING, cast

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import ManualClock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import ApiKeyId, OrganizationId, SpendLimitId, UserId, WorkspaceId
from antechamber.base.page import seal_cursor
from antechamber.database.changes import LIMITS, Changes
from antechamber.database.engine import Database
from antechamber.features.gateway.model import Catalogue
from antechamber.features.limits.model.definitions import (
    Applicable,
    Limiter,
    Period,
    PersonQuota,
    Quota,
    RateRule,
    Scope,
    SpendLimit,
    SpendRule,
)
from antechamber.features.limits.model.groups import TOKEN_COUNT, Groups
from antechamber.features.limits.service.administration_quotas import Quotas
from antechamber.features.limits.service.administration_spending import SpendLimits, SpendQuery
from antechamber.features.limits.service.book import LimitBook
from antechamber.features.limits.sql import SqlLimits
from antechamber.features.usage.sql import SqlUsage
from antechamber.wiring.ledger_sums import LedgerSums
from antechamber.wiring.limits import CataloguedModels, LimitHolders
from tests.contracts.tenants import MINE, NOON, THEIRS, services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from antechamber.base.unit import Unit
    from antechamber.features.gateway.service import Models
    from antechamber.wiring.storage import Storage

STORE = SqlLimits()
GROUPS = Groups()
OPUS = GROUPS.of("claude-opus-4-8")
SONNET = GROUPS.of("claude-sonnet-4-5")
MINUTE = Limiter.REQUESTS_PER_MINUTE
WORKSPACE = WorkspaceId("wrkspc_1")
KEY = ApiKeyId("apikey_1")
USER = UserId("user_1")


def rate(value: int, scope: Scope = Scope.WORKSPACE, scope_id: str = WORKSPACE, limiter: Limiter = MINUTE) -> RateRule:
    return RateRule(limiter, value, scope, scope_id, OPUS.id)


def spend(number: int, scope: Scope = Scope.WORKSPACE, scope_id: str = WORKSPACE, **more: object) -> SpendLimit:
    limit = SpendLimit(
        SpendLimitId(f"spl_{number}"), MINE, scope, scope_id, Period.MONTHLY, number, NOON + number, NOON + number
    )
    return dataclasses.replace(limit, **more)  # type: ignore[arg-type] # fields of the limit


async def listed(database: Database, organization_id: OrganizationId = MINE, **query: object) -> list[str]:
    asked = {"scopes": list(Scope), "workspace_id": None, "after": None, "limit": 100, **query}
    async with database.read() as unit:
        return [limit.id for limit in await STORE.spend_limits(unit, organization_id, **asked)]  # type: ignore[arg-type] # as above


async def test_a_rate_takes_the_place_of_the_former_one(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, rate(5), NOON)
        await STORE.put_rate(unit, MINE, rate(7), NOON)
        await STORE.put_rate(unit, MINE, rate(9, limiter=Limiter.TOKENS_PER_DAY), NOON)
        await STORE.put_rate(unit, THEIRS, rate(1), NOON)
    async with database.read() as unit:
        assert await STORE.rates(unit, MINE, Scope.WORKSPACE, WORKSPACE) == [
            rate(7),
            rate(9, limiter=Limiter.TOKENS_PER_DAY),
        ]
        assert await STORE.rates(unit, MINE, Scope.API_KEY, WORKSPACE) == []
        assert await STORE.rates(unit, THEIRS, Scope.WORKSPACE, WORKSPACE) == [rate(1)]


async def test_a_cleared_rate_is_gone_and_no_other(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, rate(5), NOON)
        await STORE.put_rate(unit, MINE, rate(6, limiter=Limiter.TOKENS_PER_DAY), NOON)
        await STORE.put_rate(unit, THEIRS, rate(1), NOON)
        for _ in range(2):
            await STORE.clear_rate(unit, MINE, (Scope.WORKSPACE, WORKSPACE), OPUS.id, MINUTE)
    async with database.read() as unit:
        assert await STORE.rates(unit, MINE, Scope.WORKSPACE, WORKSPACE) == [rate(6, limiter=Limiter.TOKENS_PER_DAY)]
        assert await STORE.rates(unit, THEIRS, Scope.WORKSPACE, WORKSPACE) == [rate(1)]


async def test_spend_limits_are_listed_newest_first_by_pages_and_filters(database: Database) -> None:
    async with database.begin() as unit:
        for number in (1, 2, 3):
            await STORE.put_spend_limit(unit, MINE, spend(number, scope_id=f"wrkspc_{number}"))
        await STORE.put_spend_limit(unit, MINE, spend(4, Scope.USER, USER, created_at=NOON + 3))
        await STORE.put_spend_limit(unit, THEIRS, spend(5, organization_id=THEIRS))
    assert await listed(database) == ["spl_4", "spl_3", "spl_2", "spl_1"]
    assert await listed(database, after=(NOON + 3, "spl_4"), limit=2) == ["spl_3", "spl_2"]
    assert await listed(database, scopes=[Scope.USER]) == ["spl_4"]
    assert await listed(database, scopes=[]) == []
    assert await listed(database, workspace_id="wrkspc_2") == ["spl_2"]
    assert await listed(database, THEIRS) == ["spl_5"]


async def test_a_spend_limit_is_found_by_id_and_by_holder_within_its_organization(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_spend_limit(unit, MINE, spend(1))
    async with database.read() as unit:
        assert await STORE.get_spend_limit(unit, MINE, SpendLimitId("spl_1")) == spend(1)
        assert await STORE.get_spend_limit(unit, THEIRS, SpendLimitId("spl_1")) is None
        found = await STORE.find_spend_limit(unit, MINE, Scope.WORKSPACE, WORKSPACE, Period.MONTHLY)
        assert found == spend(1)
        assert await STORE.find_spend_limit(unit, MINE, Scope.WORKSPACE, WORKSPACE, Period.DAILY) is None
        assert await STORE.find_spend_limit(unit, THEIRS, Scope.WORKSPACE, WORKSPACE, Period.MONTHLY) is None


async def test_a_spend_limit_keeps_its_birth_when_its_amount_changes(database: Database) -> None:
    changed = spend(1, amount=None, updated_at=NOON + 9)
    async with database.begin() as unit:
        await STORE.put_spend_limit(unit, MINE, spend(1))
        await STORE.put_spend_limit(unit, MINE, dataclasses.replace(changed, created_at=0))
    async with database.read() as unit:
        assert await STORE.get_spend_limit(unit, MINE, SpendLimitId("spl_1")) == changed


async def test_a_removed_spend_limit_is_gone_only_for_its_own_organization(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_spend_limit(unit, MINE, spend(1))
        await STORE.remove_spend_limit(unit, THEIRS, SpendLimitId("spl_1"))
    assert await listed(database) == ["spl_1"]
    async with database.begin() as unit:
        await STORE.remove_spend_limit(unit, MINE, SpendLimitId("spl_1"))
    assert await listed(database) == []


async def test_the_limits_of_some_holders_are_found_together(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_spend_limit(unit, MINE, spend(1))
        await STORE.put_spend_limit(unit, MINE, spend(2, Scope.ORGANIZATION, MINE))
        await STORE.put_spend_limit(unit, MINE, spend(3, Scope.USER, USER))
        await STORE.put_spend_limit(unit, MINE, spend(4, Scope.USER, "user_2"))
    holders = [(Scope.ORGANIZATION, str(MINE)), (Scope.USER, str(USER)), (Scope.USER, "user_9")]
    async with database.read() as unit:
        found = await STORE.holders_limits(unit, MINE, holders)
        assert [limit.id for limit in found] == ["spl_2", "spl_3"]
        assert await STORE.holders_limits(unit, MINE, []) == []
        assert await STORE.holders_limits(unit, THEIRS, holders) == []
        # so many that they are looked for between the first and the last
        crowd = [(Scope.USER, f"user_{number}") for number in range(3, 500)]
        (own,) = await STORE.holders_limits(unit, MINE, [*crowd, (Scope.USER, "user_1"), (Scope.WORKSPACE, "wrkspc_9")])
        assert own.id == "spl_3", "user_2 lies between them, and is not asked for"


async def test_quotas_are_kept_by_person_with_one_default(database: Database) -> None:
    default = PersonQuota(MINE, None, Quota(60, 2000, "weaker"), NOON)
    own = PersonQuota(MINE, USER, Quota(requests_per_day=9), NOON)
    async with database.begin() as unit:
        await STORE.put_quota(unit, MINE, own)
        await STORE.put_quota(unit, MINE, dataclasses.replace(default, quota=Quota(1)))
        await STORE.put_quota(unit, MINE, default)
    async with database.read() as unit:
        assert await STORE.quotas(unit, MINE) == [default, own]
        assert await STORE.quotas(unit, THEIRS) == []
    async with database.begin() as unit:
        assert not await STORE.remove_quota(unit, THEIRS, USER)
        assert await STORE.remove_quota(unit, MINE, None)
        assert not await STORE.remove_quota(unit, MINE, None)
    async with database.read() as unit:
        assert await STORE.quotas(unit, MINE) == [own]


async def test_every_change_of_limits_is_announced(database: Database) -> None:
    changes = Changes(database)
    seen: list[int] = []

    async def count() -> None:
        seen.append(1)

    changes.watch(LIMITS, count)
    quota = PersonQuota(MINE, USER, Quota(1), NOON)
    acts: list[Callable[[Unit], Awaitable[object]]] = [
        lambda unit: STORE.put_rate(unit, MINE, rate(5), NOON),
        lambda unit: STORE.clear_rate(unit, MINE, (Scope.WORKSPACE, WORKSPACE), OPUS.id, MINUTE),
        lambda unit: STORE.put_spend_limit(unit, MINE, spend(1)),
        lambda unit: STORE.remove_spend_limit(unit, MINE, SpendLimitId("spl_1")),
        lambda unit: STORE.put_quota(unit, MINE, quota),
        lambda unit: STORE.remove_quota(unit, MINE, USER),
    ]
    for act in acts:
        async with database.begin() as unit:
            await act(unit)
        await changes.look()
    assert len(seen) == len(acts)


async def book_of(database: Database) -> LimitBook:
    book = LimitBook(STORE, database)
    book.adopt(GROUPS, {OPUS.key: {MINUTE: 100}, SONNET.key: {}})
    await book.reload()
    return book


def ask(book: LimitBook, model: str = "claude-opus-4-8", user: UserId | None = USER) -> Applicable:
    return book.rules_for(MINE, WORKSPACE, KEY, user, model)


async def test_the_book_gathers_what_every_scope_of_a_request_says(database: Database) -> None:
    organization = rate(50, Scope.ORGANIZATION, MINE)
    below = [rate(500), rate(7, Scope.API_KEY, KEY), rate(8, Scope.USER, USER)]
    async with database.begin() as unit:
        for rule in (organization, *below, rate(1, Scope.API_KEY, "apikey_2")):
            await STORE.put_rate(unit, MINE, rule, NOON)
        await STORE.put_rate(unit, THEIRS, rate(2), NOON)
        await STORE.put_spend_limit(unit, MINE, spend(1))
        await STORE.put_spend_limit(unit, MINE, spend(2, Scope.USER, USER, amount=None))
        await STORE.put_spend_limit(unit, MINE, spend(3, Scope.API_KEY, KEY))
        await STORE.put_spend_limit(unit, MINE, spend(4, Scope.USER, "user_2"))
    found = ask(await book_of(database))
    assert found.rates == (organization, *below)
    assert found.spends == (
        SpendRule("spl_1", Scope.WORKSPACE, WORKSPACE, 1, Period.MONTHLY),
        SpendRule("spl_3", Scope.API_KEY, KEY, 3, Period.MONTHLY),
    )
    assert found.quota is None
    assert found.group_id == OPUS.id


async def test_a_rate_holds_only_its_own_group_of_models(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, rate(5), NOON)
    book = await book_of(database)
    assert ask(book, "claude-opus-3").rates == (rate(100, Scope.ORGANIZATION, MINE), rate(5))
    assert ask(book, "claude-sonnet-4-5") == Applicable((), (), None, SONNET.id)


async def test_an_organization_does_not_get_over_the_servers_file(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, rate(5000, Scope.ORGANIZATION, MINE), NOON)
    assert ask(await book_of(database)).rates == (rate(100, Scope.ORGANIZATION, MINE),)


async def test_a_persons_own_quota_replaces_the_default_whole(database: Database) -> None:
    async with database.begin() as unit:
        await STORE.put_quota(unit, MINE, PersonQuota(MINE, None, Quota(60, 2000, "weaker"), NOON))
        await STORE.put_quota(unit, MINE, PersonQuota(MINE, USER, Quota(requests_per_day=9), NOON))
    book = await book_of(database)
    assert ask(book).quota == Quota(requests_per_day=9)
    assert ask(book, user=UserId("user_2")).quota == Quota(60, 2000, "weaker")
    assert ask(book, user=None).quota is None


async def test_counting_tokens_has_rates_of_its_own_and_costs_nothing(database: Database) -> None:
    counting = RateRule(MINUTE, 5, Scope.WORKSPACE, WORKSPACE, TOKEN_COUNT.id)
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, counting, NOON)
        await STORE.put_spend_limit(unit, MINE, spend(1))
        await STORE.put_quota(unit, MINE, PersonQuota(MINE, None, Quota(1), NOON))
    book = await book_of(database)
    assert book.counting_rules_for(MINE, WORKSPACE, KEY, USER) == Applicable((counting,), (), None, TOKEN_COUNT.id)
    assert counting not in ask(book).rates


async def test_a_change_is_in_the_book_after_the_feeds_next_look(database: Database) -> None:
    book, changes = await book_of(database), Changes(database)
    changes.watch(LIMITS, book.reload)
    assert ask(book) is ask(book)
    before = ask(book)
    async with database.begin() as unit:
        await STORE.put_rate(unit, MINE, rate(5), ManualClock(NOON).now())
    assert ask(book) is before
    await changes.look()
    assert rate(5) in ask(book).rates


def unserved() -> CataloguedModels:
    """No models at all; a list of them is not asked for."""
    return CataloguedModels(lambda: Catalogue((), {}), lambda: cast("Models", None))


@pytest.mark.parametrize("strange", ["\x00", "spl_01\x00", "nonsense", "wrkspc_01" + "0" * 22])
async def test_an_id_that_none_can_have_is_nowhere(database: Database, strange: str) -> None:
    made = services(database)
    holders = LimitHolders(cast("Storage", made))
    sums = LedgerSums(SqlUsage(), made.api_keys, database, made.clock)
    spends = SpendLimits(STORE, database, made.clock, SystemChance(), made.audit, holders, sums)
    quotas = Quotas(STORE, database, made.clock, made.audit, holders, unserved())
    async with database.begin() as unit:
        await made.workspaces.create_default(unit, MINE)
    asked: list[Awaitable[object]] = [
        spends.get(MINE, strange),
        spends.delete(MINE, strange, OPERATOR),
        quotas.delete(MINE, strange, OPERATOR),
    ]
    for each in asked:
        with pytest.raises(NotFound, match=r"not found|no quota"):
            await each
    async with database.read() as unit:
        for look in (holders.workspace, holders.find_api_key, holders.member):
            with pytest.raises(NotFound, match="not found"):
                await look(unit, MINE, strange)
    assert await holders.members_among(MINE, [strange]) == []
    everything = (Scope.WORKSPACE, Scope.USER)
    assert await spends.listing(MINE, SpendQuery(everything, strange)) == ([], None)
    mark = {"scopes": sorted(everything), "workspace_id": None}
    page = seal_cursor(f"5 {strange}", mark)
    with pytest.raises(InvalidRequest, match="not a cursor that this server gave"):
        await spends.listing(MINE, SpendQuery(everything, page=page))


async def test_admins_who_set_the_same_limit_at_once_make_one_of_it(database: Database) -> None:
    made = services(database)
    holders = LimitHolders(cast("Storage", made))
    sums = LedgerSums(SqlUsage(), made.api_keys, database, made.clock)
    limits = SpendLimits(STORE, database, made.clock, SystemChance(), made.audit, holders, sums)
    acts = [limits.set(MINE, Scope.ORGANIZATION, MINE, Period.DAILY, cents * 10**7, OPERATOR) for cents in range(8)]
    found = await asyncio.gather(*acts)
    assert len({limit.id for limit in found}) == 1
    (kept,) = (await limits.listing(MINE, SpendQuery((Scope.ORGANIZATION,))))[0]
    assert kept.amount in {limit.amount for limit in found}
