"""Keys in the database: found by their secret, seen and changed only by their organisation."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest
from sqlalchemy import select

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, NotFound
from antechamber.base.ids import ApiKeyId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, Permission
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.secret import Secret, digest
from antechamber.database.engine import Database, connection
from antechamber.features.apikeys.model import (
    AdminDraft,
    Change,
    Draft,
    KeyFilter,
    Quota,
    Rotated,
    Status,
    StoredApiKey,
)
from antechamber.features.apikeys.service import ApiKeys, LastUses
from antechamber.features.apikeys.sql import SqlApiKeys, SqlPrincipals
from antechamber.features.apikeys.sql.tables import admin_keys, api_key_secrets, api_keys
from antechamber.features.audit.model import ActivityType
from antechamber.features.workspaces.model import Workspace
from antechamber.http.authenticate import Authenticator
from tests.contracts.tenants import MINE, NOON, PEPPER, THEIRS, Services, services

SECOND = 1_000_000
MADE, CHANGED = ActivityType.API_KEY_CREATED, ActivityType.API_KEY_UPDATED
BOSS = Actor(ActorKind.USER, "user_01boss")


async def house(database: Database) -> tuple[Services, Workspace]:
    made = services(database)
    async with database.begin() as unit:
        room = await made.workspaces.create_default(unit, MINE)
        await made.workspaces.create_default(unit, THEIRS)
    return made, room


async def opened(made: Services, secret: Secret) -> Principal | None:
    key = digest(PEPPER.reveal().encode(), secret.reveal())
    async with made.database.read() as unit:
        found = await made.key_source.resolve_principal(unit, key)
        assert (await made.key_source.sweep_principals(unit)).get(key) == found
    return found


async def listed(made: Services, cursor: IdCursor | None = None, **chosen: object) -> list[str]:
    page = await made.api_keys.listing(MINE, cursor or IdCursor(), KeyFilter(**chosen))  # type: ignore[arg-type]
    return [key.name for key in page.items]


async def activities(made: Services) -> list[str]:
    async with made.database.read() as unit:
        rows = await connection(unit).exec_driver_sql("SELECT type FROM activities ORDER BY sequence")
        return [row.type for row in rows]


async def test_a_secret_opens_as_the_key_that_was_made(database: Database) -> None:
    made, room = await house(database)
    key, secret = await made.api_keys.create(MINE, Draft("clé 🔑", expires_at=NOON + 5), SYSTEM)
    assert await opened(made, secret) == ApiKey(key.id, MINE, room.id, True, None, NOON + 5)
    async with database.begin() as unit:
        boss, admin_secret = await made.admin_keys.make(unit, MINE, AdminDraft("admin"), SYSTEM)
    assert await opened(made, admin_secret) == AdminKey(boss.id, MINE, None)
    assert await opened(made, Secret("other")) is None


async def test_a_key_is_listed_as_it_was_made_newest_first_and_only_for_its_organization(database: Database) -> None:
    made, room = await house(database)
    first, _ = await made.api_keys.create(MINE, Draft("clé 🔑"), BOSS)
    made.clock.advance(1)
    second, _ = await made.api_keys.create(MINE, Draft("two", models=("sim-*",)), SYSTEM)
    page = await made.api_keys.listing(MINE, IdCursor(), KeyFilter())
    assert (page.items, page.has_more) == ((second, first), False)
    assert (await made.api_keys.listing(THEIRS, IdCursor(), KeyFilter())).items == ()
    assert await made.api_keys.get(MINE, first.id) == first
    assert (first.name, first.status, first.user_id, first.created_at) == ("clé 🔑", Status.ACTIVE, None, NOON)
    assert (first.workspace_id, first.default_workspace, first.created_by) == (room.id, True, "user_01boss")


async def test_a_list_is_filtered_by_status_workspace_and_creator(database: Database) -> None:
    made, room = await house(database)
    await made.api_keys.create(MINE, Draft("expired", expires_at=NOON + 1), SYSTEM)
    for name, status in (("inactive", Status.INACTIVE), ("archived", Status.ARCHIVED)):
        key, _ = await made.api_keys.create(MINE, Draft(name), SYSTEM)
        await made.api_keys.update(MINE, key.id, Change(status=status), SYSTEM)
    await made.api_keys.create(MINE, Draft("active"), BOSS)
    made.clock.advance(1)
    for status in Status:
        assert await listed(made, status=status) == [status.value]
        page = await made.api_keys.listing(MINE, IdCursor(), KeyFilter(status))
        assert [key.status for key in page.items] == [status]
    assert sorted(await listed(made, workspace_id=room.id)) == ["active", "archived", "expired", "inactive"]
    assert await listed(made, workspace_id="wrkspc_01other") == []
    assert await listed(made, created_by="user_01boss") == ["active"]


async def test_pages_go_forward_and_back_in_one_order(database: Database) -> None:
    made, _ = await house(database)
    keys = []
    for name in "abc":
        made.clock.advance(1)
        keys.append((await made.api_keys.create(MINE, Draft(name), SYSTEM))[0])
    assert await listed(made, IdCursor(2)) == ["c", "b"]
    assert await listed(made, IdCursor(2, after_id=keys[1].id)) == ["a"]
    assert await listed(made, IdCursor(1, before_id=keys[0].id)) == ["b"]
    with pytest.raises(InvalidRequest, match="after_id"):
        await made.api_keys.listing(THEIRS, IdCursor(after_id=keys[0].id), KeyFilter())


async def test_the_secret_itself_is_nowhere_in_the_database(database: Database) -> None:
    made, _ = await house(database)
    _, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    async with database.begin() as unit:
        _, boss = await made.admin_keys.make(unit, MINE, AdminDraft("admin"), SYSTEM)
    async with database.read() as unit:
        for table in (api_keys, api_key_secrets, admin_keys):
            (row,) = (await connection(unit).execute(select(table))).mappings().all()
            for kept in row.values():
                text = kept if isinstance(kept, bytes) else str(kept).encode()
                assert secret.reveal()[-40:].encode() not in text
                assert boss.reveal()[-40:].encode() not in text
            assert len(row.get("digest", bytes(32))) == 32


async def test_an_inactive_key_opens_nothing_until_it_is_active_again(database: Database) -> None:
    made, _ = await house(database)
    key, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    await made.api_keys.update(MINE, key.id, Change(status=Status.INACTIVE), SYSTEM)
    assert await opened(made, secret) is None
    await made.api_keys.update(MINE, key.id, Change(status=Status.ACTIVE), SYSTEM)
    assert await opened(made, secret) is not None
    assert await activities(made) == [MADE, CHANGED, CHANGED]


async def test_an_archived_key_is_archived_for_good(database: Database) -> None:
    made, _ = await house(database)
    key, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    await made.api_keys.update(MINE, key.id, Change(status=Status.ARCHIVED), SYSTEM)
    assert await opened(made, secret) is None
    for change in (Change(status=Status.ACTIVE), Change(status=Status.INACTIVE), Change(name="other")):
        with pytest.raises(InvalidRequest, match="an archived API key cannot be changed"):
            await made.api_keys.update(MINE, key.id, change, SYSTEM)
    again = await made.api_keys.update(MINE, key.id, Change(status=Status.ARCHIVED), SYSTEM)
    assert again.status is Status.ARCHIVED
    assert await activities(made) == [MADE, CHANGED]


async def test_an_expired_key_is_renamed_or_archived_but_never_revived(database: Database) -> None:
    made, _ = await house(database)
    key, _ = await made.api_keys.create(MINE, Draft("k", expires_at=NOON + SECOND), SYSTEM)
    made.clock.advance(1)
    assert (await made.api_keys.get(MINE, key.id)).status is Status.EXPIRED
    for change in (Change(status=Status.ACTIVE), Change(status=Status.INACTIVE), Change(expires_at=None)):
        with pytest.raises(InvalidRequest, match="an expired API key cannot be revived"):
            await made.api_keys.update(MINE, key.id, change, SYSTEM)
    renamed = await made.api_keys.update(MINE, key.id, Change(name="late"), SYSTEM)
    assert (renamed.name, renamed.status) == ("late", Status.EXPIRED)
    archived = await made.api_keys.update(MINE, key.id, Change(status=Status.ARCHIVED), SYSTEM)
    assert archived.status is Status.ARCHIVED


async def test_nobody_changes_another_organizations_key(database: Database) -> None:
    made, _ = await house(database)
    key, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    change = Change(status=Status.ARCHIVED)
    for organization_id, key_id in ((THEIRS, key.id), (MINE, ApiKeyId("apikey_01none"))):
        with pytest.raises(NotFound, match=r"^API key not found\.$"):
            await made.api_keys.update(organization_id, key_id, change, SYSTEM)
        with pytest.raises(NotFound, match=r"^API key not found\.$"):
            await made.api_keys.get(organization_id, key_id)
    assert await opened(made, secret) is not None


async def test_archiving_a_workspace_archives_its_keys_and_no_others(database: Database) -> None:
    made, room = await house(database)
    first, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    elsewhere = WorkspaceId("wrkspc_01elsewhere")
    async with database.begin() as unit:
        await made.api_keys.archive_workspace(unit, MINE, elsewhere, SYSTEM)
        await made.api_keys.archive_workspace(unit, THEIRS, room.id, SYSTEM)
    assert await opened(made, secret) is not None
    async with database.begin() as unit:
        await made.api_keys.archive_workspace(unit, MINE, room.id, SYSTEM)
    assert await opened(made, secret) is None
    assert (await made.api_keys.get(MINE, first.id)).status is Status.ARCHIVED


async def note_use(made: Services, *secrets: Secret) -> None:
    digests = {digest(PEPPER.reveal().encode(), secret.reveal()) for secret in secrets}
    await LastUses(SqlPrincipals(), made.database, made.clock, lambda: {*digests, b"a token's"}).flush()


async def test_both_secrets_of_a_rotated_key_open_until_the_first_ends(database: Database) -> None:
    made, room = await house(database)
    key, first = await made.api_keys.create(MINE, Draft("k", expires_at=NOON + 9 * SECOND), SYSTEM)
    rotated = await made.api_keys.rotate(MINE, key.id, NOON + 5 * SECOND, SYSTEM)
    opens = ApiKey(key.id, MINE, room.id, True, None, NOON + 9 * SECOND)
    assert await opened(made, rotated.secret) == opens
    found = await opened(made, first)
    assert isinstance(found, ApiKey)
    assert (found.key_id, found.expires_at) == (key.id, NOON + 5 * SECOND)
    assert rotated.key.hint != key.hint
    assert await made.api_keys.get(MINE, key.id) == rotated.key
    again = await made.api_keys.rotate(MINE, key.id, NOON + 7 * SECOND, SYSTEM)
    ends = [secret.revoke_at for secret in await made.api_keys.secrets(MINE, key.id)]
    assert sorted(ends, key=str) == [NOON + 5 * SECOND, NOON + 7 * SECOND, None]
    assert again.revoke_at == NOON + 7 * SECOND
    assert await activities(made) == [MADE, ActivityType.API_KEY_ROTATED, ActivityType.API_KEY_ROTATED]


async def test_a_secret_and_a_key_end_by_the_clock_alone(database: Database) -> None:
    made, _ = await house(database)
    key, first = await made.api_keys.create(MINE, Draft("k", expires_at=NOON + 9 * SECOND), SYSTEM)
    second = (await made.api_keys.rotate(MINE, key.id, NOON + 5 * SECOND, SYSTEM)).secret
    authenticator = Authenticator([made.key_source], database, made.clock, PEPPER)
    await authenticator.reload()

    async def opens(secret: Secret) -> bool:
        with contextlib.suppress(AuthenticationFailed):
            await authenticator.authenticate({b"x-api-key": secret.reveal().encode()})
            return True
        return False

    assert [await opens(first), await opens(second)] == [True, True]
    made.clock.advance(5)
    assert [await opens(first), await opens(second)] == [False, True]
    made.clock.advance(4)
    assert [await opens(first), await opens(second)] == [False, False]


async def test_a_key_has_at_most_ten_secrets_that_open(database: Database) -> None:
    made, _ = await house(database)
    key, _ = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    for _ in range(9):
        await made.api_keys.rotate(MINE, key.id, None, SYSTEM)
    with pytest.raises(InvalidRequest, match="has 10 secrets that still open"):
        await made.api_keys.rotate(MINE, key.id, None, SYSTEM)
    await made.api_keys.rotate(MINE, key.id, NOON, SYSTEM)
    made.clock.advance(2)
    await made.api_keys.rotate(MINE, key.id, None, SYSTEM)


async def test_a_last_use_is_kept_for_its_secret_and_only_moves_on(database: Database) -> None:
    made, _ = await house(database)
    key, first = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    await made.api_keys.rotate(MINE, key.id, None, SYSTEM)
    async with database.begin() as unit:
        boss, boss_secret = await made.admin_keys.make(unit, MINE, AdminDraft("a"), SYSTEM)
    made.clock.advance(60)
    used_at = made.clock.now()
    await note_use(made, first, boss_secret)
    made.clock.advance(-30)
    await note_use(made, first)
    uses = {secret.hint: secret.last_used_at for secret in await made.api_keys.secrets(MINE, key.id)}
    assert sorted(uses.values(), key=str) == [used_at, None]
    assert uses[key.hint] == used_at
    assert (await made.admin_keys.get(MINE, boss.id)).last_used_at == used_at


async def test_unused_keys_are_the_active_ones_that_nobody_used_for_so_long(database: Database) -> None:
    made, room = await house(database)
    await made.api_keys.create(MINE, Draft("never"), SYSTEM)
    _, old = await made.api_keys.create(MINE, Draft("long ago"), SYSTEM)
    kept, fresh = await made.api_keys.create(MINE, Draft("yesterday"), SYSTEM)
    await made.api_keys.rotate(MINE, kept.id, None, SYSTEM)
    off, _ = await made.api_keys.create(MINE, Draft("off"), SYSTEM)
    await made.api_keys.update(MINE, off.id, Change(status=Status.INACTIVE), SYSTEM)
    await note_use(made, old)
    made.clock.advance(29 * 86_400)
    await note_use(made, fresh)
    await made.api_keys.create(MINE, Draft("new"), SYSTEM)
    made.clock.advance(2 * 86_400)
    page = await made.api_keys.unused(MINE, IdCursor(), 30)
    assert {unused.thing.name: unused.last_used_at for unused in page.items} == {"never": None, "long ago": NOON}
    assert await made.api_keys.unused_workspaces(MINE, 30) == []
    made.clock.advance(30 * 86_400)
    (unused,) = await made.api_keys.unused_workspaces(MINE, 30)
    assert (unused.thing.id, unused.last_used_at) == (room.id, NOON + 29 * 86_400 * SECOND)
    assert (await made.api_keys.unused(THEIRS, IdCursor(), 30)).items == ()


async def in_parallel(*work: Coroutine[Any, Any, object]) -> list[object]:
    return await asyncio.gather(*work, return_exceptions=True)


async def test_a_rotation_beside_an_archiving_leaves_nothing_open(database: Database) -> None:
    made, _ = await house(database)
    for _ in range(5):
        key, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
        rotated, archived = await in_parallel(
            made.api_keys.rotate(MINE, key.id, None, SYSTEM),
            made.api_keys.update(MINE, key.id, Change(status=Status.ARCHIVED), SYSTEM),
        )
        assert isinstance(archived, StoredApiKey)
        assert isinstance(rotated, Rotated | InvalidRequest)
        assert await opened(made, secret) is None
        if isinstance(rotated, Rotated):
            assert await opened(made, rotated.secret) is None


async def test_makers_who_come_at_once_stop_at_the_quota(database: Database) -> None:
    made, _ = await house(database)
    keys = with_quota(made, Quota(organization=3))
    results = await in_parallel(*(keys.create(MINE, Draft(f"k{number}"), SYSTEM) for number in range(8)))
    refused = [result for result in results if isinstance(result, InvalidRequest)]
    assert len(refused) == 5
    assert len(await listed(made, status=Status.ACTIVE)) == 3


async def test_rotations_that_come_at_once_leave_one_newest_secret(database: Database) -> None:
    made, _ = await house(database)
    key, _ = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    await in_parallel(*(made.api_keys.rotate(MINE, key.id, None, SYSTEM) for _ in range(4)))
    secrets = await made.api_keys.secrets(MINE, key.id)
    lasting = [secret.hint for secret in secrets if secret.revoke_at is None]
    assert lasting == [(await made.api_keys.get(MINE, key.id)).hint]
    assert len(secrets) == 5


async def test_a_claude_code_key_is_for_members_and_not_woken_for_those_who_left(database: Database) -> None:
    made, _ = await house(database)
    async with database.begin() as unit:
        await made.members.join(unit, MINE, "stays@example.com", "Stays", OrganizationRole.USER, SYSTEM)
        coder = await made.members.join(unit, MINE, "c@example.com", "C", OrganizationRole.CLAUDE_CODE_USER, SYSTEM)
    async with database.begin() as unit:
        key, secret = await made.api_keys.claude_code_key(unit, MINE, coder.id, SYSTEM)
    found = await opened(made, secret)
    assert isinstance(found, ApiKey)
    assert found.user_id == coder.id
    assert Permission.INFERENCE in found.permissions
    await made.api_keys.update(MINE, key.id, Change(status=Status.INACTIVE), SYSTEM)
    await made.members.remove(MINE, coder.id, SYSTEM)
    with pytest.raises(InvalidRequest) as refused:
        await made.api_keys.update(MINE, key.id, Change(status=Status.ACTIVE), SYSTEM)
    assert refused.value.error_code == "claude_code_key_creator_not_member"
    async with database.begin() as unit:
        with pytest.raises(InvalidRequest, match="is not a member"):
            await made.api_keys.claude_code_key(unit, MINE, coder.id, SYSTEM)


async def test_a_member_who_may_not_use_claude_code_any_more_is_not_said_to_have_left(database: Database) -> None:
    made, _ = await house(database)
    async with database.begin() as unit:
        coder = await made.members.join(unit, MINE, "c@example.com", "C", OrganizationRole.CLAUDE_CODE_USER, SYSTEM)
    async with database.begin() as unit:
        key, _ = await made.api_keys.claude_code_key(unit, MINE, coder.id, SYSTEM)
    await made.api_keys.update(MINE, key.id, Change(status=Status.INACTIVE), SYSTEM)
    await made.members.change_role(MINE, coder.id, OrganizationRole.USER, SYSTEM)
    with pytest.raises(
        InvalidRequest, match=r"is not in its workspace any more \(organization role: user\)$"
    ) as refused:
        await made.api_keys.update(MINE, key.id, Change(status=Status.ACTIVE), SYSTEM)
    assert refused.value.error_code is None
    await made.members.change_role(MINE, coder.id, OrganizationRole.CLAUDE_CODE_USER, SYSTEM)
    assert (await made.api_keys.update(MINE, key.id, Change(status=Status.ACTIVE), SYSTEM)).status is Status.ACTIVE


async def test_a_leavers_keys_are_switched_off_and_stay_off_when_they_come_back(database: Database) -> None:
    made, _ = await house(database)
    async with database.begin() as unit:
        await made.members.join(unit, MINE, "stays@example.com", "Stays", OrganizationRole.USER, SYSTEM)
        leaver = await made.members.join(unit, MINE, "l@example.com", "L", OrganizationRole.DEVELOPER, SYSTEM)
    personal, secret = await made.api_keys.create(MINE, Draft("personal", user_id=leaver.id), SYSTEM)
    off, _ = await made.api_keys.create(MINE, Draft("off", user_id=leaver.id), SYSTEM)
    gone, _ = await made.api_keys.create(MINE, Draft("gone", user_id=leaver.id), SYSTEM)
    _, ownerless = await made.api_keys.create(MINE, Draft("ownerless"), SYSTEM)
    await made.api_keys.update(MINE, off.id, Change(status=Status.INACTIVE), SYSTEM)
    await made.api_keys.update(MINE, gone.id, Change(status=Status.ARCHIVED), SYSTEM)
    await made.members.remove(MINE, leaver.id, BOSS)
    statuses = {key.id: (await made.api_keys.get(MINE, key.id)).status for key in (personal, off, gone)}
    assert statuses == {personal.id: Status.INACTIVE, off.id: Status.INACTIVE, gone.id: Status.ARCHIVED}
    with pytest.raises(InvalidRequest, match="is not in its workspace any more"):
        await made.api_keys.update(MINE, personal.id, Change(status=Status.ACTIVE), SYSTEM)
    async with database.begin() as unit:
        await made.members.join(unit, MINE, "l@example.com", "L", OrganizationRole.DEVELOPER, SYSTEM)
    assert await opened(made, secret) is None
    assert await opened(made, ownerless) is not None
    await made.api_keys.update(MINE, personal.id, Change(status=Status.ACTIVE), SYSTEM)
    assert await opened(made, secret) is not None


def with_quota(made: Services, quota: Quota) -> ApiKeys:
    return ApiKeys(SqlApiKeys(), made.database, made.mint, made.audit, made.rooms, quota)


@pytest.mark.parametrize(
    ("quota", "code"),
    [
        (Quota(organization=1), "org_api_key_limit_exceeded"),
        (Quota(workspace=1), "workspace_api_key_limit_exceeded"),
    ],
)
async def test_a_key_over_the_quota_is_neither_made_nor_woken(database: Database, quota: Quota, code: str) -> None:
    made, _ = await house(database)
    keys = with_quota(made, quota)
    first, _ = await keys.create(MINE, Draft("one"), SYSTEM)
    with pytest.raises(InvalidRequest) as refused:
        await keys.create(MINE, Draft("two"), SYSTEM)
    assert refused.value.error_code == code
    await keys.update(MINE, first.id, Change(status=Status.INACTIVE), SYSTEM)
    await keys.create(MINE, Draft("two", expires_at=NOON + SECOND), SYSTEM)
    with pytest.raises(InvalidRequest) as refused:
        await keys.update(MINE, first.id, Change(status=Status.ACTIVE), SYSTEM)
    assert refused.value.error_code == code
    made.clock.advance(1)  # an expired key counts no more
    woken: StoredApiKey = await keys.update(MINE, first.id, Change(status=Status.ACTIVE), SYSTEM)
    assert woken.status is Status.ACTIVE
