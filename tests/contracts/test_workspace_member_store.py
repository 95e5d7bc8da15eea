"""People in workspaces: roles given by hand, roles inherited, and what a change of the organisation does to both."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import insert, select

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.database.engine import Database, connection
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.sql import activities
from antechamber.features.workspaces.model import MAX_MEMBERS, Workspace, WorkspaceDraft, WorkspaceMember
from antechamber.features.workspaces.sql import workspace_members
from tests.contracts.tenants import MINE, NOON, THEIRS, Services, services
from tests.contracts.test_workspace_store import announced

ADMIN = Actor(ActorKind.ADMIN_API_KEY, "adminkey_01")
EVERYTHING = IdCursor(limit=1000)
NOBODY = UserId("user_01" + "1" * 22)
DEVELOPER = WorkspaceRole.DEVELOPER


@dataclass
class Room:
    """An organisation with an admin and a workspace."""

    made: Services
    workspace: Workspace
    default: Workspace
    admin: UserId

    async def join(
        self,
        name: str,
        role: OrganizationRole = OrganizationRole.USER,
        organization_id: OrganizationId = MINE,
    ) -> UserId:
        self.made.clock.advance(1)
        async with self.made.database.begin() as unit:
            member = await self.made.members.join(unit, organization_id, f"{name}@example.com", name, role, SYSTEM)
        return member.id

    async def add(self, user_id: UserId, role: WorkspaceRole = DEVELOPER) -> None:
        member = await self.made.workspace_members.add(MINE, self.workspace.id, user_id, role, ADMIN)
        assert (member.workspace_id, member.user_id, member.role) == (self.workspace.id, user_id, role)

    async def change(self, user_id: UserId, role: WorkspaceRole) -> WorkspaceMember:
        return await self.made.workspace_members.change(MINE, self.workspace.id, user_id, role, ADMIN)

    async def remove(self, user_id: UserId) -> None:
        await self.made.workspace_members.remove(MINE, self.workspace.id, user_id, ADMIN)

    async def listed(self, cursor: IdCursor = EVERYTHING) -> list[tuple[UserId, WorkspaceRole]]:
        page = await self.made.workspace_members.listing(MINE, self.workspace.id, cursor)
        return [(member.user_id, member.role) for member in page.items]

    async def role(self, user_id: UserId, workspace: Workspace | None = None) -> WorkspaceRole | None:
        async with self.made.database.read() as unit:
            where = (workspace or self.workspace).id
            return await self.made.workspace_members.role_of(unit, MINE, where, user_id)

    async def acts(self) -> Sequence[str]:
        async with self.made.database.read() as unit:
            rows = await connection(unit).execute(
                select(activities.c.type)
                .where(activities.c.organization_id == MINE, activities.c.type.contains("workspace_member"))
                .order_by(activities.c.sequence)
            )
            return [row.type for row in rows]


@pytest.fixture
async def room(database: Database) -> Room:
    made = services(database)
    async with database.begin() as unit:
        default = await made.workspaces.create_default(unit, MINE)
        await made.workspaces.create_default(unit, THEIRS)
        admin = await made.members.join(unit, MINE, "admin@example.com", "Admin", OrganizationRole.ADMIN, SYSTEM)
    workspace = await made.workspaces.create(MINE, WorkspaceDraft(name="Production"), ADMIN)
    return Room(made, workspace, default, admin.id)


async def refused(attempt: Awaitable[object], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await attempt


async def test_others_must_be_added_to_have_a_role(room: Room) -> None:
    person = await room.join("person", OrganizationRole.DEVELOPER)
    assert await room.role(person) is None
    with pytest.raises(NotFound):
        await room.made.workspace_members.get(MINE, room.workspace.id, person)
    await room.add(person)
    assert await room.role(person) is DEVELOPER
    await room.change(person, WorkspaceRole.USER)
    assert await room.role(person) is WorkspaceRole.USER
    await room.remove(person)
    assert await room.role(person) is None
    assert await room.acts() == [
        ActivityType.WORKSPACE_MEMBER_ADDED,
        ActivityType.WORKSPACE_MEMBER_UPDATED,
        ActivityType.WORKSPACE_MEMBER_REMOVED,
    ]


async def test_each_change_of_a_role_announces_credentials(room: Room) -> None:
    person = await room.join("person")
    seen = [await announced(room.made.database)]
    await room.add(person)
    seen.append(await announced(room.made.database))
    await room.change(person, WorkspaceRole.USER)
    seen.append(await announced(room.made.database))
    await room.remove(person)
    seen.append(await announced(room.made.database))
    assert seen == sorted(set(seen))


async def test_a_change_to_the_same_role_is_not_recorded(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    await room.change(person, DEVELOPER)
    assert await room.acts() == [ActivityType.WORKSPACE_MEMBER_ADDED]


async def test_who_is_in_a_workspace_already_is_not_added_again(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    with pytest.raises(Conflict, match=r"a member of .* already"):
        await room.add(person, WorkspaceRole.USER)
    assert await room.role(person) is DEVELOPER


async def test_workspace_billing_cannot_be_given(room: Room) -> None:
    person = await room.join("person")
    await refused(room.add(person, WorkspaceRole.BILLING), "workspace_billing cannot be assigned")
    await room.add(person)
    await refused(room.change(person, WorkspaceRole.BILLING), "workspace_billing cannot be assigned")


async def test_an_organization_admin_is_workspace_admin_and_stays_so(room: Room) -> None:
    assert await room.role(room.admin) is WorkspaceRole.ADMIN
    shown = await room.made.workspace_members.get(MINE, room.workspace.id, room.admin)
    assert (shown.role, shown.inherited) == (WorkspaceRole.ADMIN, True)
    for attempt in (
        room.add(room.admin),
        room.add(room.admin, WorkspaceRole.ADMIN),
        room.change(room.admin, DEVELOPER),
        room.remove(room.admin),
    ):
        await refused(attempt, "admin")
    assert await room.acts() == []


async def test_organization_billing_is_workspace_billing_and_cannot_be_removed(room: Room) -> None:
    billing = await room.join("billing", OrganizationRole.BILLING)
    assert await room.role(billing) is WorkspaceRole.BILLING
    for attempt in (room.add(billing), room.change(billing, DEVELOPER)):
        await refused(attempt, "billing and can only be made workspace_admin")
    await refused(room.remove(billing), "cannot be removed")


async def test_an_upgraded_billing_person_goes_back_to_the_inherited_role(room: Room) -> None:
    billing = await room.join("b", OrganizationRole.BILLING)
    await room.change(billing, WorkspaceRole.ADMIN)
    for _ in range(2):
        member = await room.change(billing, WorkspaceRole.BILLING)
        assert (member.role, member.inherited) == (WorkspaceRole.BILLING, True)
    assert await room.role(billing) is WorkspaceRole.BILLING
    assert await room.acts() == [ActivityType.WORKSPACE_MEMBER_UPDATED] * 2


async def test_organization_billing_can_be_upgraded_to_workspace_admin(room: Room) -> None:
    billing, other = await room.join("b", OrganizationRole.BILLING), await room.join("c", OrganizationRole.BILLING)
    await room.change(billing, WorkspaceRole.ADMIN)
    await room.add(other, WorkspaceRole.ADMIN)
    assert await room.role(billing) is WorkspaceRole.ADMIN
    assert await room.role(other) is WorkspaceRole.ADMIN
    await refused(room.remove(billing), "cannot be removed")
    await refused(room.change(billing, DEVELOPER), "can only be made workspace_admin")


async def test_demotion_drops_inherited_access_and_keeps_roles_given_by_hand(room: Room) -> None:
    with_role, without = await room.join("with"), await room.join("without")
    await room.add(with_role)
    for person in (with_role, without):
        await room.made.members.appoint(MINE, person, OrganizationRole.ADMIN, ADMIN)
        assert await room.role(person) is WorkspaceRole.ADMIN
        await room.made.members.appoint(MINE, person, OrganizationRole.USER, ADMIN)
    assert await room.role(with_role) is DEVELOPER
    assert await room.role(without) is None


async def test_who_leaves_the_organization_leaves_its_workspaces_for_good(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    await room.made.members.remove(MINE, person, ADMIN)
    assert await room.role(person) is None
    assert await room.listed() == [(room.admin, WorkspaceRole.ADMIN)]
    assert await room.join("person") == person
    assert await room.role(person) is None
    assert ActivityType.WORKSPACE_MEMBER_REMOVED in await room.acts()


async def test_only_members_of_the_organization_can_be_added(room: Room) -> None:
    theirs = await room.join("stranger", organization_id=THEIRS)
    for nobody in (theirs, NOBODY, UserId("x"), UserId("user_01\0")):
        for attempt in (room.add(nobody), room.change(nobody, DEVELOPER), room.remove(nobody)):
            with pytest.raises(NotFound):
                await attempt


async def test_another_organizations_workspace_has_no_members_to_see_or_change(room: Room) -> None:
    theirs = await room.made.workspaces.create(THEIRS, WorkspaceDraft(name="Theirs"), ADMIN)
    person = await room.join("person")
    members = room.made.workspace_members
    for where in (theirs.id, WorkspaceId("x"), WorkspaceId("wrkspc_01" + "1" * 22)):
        for attempt in (
            members.listing(MINE, where, EVERYTHING),
            members.get(MINE, where, person),
            members.add(MINE, where, person, DEVELOPER, ADMIN),
            members.change(MINE, where, person, DEVELOPER, ADMIN),
            members.remove(MINE, where, person, ADMIN),
        ):
            with pytest.raises(NotFound, match="Workspace not found"):
                await attempt
    async with room.made.database.read() as unit:
        assert await members.role_of(unit, MINE, theirs.id, room.admin) is None


async def test_the_default_workspace_has_no_members_of_its_own(room: Room) -> None:
    person = await room.join("person", OrganizationRole.DEVELOPER)
    members, where = room.made.workspace_members, room.default.id
    for attempt in (
        members.listing(MINE, where, EVERYTHING),
        members.get(MINE, where, person),
        members.add(MINE, where, person, DEVELOPER, ADMIN),
        members.change(MINE, where, person, DEVELOPER, ADMIN),
        members.remove(MINE, where, person, ADMIN),
    ):
        await refused(attempt, "default workspace has no members of its own")
    assert await room.role(person, room.default) is DEVELOPER
    assert await room.role(room.admin, room.default) is WorkspaceRole.ADMIN


async def test_an_archived_workspace_keeps_its_members_and_opens_to_nobody(room: Room) -> None:
    person, late = await room.join("person"), await room.join("late")
    await room.add(person)
    await room.made.workspaces.archive(MINE, room.workspace.id, ADMIN)
    for attempt in (room.add(late), room.change(person, WorkspaceRole.USER), room.remove(person)):
        await refused(attempt, "is archived; its members cannot be changed")
    assert (person, DEVELOPER) in await room.listed()
    assert await room.role(person) is None
    assert await room.role(room.admin) is None


async def test_the_list_shows_inherited_roles_too_and_everyone_once(room: Room) -> None:
    billing = await room.join("billing", OrganizationRole.BILLING)
    developer = await room.join("developer", OrganizationRole.DEVELOPER)
    raised = await room.join("raised", OrganizationRole.BILLING)
    promoted = await room.join("promoted")
    await room.add(developer)
    await room.add(raised, WorkspaceRole.ADMIN)
    await room.add(promoted, WorkspaceRole.USER)
    await room.made.members.appoint(MINE, promoted, OrganizationRole.ADMIN, ADMIN)
    expected = [
        (promoted, WorkspaceRole.ADMIN),
        (raised, WorkspaceRole.ADMIN),
        (developer, DEVELOPER),
        (billing, WorkspaceRole.BILLING),
        (room.admin, WorkspaceRole.ADMIN),
    ]
    assert await room.listed() == expected
    for user_id, role in expected:
        assert (await room.made.workspace_members.get(MINE, room.workspace.id, user_id)).role is role


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_the_list_pages_both_ways_without_loss_or_repetition(room: Room, limit: int) -> None:
    for number in range(6):
        role = OrganizationRole.BILLING if number % 3 == 0 else OrganizationRole.USER
        person = await room.join(f"person{number}", role)
        if role is OrganizationRole.USER:
            await room.add(person)
    everyone = await room.listed()
    members = room.made.workspace_members
    forwards: list[UserId] = []
    cursor: IdCursor | None = IdCursor(limit)
    while cursor is not None:
        page = await members.listing(MINE, room.workspace.id, cursor)
        forwards += [member.user_id for member in page.items]
        cursor = IdCursor(limit, after_id=forwards[-1]) if page.has_more else None
    backwards: list[UserId] = []
    cursor = IdCursor(limit, before_id=everyone[-1][0])
    while cursor is not None:
        page = await members.listing(MINE, room.workspace.id, cursor)
        backwards = [member.user_id for member in page.items] + backwards
        cursor = IdCursor(limit, before_id=backwards[0]) if page.has_more else None
    assert forwards == [user_id for user_id, _ in everyone]
    assert backwards == forwards[:-1]


async def test_a_cursor_goes_on_from_one_who_has_just_been_removed(room: Room) -> None:
    people = [await room.join(f"person{number}") for number in range(3)]
    for person in people:
        await room.add(person)
    await room.remove(people[1])
    assert (await room.listed(IdCursor(1, after_id=people[1])))[0][0] == people[0]
    await room.made.members.remove(MINE, people[1], ADMIN)
    assert (await room.listed(IdCursor(1, after_id=people[1])))[0][0] == people[0]


async def test_a_cursor_that_names_nobody_of_the_organization_is_refused(room: Room) -> None:
    theirs = await room.join("stranger", organization_id=THEIRS)
    for nobody in (theirs, NOBODY, "x", "\0"):
        await refused(room.listed(IdCursor(after_id=nobody)), "after_id: there is no")
        await refused(room.listed(IdCursor(before_id=nobody)), "before_id: there is no")


async def test_a_workspace_has_at_most_its_limit_of_members(room: Room) -> None:
    person, billing = await room.join("person"), await room.join("billing", OrganizationRole.BILLING)
    async with room.made.database.begin() as unit:
        await connection(unit).execute(
            insert(workspace_members),
            [
                {
                    "workspace_id": room.workspace.id,
                    "user_id": f"user_{number}",
                    "organization_id": MINE,
                    "role": DEVELOPER,
                    "added_at": NOON,
                }
                for number in range(MAX_MEMBERS)
            ],
        )
    for attempt in (
        room.add(person),
        room.change(billing, WorkspaceRole.ADMIN),
        room.add(billing, WorkspaceRole.ADMIN),
    ):
        with pytest.raises(InvalidRequest) as refusal:
            await attempt
        assert refusal.value.error_code == "workspace_member_limit_exceeded"


async def test_who_may_no_longer_use_claude_code_leaves_its_workspace(room: Room) -> None:
    person = await room.join("person", OrganizationRole.CLAUDE_CODE_USER)
    async with room.made.database.read() as unit:
        workspace = await room.made.workspaces.claude_code(unit, MINE)
    assert workspace is not None
    assert await room.role(person, workspace) is WorkspaceRole.RESTRICTED_DEVELOPER
    assert await room.role(room.admin, workspace) is WorkspaceRole.ADMIN
    await room.made.members.change_role(MINE, person, OrganizationRole.DEVELOPER, ADMIN)
    assert await room.role(person, workspace) is None
    await room.made.members.change_role(MINE, person, OrganizationRole.CLAUDE_CODE_USER, ADMIN)
    assert await room.role(person, workspace) is WorkspaceRole.RESTRICTED_DEVELOPER
    await room.made.workspace_members.remove(MINE, workspace.id, person, ADMIN)
    assert await room.role(person, workspace) is None


async def test_roles_given_by_hand_are_swept(room: Room) -> None:
    person, other = await room.join("person"), await room.join("other")
    await room.add(person)
    await room.add(other)
    places = {(room.workspace.id, person), (room.workspace.id, room.admin), (room.default.id, person)}
    places |= {(room.workspace.id, UserId(f"user_{number}")) for number in range(2_500)}
    async with room.made.database.read() as unit:
        assert await room.made.workspace_members.sweep_roles(unit, places) == {(room.workspace.id, person): DEVELOPER}
        assert await room.made.workspace_members.sweep_roles(unit, []) == {}


async def test_parallel_additions_of_one_person_add_them_once(room: Room) -> None:
    person = await room.join("person")
    answers = await asyncio.gather(*(room.add(person) for _ in range(6)), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 5
    assert await room.acts() == [ActivityType.WORKSPACE_MEMBER_ADDED]


async def test_parallel_additions_and_removals_end_as_one_after_the_other(room: Room) -> None:
    person = await room.join("person")
    moves = [room.add(person) if number % 2 else room.remove(person) for number in range(12)]
    answers = await asyncio.gather(*moves, return_exceptions=True)
    assert all(answer is None or isinstance(answer, (Conflict, NotFound)) for answer in answers)
    acts = await room.acts()
    for number, act in enumerate(acts):
        expected = ActivityType.WORKSPACE_MEMBER_REMOVED if number % 2 else ActivityType.WORKSPACE_MEMBER_ADDED
        assert act == expected
    assert await room.role(person) is (DEVELOPER if len(acts) % 2 else None)


async def test_nobody_is_added_to_a_workspace_that_is_archived_meanwhile(room: Room) -> None:
    people = [await room.join(f"person{number}") for number in range(4)]
    answers = await asyncio.gather(
        *(room.add(person) for person in people[:2]),
        room.made.workspaces.archive(MINE, room.workspace.id, ADMIN),
        *(room.add(person) for person in people[2:]),
        return_exceptions=True,
    )
    added = [person for person, answer in zip(people, answers[:2] + answers[3:], strict=True) if answer is None]
    assert {user_id for user_id, _ in await room.listed()} == {room.admin, *added}
    assert all(answer is None or isinstance(answer, (InvalidRequest, Workspace)) for answer in answers)


async def test_who_is_removed_from_the_organization_while_being_added_is_in_no_workspace(room: Room) -> None:
    person = await room.join("person")
    await asyncio.gather(room.add(person), room.made.members.remove(MINE, person, ADMIN), return_exceptions=True)
    async with room.made.database.read() as unit:
        places = [(room.workspace.id, person)]
        assert await room.made.workspace_members.sweep_roles(unit, places) == {}
