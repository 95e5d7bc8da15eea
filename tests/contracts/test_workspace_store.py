"""Workspaces in the database: how they are made, changed, listed and archived."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, NoResultFound

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.errors import Conflict, InvalidRequest, NotFound, WireError
from antechamber.base.ids import ExternalKeyId, OrganizationId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection
from antechamber.database.tables import change_feed
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.sql import activities
from antechamber.features.workspaces.model import MAX_LIVE, Workspace, WorkspaceDraft, WorkspaceKind
from tests.contracts.tenants import MINE, NOON, THEIRS, Services, services, settle

ADMIN = Actor(ActorKind.ADMIN_API_KEY, "adminkey_01")
EVERYTHING = IdCursor(limit=1000)


async def make(made: Services, name: str, organization_id: OrganizationId = MINE) -> Workspace:
    return await made.workspaces.create(organization_id, WorkspaceDraft(name=name), ADMIN)


async def acts(database: Database) -> Sequence[str]:
    async with database.read() as unit:
        rows = await connection(unit).execute(select(activities.c.type).order_by(activities.c.sequence))
        return [row.type for row in rows]


async def announced(database: Database) -> int:
    async with database.read() as unit:
        rows = await connection(unit).execute(select(change_feed.c.version).where(change_feed.c.name == "credentials"))
        return rows.scalar_one_or_none() or 0


async def test_an_organization_has_its_own_default_workspace(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        mine = await made.workspaces.create_default(unit, MINE)
        theirs = await made.workspaces.create_default(unit, THEIRS)
    async with database.read() as unit:
        assert await made.workspaces.default(unit, MINE) == mine
        assert await made.workspaces.default(unit, THEIRS) == theirs
    assert mine.id != theirs.id
    assert mine.id.startswith("wrkspc_01")
    assert (mine.name, mine.is_default, mine.created_at, mine.archived_at) == ("Default", True, NOON, None)


async def test_a_second_default_workspace_is_refused(database: Database) -> None:
    made = await settle(database)
    with pytest.raises(IntegrityError):
        async with database.begin() as unit:
            await made.workspaces.create_default(unit, MINE)


async def test_an_organization_without_one_has_none(database: Database) -> None:
    made = services(database)
    async with database.read() as unit:
        with pytest.raises(NoResultFound):
            await made.workspaces.default(unit, MINE)


async def test_a_workspace_is_kept_as_it_was_made_and_recorded(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    assert await made.workspaces.get(MINE, workspace.id) == workspace
    assert workspace.compartment_id.startswith("cmpt_01")
    assert await acts(database) == [ActivityType.WORKSPACE_CREATED]


async def test_another_organizations_workspace_is_not_found(database: Database) -> None:
    made = await settle(database)
    theirs = await make(made, "Theirs", THEIRS)
    for bad in (theirs.id, WorkspaceId("wrkspc_01" + "1" * 22), WorkspaceId("x"), WorkspaceId("a\0b")):
        with pytest.raises(NotFound):
            await made.workspaces.get(MINE, bad)
        with pytest.raises(NotFound):
            await made.workspaces.update(MINE, bad, WorkspaceDraft(name="Mine"), ADMIN)
        with pytest.raises(NotFound):
            await made.workspaces.archive(MINE, bad, ADMIN)
    async with database.read() as unit:
        assert await made.workspaces.names(unit, MINE, [theirs.id]) == {}
        assert await made.workspaces.find(unit, MINE, theirs.id) is None


async def test_names_are_unique_among_live_workspaces_whatever_their_capitals(database: Database) -> None:
    made = await settle(database)
    first = await make(made, "Production")
    for name in ("Production", "PRODUCTION", " production "):
        with pytest.raises(Conflict, match=first.id):
            await make(made, name)
    await make(made, "Production", THEIRS)
    await made.workspaces.archive(MINE, first.id, ADMIN)
    again = await make(made, "Production")
    with pytest.raises(Conflict):
        await made.workspaces.update(MINE, (await make(made, "Staging")).id, WorkspaceDraft(name="production"), ADMIN)
    assert (await made.workspaces.update(MINE, again.id, WorkspaceDraft(name="PRODUCTION"), ADMIN)).name == "PRODUCTION"


@pytest.mark.parametrize("name", ["Default", "default", "claude code"])
async def test_the_names_of_the_platforms_own_workspaces_are_taken(database: Database, name: str) -> None:
    made = await settle(database)
    with pytest.raises(Conflict, match="the platform's own"):
        await make(made, name)
    workspace = await make(made, "Production")
    with pytest.raises(Conflict):
        await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(name=name), ADMIN)


async def test_an_update_keeps_what_was_not_said(database: Database) -> None:
    made = await settle(database)
    workspace = await made.workspaces.create(
        MINE, WorkspaceDraft(name="Production", display_color="#000000", tags={"team": "a", "tier": "1"}), ADMIN
    )
    await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(tags={"tier": None, "more": "x"}), ADMIN)
    changed = await made.workspaces.get(MINE, workspace.id)
    assert (changed.name, changed.display_color, changed.tags) == ("Production", "#000000", {"team": "a", "more": "x"})
    assert await acts(database) == [ActivityType.WORKSPACE_CREATED, ActivityType.WORKSPACE_UPDATED]


async def test_an_update_that_changes_nothing_is_not_recorded(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    assert await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(), ADMIN) == workspace
    assert await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(name="Production"), ADMIN) == workspace
    assert await acts(database) == [ActivityType.WORKSPACE_CREATED]


async def test_the_default_workspace_can_be_changed_but_not_renamed_or_archived(database: Database) -> None:
    made = await settle(database)
    async with database.read() as unit:
        default = await made.workspaces.default(unit, MINE)
    changed = await made.workspaces.update(
        MINE, default.id, WorkspaceDraft(name="Default", display_color="#123456"), ADMIN
    )
    assert changed.display_color == "#123456"
    with pytest.raises(InvalidRequest, match="Default workspace cannot be renamed"):
        await made.workspaces.update(MINE, default.id, WorkspaceDraft(name="Ours"), ADMIN)
    with pytest.raises(InvalidRequest, match="default workspace cannot be archived"):
        await made.workspaces.archive(MINE, default.id, ADMIN)


async def test_archiving_is_final_and_again_changes_nothing(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    made.clock.advance(60)
    archived = await made.workspaces.archive(MINE, workspace.id, ADMIN)
    assert archived.archived_at == NOON + 60_000_000
    made.clock.advance(60)
    assert await made.workspaces.archive(MINE, workspace.id, ADMIN) == archived
    with pytest.raises(InvalidRequest, match="is archived and cannot be changed"):
        await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(name="Back"), ADMIN)
    assert await acts(database) == [ActivityType.WORKSPACE_CREATED, ActivityType.WORKSPACE_ARCHIVED]
    async with database.read() as unit:
        assert (await made.workspaces.names(unit, MINE, [workspace.id]))[workspace.id].name == "Production"


async def test_archiving_tells_those_that_stand_on_workspaces_in_the_same_transaction(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    told: list[tuple[OrganizationId, WorkspaceId, Actor]] = []

    async def fail(unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor) -> None:
        told.append((organization_id, workspace_id, by))
        async with database.read() as other:
            assert unit is not other
        message = "planted"
        raise RuntimeError(message)

    made.workspace_effects.on_archived(fail)
    with pytest.raises(RuntimeError, match="planted"):
        await made.workspaces.archive(MINE, workspace.id, ADMIN)
    assert told == [(MINE, workspace.id, ADMIN)]
    assert not (await made.workspaces.get(MINE, workspace.id)).is_archived


async def test_archiving_announces_credentials(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    before = await announced(database)
    await made.workspaces.archive(MINE, workspace.id, ADMIN)
    assert await announced(database) > before


async def test_the_list_is_newest_first_without_archived_and_default_ones(database: Database) -> None:
    made = await settle(database)
    workspaces = []
    for name in ("one", "two", "three", "four"):
        made.clock.advance(1)
        workspaces.append(await make(made, name))
    await made.workspaces.archive(MINE, workspaces[1].id, ADMIN)
    await make(made, "theirs", THEIRS)

    async def names(*, archived: bool = False, default: bool = False, cursor: IdCursor = EVERYTHING) -> list[str]:
        page = await made.workspaces.listing(MINE, cursor, archived=archived, default=default)
        return [workspace.name for workspace in page.items]

    assert await names() == ["four", "three", "one"]
    assert await names(archived=True) == ["four", "three", "two", "one"]
    assert await names(archived=True, default=True) == ["four", "three", "two", "one", "Default"]
    assert await names(cursor=IdCursor(1)) == ["four"]
    assert await names(cursor=IdCursor(1, after_id=workspaces[3].id)) == ["three"]
    assert await names(cursor=IdCursor(1, before_id=workspaces[0].id)) == ["three"]
    # a cursor may name what the list itself leaves out
    assert await names(cursor=IdCursor(1, after_id=workspaces[1].id)) == ["one"]


async def test_the_list_takes_ids_and_leaves_out_those_that_are_not_to_be_seen(database: Database) -> None:
    made = await settle(database)
    one, two, three = [await make(made, name) for name in ("one", "two", "three")]
    theirs = await make(made, "theirs", THEIRS)
    await made.workspaces.archive(MINE, two.id, ADMIN)
    async with database.read() as unit:
        default = await made.workspaces.default(unit, MINE)
    ids = [one.id, two.id, theirs.id, default.id, WorkspaceId("nonsense\0")]

    async def found(*, archived: bool = False, default: bool = False) -> set[str]:
        page = await made.workspaces.listing(MINE, EVERYTHING, ids=ids, archived=archived, default=default)
        return {workspace.name for workspace in page.items}

    assert await found() == {"one"}
    assert await found(archived=True, default=True) == {"one", "two", "Default"}
    assert three.id not in ids


async def test_a_cursor_that_names_nothing_of_the_organization_is_refused(database: Database) -> None:
    made = await settle(database)
    theirs = await make(made, "theirs", THEIRS)
    for bad in (theirs.id, "x", "\0"):
        with pytest.raises(InvalidRequest, match="after_id: there is no"):
            await made.workspaces.listing(MINE, IdCursor(after_id=bad))


async def test_100_live_workspaces_are_the_most_and_archived_ones_do_not_count(database: Database) -> None:
    made = await settle(database)
    for number in range(MAX_LIVE):
        await make(made, f"workspace {number}")
    with pytest.raises(InvalidRequest, match="100 workspaces, the most it may have"):
        await make(made, "one too many")
    page = await made.workspaces.listing(MINE, EVERYTHING)
    assert len(page.items) == MAX_LIVE
    await made.workspaces.archive(MINE, page.items[0].id, ADMIN)
    await make(made, "in its place")
    await make(made, "theirs", THEIRS)


async def test_parallel_creations_make_no_101st_workspace(database: Database) -> None:
    made = await settle(database)
    for number in range(MAX_LIVE - 3):
        await make(made, f"workspace {number}")
    answers = await asyncio.gather(*(make(made, f"late {number}") for number in range(8)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(answer, InvalidRequest) for answer in refused)
    assert len(refused) == 5
    assert len((await made.workspaces.listing(MINE, EVERYTHING)).items) == MAX_LIVE


async def test_parallel_creations_of_one_name_make_one_workspace(database: Database) -> None:
    made = await settle(database)
    answers = await asyncio.gather(*(make(made, "Production") for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, Workspace) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5


async def test_a_workspace_archived_while_it_is_changed_ends_archived(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    await asyncio.gather(
        *(made.workspaces.update(MINE, workspace.id, WorkspaceDraft(name=f"n{n}"), ADMIN) for n in range(4)),
        made.workspaces.archive(MINE, workspace.id, ADMIN),
        return_exceptions=True,
    )
    assert (await made.workspaces.get(MINE, workspace.id)).is_archived


async def test_external_keys_and_user_profiles_are_refused_as_there_are_none(database: Database) -> None:
    made = await settle(database)
    workspace = await make(made, "Production")
    key = WorkspaceDraft(name="x", external_key_id=ExternalKeyId("ekey_01"))
    profile = WorkspaceDraft(name="x", user_profile_id="uprof_01")
    for said, code in ((key, "workspace_policy_violation"), (profile, "user_profile_not_found")):
        for attempt in (
            made.workspaces.create(MINE, said, ADMIN),
            made.workspaces.update(MINE, workspace.id, said, ADMIN),
        ):
            with pytest.raises(WireError) as refusal:
                await attempt
            assert refusal.value.error_code == code
    async with database.read() as unit:
        default = await made.workspaces.default(unit, MINE)
    with pytest.raises(InvalidRequest, match="default workspace cannot have a user profile"):
        await made.workspaces.update(MINE, default.id, WorkspaceDraft(user_profile_id="uprof_01"), ADMIN)


async def join(made: Services, name: str, role: OrganizationRole) -> str:
    async with made.database.begin() as unit:
        member = await made.members.join(unit, MINE, f"{name}@example.com", name, role, SYSTEM)
    return member.id


async def claude_code(made: Services) -> Workspace | None:
    async with made.database.read() as unit:
        return await made.workspaces.claude_code(unit, MINE)


async def test_the_claude_code_workspace_is_made_for_the_first_who_may_use_it(database: Database) -> None:
    made = await settle(database)
    await join(made, "developer", OrganizationRole.DEVELOPER)
    assert await claude_code(made) is None
    first = await join(made, "first", OrganizationRole.CLAUDE_CODE_USER)
    second = await join(made, "second", OrganizationRole.CLAUDE_CODE_USER)
    workspace = await claude_code(made)
    assert workspace is not None
    assert (workspace.name, workspace.kind) == ("Claude Code", WorkspaceKind.CLAUDE_CODE)
    page = await made.workspace_members.listing(MINE, workspace.id, EVERYTHING)
    assert {(member.user_id, member.role) for member in page.items} == {
        (first, WorkspaceRole.RESTRICTED_DEVELOPER),
        (second, WorkspaceRole.RESTRICTED_DEVELOPER),
    }
    assert [item.id for item in (await made.workspaces.listing(MINE, EVERYTHING)).items] == [workspace.id]


async def test_the_claude_code_workspace_is_not_renamed_and_does_not_count(database: Database) -> None:
    made = await settle(database)
    await join(made, "first", OrganizationRole.CLAUDE_CODE_USER)
    workspace = await claude_code(made)
    assert workspace is not None
    with pytest.raises(InvalidRequest, match="Claude Code workspace cannot be renamed"):
        await made.workspaces.update(MINE, workspace.id, WorkspaceDraft(name="Code"), ADMIN)
    for number in range(MAX_LIVE):
        await make(made, f"workspace {number}")


async def test_an_archived_claude_code_workspace_comes_back_only_when_an_admin_makes_it(database: Database) -> None:
    made = await settle(database)
    first = await join(made, "first", OrganizationRole.CLAUDE_CODE_USER)
    old = await claude_code(made)
    assert old is not None
    await made.workspaces.archive(MINE, old.id, ADMIN)
    second = await join(made, "second", OrganizationRole.CLAUDE_CODE_USER)
    still = await claude_code(made)
    assert still is not None
    assert (still.id, still.is_archived) == (old.id, True)
    new = await make(made, "Claude Code")
    assert new.kind is WorkspaceKind.CLAUDE_CODE
    page = await made.workspace_members.listing(MINE, new.id, EVERYTHING)
    assert {member.user_id for member in page.items} == {first, second}
    with pytest.raises(Conflict):
        await make(made, "Claude Code")


async def test_parallel_joins_make_one_claude_code_workspace(database: Database) -> None:
    made = await settle(database)
    people = [f"person{number}" for number in range(5)]
    joined = await asyncio.gather(*(join(made, name, OrganizationRole.CLAUDE_CODE_USER) for name in people))
    page = await made.workspaces.listing(MINE, EVERYTHING)
    assert [workspace.name for workspace in page.items] == ["Claude Code"]
    members = await made.workspace_members.listing(MINE, page.items[0].id, EVERYTHING)
    assert {member.user_id for member in members.items} == set(joined)


async def test_the_kinds_of_live_workspaces_are_swept(database: Database) -> None:
    made = await settle(database)
    one, gone = await make(made, "one"), await make(made, "gone")
    await made.workspaces.archive(MINE, gone.id, ADMIN)
    async with database.read() as unit:
        kinds = await made.workspaces.sweep_kinds(unit)
        default = await made.workspaces.default(unit, MINE)
    assert kinds[one.id] is WorkspaceKind.ORDINARY
    assert kinds[default.id] is WorkspaceKind.DEFAULT
    assert gone.id not in kinds
