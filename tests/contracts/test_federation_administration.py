"""Service accounts, issuers and rules in the database: kept whole, apart by organisation, and sound under races."""

import asyncio
import dataclasses
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.errors import NotFound, WireError
from antechamber.base.ids import ServiceAccountId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.database.engine import Database, connection
from antechamber.database.tables import change_feed
from antechamber.features.federation.model.accounts import AccountChange, AccountDraft, Membership, ServiceAccount
from antechamber.features.federation.model.issuers import (
    Discovery,
    ExplicitUrl,
    Inline,
    Issuer,
    IssuerChange,
    IssuerDraft,
)
from antechamber.features.federation.model.rules import Match, RuleDraft, Target
from antechamber.features.federation.ports import Asked
from antechamber.features.federation.service import ListQuery
from antechamber.features.federation.sql.accounts import SqlMemberships, SqlServiceAccounts
from antechamber.features.federation.sql.issuers import SqlIssuers
from antechamber.features.federation.sql.rules import SqlRules
from antechamber.features.oauth.ports import ServiceAccountPlace
from antechamber.features.workspaces.model import WorkspaceDraft
from antechamber.wiring.exchange import ExchangeRules, Foundations
from antechamber.wiring.federation import Federation, build_federation
from tests.contracts.tenants import MINE, THEIRS, Services, services

BY = Actor(ActorKind.USER, "user_01")
KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
}
ACCOUNTS, MEMBERSHIPS, ISSUERS, RULES = SqlServiceAccounts(), SqlMemberships(), SqlIssuers(), SqlRules()


def join(made: Services) -> Federation:
    under = Foundations(made.database, made.clock, SystemChance(), made.audit, made.tokens, made.workspaces)
    federation = build_federation(under, ExchangeRules("https://ante.example"))
    made.workspace_effects.on_archived(federation.rule_workspaces.drop_workspace)
    return federation


@pytest.fixture
def federation(made: Services) -> Federation:
    return join(made)


async def account(federation: Federation, name: str = "ci", **how: Any) -> ServiceAccount:  # noqa: ANN401 - keywords
    return await federation.accounts.create(MINE, AccountDraft(name, **how), BY)


async def issuer(federation: Federation, name: str = "cluster") -> Issuer:
    draft = IssuerDraft(name, "https://kubernetes.default.svc", Inline((KEY,)))
    return (await federation.issuers.create(MINE, draft, BY)).issuer


def rule_draft(its_issuer: Issuer, its_account: ServiceAccount, name: str = "build", **how: Any) -> RuleDraft:  # noqa: ANN401 - keywords
    how = {"applies_to_all_workspaces": "workspace_id" not in how, **how}
    target = Target(its_account.id)
    return RuleDraft(name, its_issuer.id, Match(subject_prefix="ci"), target, "workspace:developer", **how)


async def room(made: Services, name: str = "Room") -> WorkspaceId:
    return (await made.workspaces.create(MINE, WorkspaceDraft(name=name), OPERATOR)).id


async def announced(database: Database) -> int:
    async with database.read() as unit:
        rows = await connection(unit).execute(select(change_feed.c.version).where(change_feed.c.name == "credentials"))
        return rows.scalar_one_or_none() or 0


async def outcome(work: Awaitable[object]) -> str:
    try:
        await work
    except WireError as error:
        return error.type
    return "done"


async def test_a_service_account_is_kept_whole_and_apart(made: Services, federation: Federation) -> None:
    kept = await account(federation, description="Über", role=ServiceAccountRole.ADMIN)
    async with made.database.read() as unit:
        assert await ACCOUNTS.find(unit, MINE, kept.id) == kept
        assert await ACCOUNTS.named(unit, MINE, "ci") == kept
        assert await ACCOUNTS.several(unit, MINE, {kept.id}) == [kept]
        assert await ACCOUNTS.listing(unit, MINE, Asked()) == [kept]
        assert await ACCOUNTS.find(unit, THEIRS, kept.id) is None
        assert await ACCOUNTS.named(unit, THEIRS, "ci") is None
        assert await ACCOUNTS.several(unit, THEIRS, {kept.id}) == []
        assert await ACCOUNTS.listing(unit, THEIRS, Asked(archived=True)) == []
        assert await ACCOUNTS.sweep_roles(unit) == {(MINE, kept.id): ServiceAccountRole.ADMIN}
    with pytest.raises(NotFound):
        await federation.accounts.archive(THEIRS, kept.id, BY)


async def test_a_changed_or_archived_account_is_announced(made: Services, federation: Federation) -> None:
    kept = await account(federation)
    before = await announced(made.database)
    await federation.accounts.update(MINE, kept.id, AccountChange(role=ServiceAccountRole.ADMIN), BY)
    changed = await announced(made.database)
    await federation.accounts.archive(MINE, kept.id, BY)
    assert before < changed < await announced(made.database)
    async with made.database.read() as unit:
        assert await ACCOUNTS.sweep_roles(unit) == {}
        assert await ACCOUNTS.named(unit, MINE, "ci") is None
        found = await ACCOUNTS.find(unit, MINE, kept.id)
        assert found is not None
        assert found.archived is not None
        assert found.archived.by == BY.id


async def test_lists_page_by_instant_and_id(made: Services, federation: Federation) -> None:
    names = []
    for number in range(6):
        # two of each instant
        made.clock.advance(number % 2)
        names.append((await account(federation, f"ci-{number}")).name)
    seen: list[str] = []
    query = ListQuery(limit=4)
    while True:
        part = await federation.accounts.listing(MINE, query)
        seen += [each.name for each in part.items]
        if part.next_page is None:
            break
        query = dataclasses.replace(query, page=part.next_page)
    assert sorted(seen) == sorted(names)
    instants = [name.removeprefix("ci-") for name in seen]
    assert [(int(number) + 1) // 2 for number in instants] == [3, 2, 2, 1, 1, 0]


async def test_memberships_are_kept_once_and_announced(made: Services, federation: Federation) -> None:
    kept, place = await account(federation), await room(made)
    before = await announced(made.database)
    given = Membership(kept.id, place, WorkspaceRole.DEVELOPER, BY.id)
    assert await federation.memberships.put(MINE, place, kept.id, WorkspaceRole.DEVELOPER, BY) == given
    put = await announced(made.database)
    changed = await federation.memberships.put(MINE, place, kept.id, WorkspaceRole.ADMIN, OPERATOR)
    assert changed == dataclasses.replace(given, role=WorkspaceRole.ADMIN)
    async with made.database.read() as unit:
        assert await MEMBERSHIPS.find(unit, MINE, place, kept.id) == changed
        assert await MEMBERSHIPS.find(unit, THEIRS, place, kept.id) is None
        assert await MEMBERSHIPS.of_account(unit, MINE, kept.id, None, 5) == [changed]
        assert await MEMBERSHIPS.of_workspace(unit, MINE, place, None, 5) == [changed]
        assert await MEMBERSHIPS.of_account(unit, THEIRS, kept.id, None, 5) == []
        assert await MEMBERSHIPS.of_workspace(unit, THEIRS, place, None, 5) == []
        strangers = [(place, ServiceAccountId("svac_x")), (WorkspaceId("wrkspc_x"), kept.id)]
        swept = await MEMBERSHIPS.sweep_roles(unit, [(place, kept.id), *strangers])
        assert swept == {(place, kept.id): WorkspaceRole.ADMIN}
    last = await announced(made.database)
    await federation.memberships.remove(MINE, place, kept.id, BY)
    assert before < put < last < await announced(made.database)


async def test_what_an_account_counts_for_is_the_same_asked_alone_or_among_many(
    made: Services, federation: Federation
) -> None:
    live, past = await account(federation), await account(federation, "past")
    admin = await account(federation, "admin", role=ServiceAccountRole.ADMIN)
    inside, gone = await room(made), await room(made, "Gone")
    for place in (inside, gone):
        await federation.memberships.put(MINE, place, live.id, WorkspaceRole.RESTRICTED_DEVELOPER, BY)
    await federation.accounts.archive(MINE, past.id, BY)
    await made.workspaces.archive(MINE, gone, OPERATOR)
    async with made.database.read() as unit:
        default = (await made.workspaces.default(unit, MINE)).id
        places = [
            ServiceAccountPlace(MINE, who.id, where)
            for who in (live, past, admin)
            for where in (None, default, inside, gone)
        ]
        places.append(ServiceAccountPlace(THEIRS, live.id, None))
        many = await federation.account_roles.sweep_roles(unit, places)
        alone = [await federation.account_roles.sweep_roles(unit, [each]) for each in places]
        assert await federation.account_roles.sweep_roles(unit, []) == {}
    developer, whole = ServiceAccountRole.DEVELOPER, ServiceAccountRole.ADMIN
    assert many == {each: roles for found in alone for each, roles in found.items()}
    assert many == {
        ServiceAccountPlace(MINE, live.id, None): (developer, None),
        ServiceAccountPlace(MINE, live.id, default): (developer, WorkspaceRole.DEVELOPER),
        ServiceAccountPlace(MINE, live.id, inside): (developer, WorkspaceRole.RESTRICTED_DEVELOPER),
        ServiceAccountPlace(MINE, admin.id, None): (whole, None),
        ServiceAccountPlace(MINE, admin.id, default): (whole, WorkspaceRole.ADMIN),
        ServiceAccountPlace(MINE, admin.id, inside): (whole, None),
    }


@pytest.mark.parametrize(
    "jwks",
    [
        Discovery(),
        Discovery("https://d.example", "PEM"),
        ExplicitUrl("https://k.example/jwks"),
        ExplicitUrl("https://k.example/jwks", "PEM"),
        Inline((KEY, {"kid": "ü", "x5c": ["a"], "n": 1})),
    ],
)
async def test_an_issuer_is_kept_whole_and_apart(made: Services, federation: Federation, jwks: Any) -> None:  # noqa: ANN401 - one of three
    made_one = await issuer(federation)
    kept = dataclasses.replace(made_one, jwks=jwks, check_jti=False, max_jwt_lifetime_seconds=176_400)
    async with made.database.begin() as unit:
        await ISSUERS.save(unit, MINE, kept)
    async with made.database.read() as unit:
        assert await ISSUERS.find(unit, MINE, kept.id) == kept
        assert await ISSUERS.named(unit, MINE, kept.name) == kept
        assert await ISSUERS.several(unit, MINE, [kept.id]) == [kept]
        assert await ISSUERS.listing(unit, MINE, Asked()) == [kept]
        assert await ISSUERS.sweep_fetched(unit) == ([] if isinstance(jwks, Inline) else [kept])
        assert await ISSUERS.find(unit, THEIRS, kept.id) is None
        assert await ISSUERS.several(unit, THEIRS, [kept.id]) == []
        assert await ISSUERS.listing(unit, THEIRS, Asked(archived=True)) == []
    await federation.issuers.archive(MINE, kept.id, BY)
    async with made.database.read() as unit:
        assert await ISSUERS.sweep_fetched(unit) == []


async def test_a_rule_is_kept_whole_and_apart_with_its_workspaces_in_order(
    made: Services, federation: Federation
) -> None:
    its_issuer, its_account = await issuer(federation), await account(federation)
    places = [await room(made, f"Room {number}") for number in range(3)]
    draft = rule_draft(its_issuer, its_account, workspace_id=places[1], description="Über", token_lifetime_seconds=60)
    match = Match("repo:*", "me", {"a": "ü"}, "claims.a == 'b'")
    kept = (await federation.rules.create(MINE, dataclasses.replace(draft, match=match), BY)).rule
    for place in (places[0], places[2]):
        made.clock.advance(1)
        await federation.rule_workspaces.enable(MINE, kept.id, place, BY)
    kept = dataclasses.replace(kept, workspace_ids=(places[1], places[0], places[2]))
    async with made.database.read() as unit:
        assert kept.match == match
        assert await RULES.find(unit, MINE, kept.id) == kept
        assert await RULES.named(unit, MINE, "build") == kept
        assert await RULES.listing(unit, MINE, Asked(), None) == [kept]
        assert await RULES.listing(unit, MINE, Asked(), its_issuer.id) == [kept]
        assert await RULES.live(unit, MINE, issuer_id=its_issuer.id) == [kept]
        assert await RULES.live(unit, MINE, service_account_id=its_account.id) == [kept]
        assert await RULES.of_workspace(unit, MINE, places[2]) == [kept.id]
        assert await RULES.find(unit, THEIRS, kept.id) is None
        assert await RULES.listing(unit, THEIRS, Asked(archived=True), None) == []
        assert await RULES.live(unit, THEIRS) == []
        assert await RULES.workspaces(unit, THEIRS, kept.id) == []
        assert await RULES.of_workspace(unit, THEIRS, places[2]) == []
    await made.workspaces.archive(MINE, places[0], OPERATOR)
    assert (await federation.rules.get(MINE, kept.id)).rule.workspace_ids == (places[1], places[2])
    await federation.rules.archive(MINE, kept.id, BY)
    async with made.database.read() as unit:
        assert await RULES.live(unit, MINE) == []
        assert await RULES.workspaces(unit, MINE, kept.id) == []


async def test_no_two_live_ones_have_one_name_even_past_the_services(made: Services, federation: Federation) -> None:
    its_account, its_issuer = await account(federation), await issuer(federation)
    its_rule = (await federation.rules.create(MINE, rule_draft(its_issuer, its_account), BY)).rule
    stores: list[tuple[Any, Any]] = [(ACCOUNTS, its_account), (ISSUERS, its_issuer), (RULES, its_rule)]
    for store, kept in stores:
        with pytest.raises(IntegrityError):
            async with made.database.begin() as unit:
                await store.add(unit, MINE, dataclasses.replace(kept, id=f"{kept.id}x"))
        async with made.database.begin() as unit:
            ended = dataclasses.replace(kept, id=f"{kept.id}y", archived=kept.created)
            await store.add(unit, MINE, ended)
            await store.add(unit, THEIRS, dataclasses.replace(kept, id=f"{kept.id}z"))


@pytest.fixture
async def two_nodes(made: Services, database_address: URL) -> Any:  # noqa: ANN401 - an iterator
    """Federation on two nodes over one database."""
    other = Database(database_address)
    yield join(made), join(services(other))
    await other.close()


async def test_of_two_nodes_that_give_one_name_at_once_one_does(two_nodes: tuple[Federation, Federation]) -> None:
    accounts = [outcome(account(node)) for node in two_nodes for _ in range(3)]
    issuers = [outcome(issuer(node)) for node in two_nodes for _ in range(3)]
    assert sorted(await asyncio.gather(*accounts)) == ["conflict_error"] * 5 + ["done"]
    assert sorted(await asyncio.gather(*issuers)) == ["conflict_error"] * 5 + ["done"]


async def test_a_rule_and_the_archiving_of_what_it_needs_never_both_happen(
    two_nodes: tuple[Federation, Federation],
) -> None:
    first, second = two_nodes
    for number in range(4):
        its_issuer, its_account = await issuer(first, f"i-{number}"), await account(first, f"a-{number}")
        draft = rule_draft(its_issuer, its_account, f"r-{number}")
        if number % 2:
            ended = outcome(second.accounts.archive(MINE, its_account.id, BY))
        else:
            ended = outcome(second.issuers.archive(MINE, its_issuer.id, BY))
        told = await asyncio.gather(outcome(first.rules.create(MINE, draft, BY)), ended)
        assert sorted(told) == ["done", "invalid_request_error"]


async def test_two_who_change_an_issuers_keys_at_once_do_not_mix_them(two_nodes: tuple[Federation, Federation]) -> None:
    first, second = two_nodes
    kept = await issuer(first)
    changes = [
        (first, IssuerChange(url="https://one.example")),
        (second, IssuerChange(jwks=Inline(({**KEY, "kid": "key-2"},)))),
    ]
    told = await asyncio.gather(*(outcome(node.issuers.update(MINE, kept.id, change, BY)) for node, change in changes))
    assert set(told) <= {"done", "conflict_error"}
    assert "done" in told
    found = (await first.issuers.get(MINE, kept.id)).issuer
    changed = [found.url != kept.url, found.jwks != kept.jwks]
    assert [word == "done" for word in told] == changed
