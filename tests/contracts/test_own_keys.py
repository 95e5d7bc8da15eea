"""A person's own keys: which they see, where they may make one, and what they may do to it."""

import pytest

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest, NotFound, PermissionDenied
from antechamber.base.ids import UserId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.secret import digest
from antechamber.database.engine import Database
from antechamber.features.apikeys.model import Draft, Status
from antechamber.features.apikeys.service import OwnKeys
from antechamber.features.apikeys.sql import SqlApiKeys, SqlPrincipals
from antechamber.features.workspaces.model import CLAUDE_CODE_NAME, Workspace, WorkspaceDraft
from tests.contracts.tenants import MINE, NOON, PEPPER, THEIRS, Services, settle


def of(made: Services) -> OwnKeys:
    return OwnKeys(made.api_keys, SqlApiKeys(), made.database, made.rooms, made.members)


async def person(made: Services, role: OrganizationRole, name: str = "eve") -> UserId:
    return (await made.members.add(MINE, f"{name}@example.com", name, role, SYSTEM)).id


async def room(made: Services, name: str) -> Workspace:
    return await made.workspaces.create(MINE, WorkspaceDraft(name=name), SYSTEM)


def by(user_id: UserId) -> Actor:
    return Actor(ActorKind.USER, user_id)


async def seen(made: Services, user_id: UserId) -> list[str]:
    page = await of(made).listing(MINE, user_id, IdCursor())
    return [each.key.name for each in page.items]


async def test_a_person_sees_the_keys_that_act_as_them_and_those_that_they_made(database: Database) -> None:
    made = await settle(database)
    eve, dan = await person(made, OrganizationRole.DEVELOPER), await person(made, OrganizationRole.DEVELOPER, "dan")
    made.clock.advance(1)
    await of(made).create(MINE, eve, Draft("own"), by(eve))
    made.clock.advance(1)
    await made.api_keys.create(MINE, Draft("nobody's"), by(eve))
    made.clock.advance(1)
    await made.api_keys.create(MINE, Draft("given", user_id=eve), SYSTEM)
    await made.api_keys.create(MINE, Draft("other", user_id=dan), SYSTEM)
    gone, _ = await of(made).create(MINE, eve, Draft("gone"), by(eve))
    await of(made).switch(MINE, eve, gone.id, Status.ARCHIVED, by(eve))
    assert await seen(made, eve) == ["given", "nobody's", "own"]
    assert await seen(made, dan) == ["other"]


async def test_a_key_is_shown_with_its_workspaces_name_and_its_last_use(database: Database) -> None:
    made = await settle(database)
    eve = await person(made, OrganizationRole.ADMIN)
    lab = await room(made, "Lab")
    key, secret = await of(made).create(MINE, eve, Draft("own", lab.id), by(eve))
    page = await of(made).listing(MINE, eve, IdCursor())
    assert [(each.key.id, each.workspace_name, each.last_used_at) for each in page.items] == [(key.id, "Lab", None)]
    async with database.begin() as unit:
        used = {digest(PEPPER.reveal().encode(), secret.reveal())}
        await SqlPrincipals().sweep_used(unit, used, NOON + MICROSECONDS)
    page = await of(made).listing(MINE, eve, IdCursor())
    assert page.items[0].last_used_at == NOON + MICROSECONDS
    assert page.items[0].key.user_id == eve


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (OrganizationRole.ADMIN, ["Default", "Attic", "Lab"]),
        (OrganizationRole.DEVELOPER, ["Default", "Lab"]),
        (OrganizationRole.USER, ["Lab"]),
        (OrganizationRole.CLAUDE_CODE_USER, ["Lab"]),
    ],
)
async def test_keys_are_made_where_a_role_lets_one_hold_them(
    database: Database, role: OrganizationRole, names: list[str]
) -> None:
    made = await settle(database)
    eve = await person(made, role)
    lab, attic, _ = await room(made, "Lab"), await room(made, "Attic"), await room(made, "Study")
    if role is not OrganizationRole.CLAUDE_CODE_USER:  # for whom it is made by itself
        await room(made, CLAUDE_CODE_NAME)
    if role is not OrganizationRole.ADMIN:
        await made.workspace_members.add(MINE, lab.id, eve, WorkspaceRole.RESTRICTED_DEVELOPER, SYSTEM)
        await made.workspace_members.add(MINE, attic.id, eve, WorkspaceRole.USER, SYSTEM)
        names_here = names
    else:
        names_here = [*names, "Study"]
    assert [each.name for each in await of(made).workspaces(MINE, eve)] == names_here
    await of(made).create(MINE, eve, Draft("own", lab.id), by(eve))


async def test_a_user_who_is_nothing_in_a_workspace_makes_no_key(database: Database) -> None:
    made = await settle(database)
    eve = await person(made, OrganizationRole.USER)
    assert list(await of(made).workspaces(MINE, eve)) == []
    with pytest.raises((PermissionDenied, InvalidRequest)):
        await of(made).create(MINE, eve, Draft("own"), by(eve))
    assert await seen(made, eve) == []


async def test_whose_role_was_taken_does_nothing_to_a_key_any_more(database: Database) -> None:
    made = await settle(database)
    eve, lab = await person(made, OrganizationRole.USER), await room(made, "Lab")
    await made.workspace_members.add(MINE, lab.id, eve, WorkspaceRole.DEVELOPER, SYSTEM)
    key, _ = await of(made).create(MINE, eve, Draft("own", lab.id), by(eve))
    await made.workspace_members.remove(MINE, lab.id, eve, SYSTEM)
    with pytest.raises(PermissionDenied):
        await of(made).switch(MINE, eve, key.id, Status.INACTIVE, by(eve))


async def test_another_persons_key_is_not_there_even_for_an_admin(database: Database) -> None:
    made = await settle(database)
    eve, ada = await person(made, OrganizationRole.DEVELOPER), await person(made, OrganizationRole.ADMIN, "ada")
    key, _ = await of(made).create(MINE, eve, Draft("own"), by(eve))
    with pytest.raises(NotFound):
        await of(made).switch(MINE, ada, key.id, Status.INACTIVE, by(ada))


async def test_who_is_no_member_sees_nothing_and_makes_nothing(database: Database) -> None:
    made = await settle(database)
    eve = await person(made, OrganizationRole.DEVELOPER)
    for asked in (of(made).listing(THEIRS, eve, IdCursor()), of(made).create(THEIRS, eve, Draft("x"), by(eve))):
        with pytest.raises(PermissionDenied):
            await asked
    await person(made, OrganizationRole.ADMIN, "ada")
    await made.members.dismiss(MINE, eve, SYSTEM)
    with pytest.raises(PermissionDenied):
        await of(made).workspaces(MINE, eve)
