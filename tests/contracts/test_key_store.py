"""Keys in the database: found by their secret, seen and changed only by their organisation."""

import pytest
from sqlalchemy import select

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import ApiKeyId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.secret import Secret, digest
from antechamber.database.engine import Database, connection
from antechamber.features.apikeys.model import AdminDraft, Change, Draft, KeyFilter, Quota, Status, StoredApiKey
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.apikeys.sql import SqlApiKeys
from antechamber.features.apikeys.sql.tables import admin_keys, api_key_secrets, api_keys
from antechamber.features.audit.model import ActivityType
from antechamber.features.workspaces.model import Workspace
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
