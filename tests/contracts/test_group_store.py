"""Groups of people in the database: kept whole, apart by organisation, and joined by those whose invite names them."""

import dataclasses

import pytest
from sqlalchemy import select

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, RbacGroupId, UserId, derive
from antechamber.base.page import Asked, PageQuery
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import connection
from antechamber.features.audit.sql.activities import activities
from antechamber.features.organizations.model import Member
from antechamber.features.rbac.model import Group, SourceType
from antechamber.features.rbac.sql import SqlGroups
from tests.contracts.tenants import MINE, THEIRS, Services

BY = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1")
GUEST = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7")
NOWHERE = RbacGroupId(derive(Kind.RBAC_GROUP, "nothing"))
STORE = SqlGroups()


async def group(made: Services, name: str = "Pilots", organization_id: OrganizationId = MINE) -> Group:
    made.clock.advance(1)
    return await made.groups.create(organization_id, name, BY)


async def person(made: Services, email: str = "ada@example.com", organization_id: OrganizationId = MINE) -> Member:
    return await made.members.add(organization_id, email, "", OrganizationRole.USER, OPERATOR)


async def provisioned(made: Services) -> Group:
    """A group as an identity provider would have it; nothing of ours makes one yet."""
    ours = await group(made, "Everyone")
    known = dataclasses.replace(ours, id=RbacGroupId(derive(Kind.RBAC_GROUP, "scim")), source=SourceType.SCIM)
    async with made.database.begin() as unit:
        await STORE.add(unit, MINE, known)
    return known


async def ids_in(made: Services, kept: Group) -> list[UserId]:
    part = await made.groups.members(kept.organization_id, kept.id, PageQuery())
    return [member.user_id for member in part.items]


async def acts(made: Services) -> list[str]:
    async with made.database.read() as unit:
        query = select(activities.c.type).where(activities.c.type.like("group_%")).order_by(activities.c.sequence)
        return list((await connection(unit).execute(query)).scalars())


async def test_a_group_is_kept_whole_and_apart(made: Services) -> None:
    kept = await group(made, " Über ")
    assert (kept.name, kept.source, kept.created_at) == ("Über", SourceType.DIRECT, kept.updated_at)
    member = await person(made)
    async with made.database.begin() as unit:
        await STORE.join(unit, MINE, kept.id, member.id, 7)
        assert await STORE.several(unit, MINE, [kept.id, NOWHERE]) == [kept]
        assert await STORE.joined_at(unit, MINE, kept.id, member.id) == 7
        assert await STORE.of_person(unit, MINE, member.id) == [kept.id]
        assert await STORE.several(unit, THEIRS, [kept.id]) == []
        assert await STORE.listing(unit, THEIRS, Asked(5, None)) == []
        assert await STORE.members(unit, THEIRS, kept.id, Asked(5, None)) == []
        assert await STORE.joined_at(unit, THEIRS, kept.id, member.id) is None
        assert await STORE.of_person(unit, THEIRS, member.id) == []
        await STORE.leave(unit, THEIRS, kept.id, member.id)
        await STORE.delete(unit, THEIRS, kept.id)
        await STORE.save(unit, THEIRS, dataclasses.replace(kept, name="Theirs"))
    assert await made.groups.get(MINE, kept.id) == kept
    assert await ids_in(made, kept) == [member.id]


async def test_groups_come_newest_first_in_pages(made: Services) -> None:
    kept = [await group(made, "Same") for _ in range(3)]
    first = await made.groups.listing(MINE, PageQuery(2))
    second = await made.groups.listing(MINE, PageQuery(2, first.next_page))
    assert [*first.items, *second.items] == kept[::-1]
    assert second.next_page is None
    with pytest.raises(InvalidRequest, match="page: "):
        await made.groups.listing(THEIRS, PageQuery(2, first.next_page))


async def test_a_rename_is_kept_and_a_deleted_group_gone_with_its_members(made: Services) -> None:
    kept, member = await group(made), await person(made)
    await made.groups.add(MINE, kept.id, member.id, BY)
    made.clock.advance(5)
    renamed = await made.groups.update(MINE, kept.id, "Crew", BY)
    assert (renamed.name, renamed.updated_at) == ("Crew", made.clock.now())
    assert await made.groups.update(MINE, kept.id, None, BY) == renamed
    await made.groups.delete(MINE, kept.id, BY)
    with pytest.raises(NotFound, match="not found"):
        await made.groups.get(MINE, kept.id)
    async with made.database.read() as unit:
        assert await STORE.of_person(unit, MINE, member.id) == []
    assert await acts(made) == ["group_created", "group_member_added", "group_updated", "group_deleted"]


async def test_people_join_once_and_leave_once(made: Services) -> None:
    kept, ada, bob = await group(made), await person(made), await person(made, "bob@example.com")
    first = await made.groups.add(MINE, kept.id, ada.id, BY)
    made.clock.advance(5)
    await made.groups.add(MINE, kept.id, bob.id, BY)
    assert await made.groups.add(MINE, kept.id, ada.id, BY) == first
    assert await ids_in(made, kept) == [bob.id, ada.id]
    page = await made.groups.members(MINE, kept.id, PageQuery(1))
    rest = await made.groups.members(MINE, kept.id, PageQuery(1, page.next_page))
    assert rest.items == (first,)
    await made.groups.remove(MINE, kept.id, ada.id, BY)
    for user_id in (ada.id, UserId("nobody")):
        with pytest.raises(NotFound, match="member not found"):
            await made.groups.remove(MINE, kept.id, user_id, BY)
    assert await acts(made) == ["group_created", *["group_member_added"] * 2, "group_member_removed"]


async def test_only_members_of_the_organization_join(made: Services) -> None:
    kept, stranger = await group(made), await person(made, "eve@example.com", THEIRS)
    for user_id in (stranger.id, UserId("user_1")):
        with pytest.raises(NotFound, match="User not found"):
            await made.groups.add(MINE, kept.id, user_id, BY)
    with pytest.raises(NotFound, match="RBAC Group not found"):
        await made.groups.add(THEIRS, kept.id, stranger.id, BY)


async def test_a_provisioned_group_is_changed_only_by_its_provider(made: Services) -> None:
    kept, ada = await provisioned(made), await person(made)
    assert await made.groups.get(MINE, kept.id) == kept
    for refused in (
        made.groups.update(MINE, kept.id, "x", BY),
        made.groups.delete(MINE, kept.id, BY),
        made.groups.add(MINE, kept.id, ada.id, BY),
        made.groups.remove(MINE, kept.id, ada.id, BY),
        made.invites.create(MINE, "bob@example.com", "user", BY, [kept.id]),
    ):
        with pytest.raises(InvalidRequest, match="identity provider"):
            await refused


async def test_whoever_accepts_an_invite_is_in_the_groups_that_it_names(made: Services) -> None:
    kept, deleted = await group(made), await group(made, "Short-lived")
    invite = await made.invites.create(MINE, "ada@example.com", "user", BY, [kept.id, deleted.id, kept.id])
    assert invite.rbac_group_ids == (kept.id, deleted.id)
    assert (await made.invites.get(MINE, invite.id)).rbac_group_ids == invite.rbac_group_ids
    await made.groups.delete(MINE, deleted.id, BY)
    assert await ids_in(made, kept) == []
    member = await made.invites.accept((await made.invites.secret(MINE, invite.id)).reveal(), "", GUEST)
    assert await ids_in(made, kept) == [member.id]
    assert (await acts(made))[-1] == "group_member_added"


async def test_an_invite_into_what_is_no_group_of_ours_is_refused(made: Services) -> None:
    theirs = await group(made, organization_id=THEIRS)
    for group_id in (theirs.id, NOWHERE, RbacGroupId("rbac_group_1")):
        with pytest.raises(InvalidRequest, match=f"rbac_group_ids: there is no RBAC Group {group_id}"):
            await made.invites.create(MINE, "ada@example.com", "user", BY, [group_id])


async def test_who_leaves_the_organization_is_in_no_group_when_they_come_back(made: Services) -> None:
    kept, ada = await group(made), await person(made)
    await person(made, "bob@example.com")
    await made.groups.add(MINE, kept.id, ada.id, BY)
    await made.members.remove(MINE, ada.id, BY)
    assert await ids_in(made, kept) == []
    await person(made)
    assert await ids_in(made, kept) == []
    assert (await acts(made))[-1] == "group_member_removed"
