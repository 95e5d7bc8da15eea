"""Members in the database: every rule of who may be in an organisation, and what two who act at once may do to it."""

import json
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
from sqlalchemy import select

from antechamber.base.actor import OPERATOR, SYSTEM, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.errors import InvalidRequest, NotFound, PermissionDenied
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole
from antechamber.base.principal import AccessToken, AdminKey
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS
from antechamber.database.engine import Database, connection
from antechamber.database.tables import change_feed
from antechamber.features.audit.sql.activities import activities
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import Members
from antechamber.features.organizations.sql import SqlMembers
from tests.contracts.tenants import MINE, NOBODYS, THEIRS, Services

ADMIN, BILLING, CLAUDE, DEVELOPER, USER = (
    OrganizationRole.ADMIN,
    OrganizationRole.BILLING,
    OrganizationRole.CLAUDE_CODE_USER,
    OrganizationRole.DEVELOPER,
    OrganizationRole.USER,
)
BY = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1", "203.0.113.7", "curl/8", "req_1")
STRANGER = UserId("user_0111111111111111111111")


async def add(made: Services, email: str, role: OrganizationRole = USER, org: OrganizationId = MINE) -> Member:
    made.clock.advance(1)
    return await made.members.add(org, email, "", role, OPERATOR)


async def emails(
    made: Services, cursor: IdCursor | None = None, *, email: str | None = None, roles: Sequence[OrganizationRole] = ()
) -> list[str]:
    page = await made.members.listing(MINE, cursor or IdCursor(), email=email, roles=roles)
    return [member.email for member in page.items]


async def acts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    async with database.read() as unit:
        rows = await connection(unit).execute(
            select(activities.c.type, activities.c.details)
            .where(activities.c.organization_id == MINE)
            .order_by(activities.c.sequence)
        )
        return [(row.type, json.loads(row.details)) for row in rows]


async def feed_version(database: Database) -> int:
    async with database.read() as unit:
        query = select(change_feed.c.version).where(change_feed.c.name == CREDENTIALS)
        return (await connection(unit).execute(query)).scalar_one_or_none() or 0


async def test_a_member_is_found_in_their_own_organization_only(made: Services) -> None:
    ada = await add(made, "Ada.Lovelace@Example.COM", DEVELOPER)
    assert (ada.email, ada.name, ada.role) == ("Ada.Lovelace@example.com", "Ada.Lovelace", DEVELOPER)
    assert ada.id.startswith("user_01")
    assert await made.members.get(MINE, ada.id) == ada
    for organization_id in (THEIRS, NOBODYS):
        with pytest.raises(NotFound, match=r"^User not found\.$"):
            await made.members.get(organization_id, ada.id)
    for user_id in (STRANGER, UserId("nobody"), UserId("\x00")):
        with pytest.raises(NotFound, match=r"^User not found\.$"):
            await made.members.get(MINE, user_id)


async def test_a_person_is_one_on_the_whole_server_without_regard_to_case(made: Services) -> None:
    mine = await made.members.add(MINE, "ada@example.com", "Ada", USER, OPERATOR)
    theirs = await made.members.add(THEIRS, "ADA@example.com", "Another name", ADMIN, OPERATOR)
    assert (theirs.id, theirs.email, theirs.name, theirs.role) == (mine.id, "ada@example.com", "Ada", ADMIN)
    assert (await made.members.get(MINE, mine.id)).role is USER


async def test_a_member_cannot_be_added_twice(made: Services) -> None:
    ada = await add(made, "ada@example.com")
    with pytest.raises(InvalidRequest, match=ada.id) as caught:
        await add(made, "Ada@EXAMPLE.com")
    assert caught.value.error_code == "already_member"


async def test_members_are_listed_newest_first_by_when_they_were_added(made: Services) -> None:
    for name in ("a", "b", "c", "d"):
        await add(made, f"{name}@example.com")
    await add(made, "z@example.com", org=THEIRS)
    assert await emails(made) == ["d@example.com", "c@example.com", "b@example.com", "a@example.com"]


async def test_a_list_is_walked_both_ways_by_id(made: Services) -> None:
    ids = [(await add(made, f"{name}@example.com")).id for name in "abcde"]
    first = await made.members.listing(MINE, IdCursor(2))
    assert ([member.id for member in first.items], first.has_more) == ([ids[4], ids[3]], True)
    last = await made.members.listing(MINE, IdCursor(3, after_id=ids[3]))
    assert ([member.id for member in last.items], last.has_more) == ([ids[2], ids[1], ids[0]], False)
    back = await made.members.listing(MINE, IdCursor(1, before_id=ids[2]))
    assert ([member.id for member in back.items], back.has_more) == ([ids[3]], True)


async def test_a_cursor_goes_on_after_its_member_was_removed(made: Services) -> None:
    ids = [(await add(made, f"{name}@example.com")).id for name in "abc"]
    await made.members.remove(MINE, ids[1], BY)
    assert await emails(made, IdCursor(after_id=ids[1])) == ["a@example.com"]


async def test_a_cursor_of_another_organization_is_refused(made: Services) -> None:
    theirs = await add(made, "a@example.com", org=THEIRS)
    for after_id in (theirs.id, "\x00"):
        with pytest.raises(InvalidRequest, match=r"^after_id: "):
            await emails(made, IdCursor(after_id=after_id))


@pytest.mark.parametrize("wanted", ["ada@example.com", "ADA@Example.com", "ada+x@example.com", "Ada+other@example.com"])
async def test_the_email_filter_ignores_case_and_tags(made: Services, wanted: str) -> None:
    await add(made, "Ada@example.com")
    await add(made, "ada+work@example.com")
    await add(made, "bob@example.com")
    assert await emails(made, email=wanted) == ["ada+work@example.com", "Ada@example.com"]


async def test_the_roles_filter_is_an_or(made: Services) -> None:
    for role in OrganizationRole:
        await add(made, f"{role}@example.com", role)
    assert await emails(made, roles=[BILLING, USER]) == ["user@example.com", "billing@example.com"]
    assert await emails(made, roles=[BILLING], email="user@example.com") == []


async def test_members_are_found_by_role_and_by_address(made: Services, database: Database) -> None:
    ada, bob = await add(made, "ada@example.com", ADMIN), await add(made, "bob@example.com", ADMIN)
    await add(made, "cy@example.com")
    async with database.read() as unit:
        assert await made.members.by_role(unit, MINE, [ADMIN]) == [ada, bob]
        assert await made.members.find_by_email(unit, MINE, "BOB@example.com") == bob
        assert await made.members.find_by_email(unit, THEIRS, "bob@example.com") is None
        assert await made.members.sweep_roles(unit) == {
            (MINE, member.id): member.role for member in (await made.members.listing(MINE, IdCursor())).items
        }


async def test_names_of_removed_members_are_still_known_to_their_organization(
    made: Services, database: Database
) -> None:
    ada, bob = await add(made, "ada@example.com"), await add(made, "bob@example.com")
    await made.members.remove(MINE, ada.id, BY)
    async with database.read() as unit:
        assert await made.members.names(unit, MINE, []) == {}
        known = await made.members.names(unit, MINE, [ada.id, bob.id, STRANGER])
        assert await made.members.names(unit, THEIRS, [ada.id]) == {}
    assert set(known) == {ada.id, bob.id}
    assert known[ada.id].removed_at == made.clock.now()


@pytest.mark.parametrize("role", [BILLING, CLAUDE, DEVELOPER, USER])
async def test_the_api_gives_every_role_but_admin(made: Services, database: Database, role: OrganizationRole) -> None:
    old = USER if role is not USER else BILLING
    ada = await add(made, "ada@example.com", old)
    before = await feed_version(database)
    changed = await made.members.change_role(MINE, ada.id, role, BY)
    assert changed.role is role
    assert await made.members.get(MINE, ada.id) == changed
    assert await feed_version(database) > before
    told = {"user_id": ada.id, "user_email": ada.email, "previous_role": old, "current_role": role}
    assert ("claude_user_role_updated", told) in await acts(database)


async def test_admin_is_not_assignable(made: Services) -> None:
    ada = await add(made, "ada@example.com")
    with pytest.raises(InvalidRequest, match=r"^role: admin cannot be assigned through the API"):
        await made.members.change_role(MINE, ada.id, "admin", BY)
    assert (await made.members.get(MINE, ada.id)).role is USER


@pytest.mark.parametrize("role", ["owner", "managed", "membership_admin", "primary_owner", "User", ""])
async def test_roles_of_other_types_of_organization_are_refused(made: Services, role: str) -> None:
    ada = await add(made, "ada@example.com")
    with pytest.raises(InvalidRequest, match=r"^role: must be one of: billing, claude_code_user, developer, user$"):
        await made.members.change_role(MINE, ada.id, role, BY)


async def test_an_admins_role_cannot_be_changed(made: Services) -> None:
    ada = await add(made, "ada@example.com", ADMIN)
    with pytest.raises(InvalidRequest, match=r"^The role of an admin cannot be changed through the API\.$"):
        await made.members.change_role(MINE, ada.id, "user", BY)


async def test_an_admin_cannot_be_removed(made: Services) -> None:
    ada = await add(made, "ada@example.com", ADMIN)
    await add(made, "bob@example.com", ADMIN)
    with pytest.raises(InvalidRequest, match=r"^An admin cannot be removed through the API\.$"):
        await made.members.remove(MINE, ada.id, BY)


@pytest.mark.parametrize("role", [ADMIN, USER])
async def test_the_last_member_cannot_be_removed(made: Services, role: OrganizationRole) -> None:
    ada = await add(made, "ada@example.com", role)
    await add(made, "bob@example.com", org=THEIRS)
    for remove in (made.members.remove, made.members.dismiss):
        with pytest.raises(InvalidRequest) as caught:
            await remove(MINE, ada.id, BY)
        assert caught.value.error_code == "cannot_remove_last_member"
    assert await made.members.get(MINE, ada.id) == ada


async def test_a_removed_member_is_gone_and_the_removal_is_recorded(made: Services, database: Database) -> None:
    ada = await add(made, "ada@example.com")
    await add(made, "bob@example.com")
    before = await feed_version(database)
    await made.members.remove(MINE, ada.id, BY)
    assert await feed_version(database) > before
    assert await emails(made) == ["bob@example.com"]
    with pytest.raises(NotFound):
        await made.members.remove(MINE, ada.id, BY)
    expected = {"deleted_user_id": ada.id, "deleted_user_email": "ada@example.com", "role": "user"}
    assert (await acts(database))[-1] == ("org_user_deleted", expected)


async def test_someone_removed_can_come_back_as_a_new_member(made: Services) -> None:
    ada = await add(made, "ada@example.com", BILLING)
    bob = await add(made, "bob@example.com")
    await made.members.remove(MINE, ada.id, BY)
    again = await add(made, "ada@example.com", DEVELOPER)
    assert (again.id, again.role, again.added_at > bob.added_at) == (ada.id, DEVELOPER, True)
    assert await emails(made) == ["ada@example.com", "bob@example.com"]


async def test_another_organizations_member_is_not_found(made: Services) -> None:
    ada = await add(made, "ada@example.com", org=THEIRS)
    await add(made, "bob@example.com")
    works: list[Awaitable[object]] = [
        made.members.change_role(MINE, ada.id, "user", BY),
        made.members.remove(MINE, ada.id, BY),
        made.members.appoint(MINE, ada.id, USER, OPERATOR),
        made.members.dismiss(MINE, ada.id, OPERATOR),
    ]
    for work in works:
        with pytest.raises(NotFound, match=r"^User not found\.$"):
            await work


async def test_the_operator_may_appoint_and_dismiss_admins(made: Services) -> None:
    ada, bob = await add(made, "ada@example.com", ADMIN), await add(made, "bob@example.com")
    assert (await made.members.appoint(MINE, bob.id, ADMIN, OPERATOR)).role is ADMIN
    assert (await made.members.appoint(MINE, ada.id, USER, OPERATOR)).role is USER
    await made.members.dismiss(MINE, bob.id, OPERATOR)
    assert await emails(made) == ["ada@example.com"]


async def test_a_role_that_stays_is_not_a_change(made: Services, database: Database) -> None:
    ada = await add(made, "ada@example.com")
    before = await acts(database)
    assert await made.members.change_role(MINE, ada.id, "user", BY) == ada
    assert await acts(database) == before


class Told:
    """Remembers what it is told of."""

    def __init__(self) -> None:
        self.told: list[tuple[str, UserId, str]] = []

    async def joined(self, unit: Unit, member: Member, by: Actor) -> None:
        assert unit.open
        self.told.append(("joined", member.id, by.kind))

    async def role_changed(self, unit: Unit, member: Member, old: OrganizationRole, by: Actor) -> None:
        assert (unit.open, by) == (True, BY)
        self.told.append((f"{old}>{member.role}", member.id, by.kind))

    async def removed(self, unit: Unit, member: Member, by: Actor) -> None:
        assert unit.open
        self.told.append(("removed", member.id, by.kind))

    async def signed_out(self, unit: Unit, member: Member, by: Actor) -> None:
        assert unit.open
        self.told.append(("signed out", member.id, by.kind))


async def test_what_follows_is_told_in_the_transaction_of_the_change(made: Services, database: Database) -> None:
    told = Told()
    members = Members(SqlMembers(), database, made.clock, SystemChance(), made.audit, told)
    ada = await members.add(MINE, "ada@example.com", "", USER, SYSTEM)
    await members.add(MINE, "bob@example.com", "", USER, SYSTEM)
    await members.change_role(MINE, ada.id, "developer", BY)
    await members.sign_out(AdminKey(BY.id, MINE, None), ada.id, BY)  # type: ignore[arg-type]
    await members.remove(MINE, ada.id, BY)
    kinds = [what for what, who, _ in told.told if who == ada.id]
    assert kinds == ["joined", "user>developer", "signed out", "removed"]


async def test_a_removed_members_tokens_end_and_do_not_come_back(made: Services, database: Database) -> None:
    ada = await add(made, "ada@example.com", ADMIN)
    await add(made, "bob@example.com")
    token, _ = await made.tokens.mint(MINE, "org:admin user:profile", 3600, OPERATOR, email="ada@example.com")
    assert await roles_of_tokens(made, database) == {token.id: ADMIN}
    await made.members.appoint(MINE, ada.id, USER, OPERATOR)
    assert await roles_of_tokens(made, database) == {token.id: USER}
    await made.members.dismiss(MINE, ada.id, OPERATOR)
    assert await roles_of_tokens(made, database) == {}
    await add(made, "ada@example.com", ADMIN)
    assert await roles_of_tokens(made, database) == {}


async def roles_of_tokens(made: Services, database: Database) -> dict[str, OrganizationRole | None]:
    async with database.read() as unit:
        swept = await made.token_principals.sweep_principals(unit)
        for key, principal in swept.items():
            assert await made.token_principals.resolve_principal(unit, key) == principal
    return {found.token_id: found.role for found in swept.values() if isinstance(found, AccessToken)}


async def test_signing_out_ends_tokens_and_keeps_the_member(made: Services, database: Database) -> None:
    ada, bob = await add(made, "ada@example.com"), await add(made, "bob@example.com")
    await made.tokens.mint(MINE, "user:profile", 3600, OPERATOR, email="ada@example.com")
    kept, _ = await made.tokens.mint(MINE, "user:profile", 3600, OPERATOR, email="bob@example.com")
    assert await made.members.sign_out(admin_key(), ada.id, BY) == ada
    assert await roles_of_tokens(made, database) == {kept.id: bob.role}
    assert await made.members.get(MINE, ada.id) == ada
    assert (await acts(database))[-1][0] == "org_user_signed_out"


def admin_key() -> AdminKey:
    return AdminKey(BY.id, MINE, None)  # type: ignore[arg-type]


async def test_a_token_cannot_sign_out_its_own_person(made: Services) -> None:
    ada = await add(made, "ada@example.com", ADMIN)
    token, _ = await made.tokens.mint(MINE, "org:admin", 3600, OPERATOR, email="ada@example.com")
    caller = AccessToken(token.id, MINE, token.scope, token.expires_at, ada.id, ADMIN)
    with pytest.raises(InvalidRequest) as caught:
        await made.members.sign_out(caller, ada.id, BY)
    assert caught.value.error_code == "cannot_sign_out_self"


async def test_a_token_cannot_sign_out_an_admin_but_an_admin_key_can(made: Services) -> None:
    ada = await add(made, "ada@example.com", ADMIN)
    token, _ = await made.tokens.mint(MINE, "org:admin", 3600, OPERATOR)
    with pytest.raises(PermissionDenied) as caught:
        await made.members.sign_out(AccessToken(token.id, MINE, token.scope, token.expires_at), ada.id, BY)
    assert caught.value.error_code == "cannot_sign_out_privileged_member"
    assert await made.members.sign_out(admin_key(), ada.id, BY) == ada
