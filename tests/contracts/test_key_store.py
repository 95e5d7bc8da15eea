"""Keys in the database: found by their secret, seen and changed only by their organisation."""

import pytest
from sqlalchemy import select

from antechamber.base.errors import NotFound
from antechamber.base.ids import AdminKeyId, ApiKeyId, WorkspaceId
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.secret import Secret, digest
from antechamber.database.engine import Database, connection
from antechamber.features.apikeys.model import Status, StoredAdminKey, StoredApiKey
from antechamber.features.apikeys.sql import SqlKeys, admin_keys, api_keys
from tests.contracts.tenants import MINE, NOON, PEPPER, THEIRS, Services, services

STORE = SqlKeys()
ROOM = WorkspaceId("wrkspc_01room")


async def api_key(made: Services, expires_at: int | None = None) -> tuple[StoredApiKey, Secret]:
    async with made.database.begin() as unit:
        return await made.keys.create_api_key(
            unit, MINE, ROOM, default_workspace=True, name="clé 🔑", expires_at=expires_at
        )


async def admin_key(made: Services) -> tuple[StoredAdminKey, Secret]:
    async with made.database.begin() as unit:
        return await made.keys.create_admin_key(unit, MINE, name="admin")


async def opened(database: Database, secret: Secret) -> Principal | None:
    key = digest(PEPPER.reveal().encode(), secret.reveal())
    async with database.read() as unit:
        found = await STORE.resolve_principal(unit, key)
        assert (await STORE.sweep_principals(unit)).get(key) == found
    return found


async def test_a_secret_opens_as_the_key_that_was_made(database: Database) -> None:
    made = services(database)
    key, secret = await api_key(made, expires_at=NOON + 5)
    assert await opened(database, secret) == ApiKey(key.id, MINE, ROOM, True, None, NOON + 5)
    boss, admin_secret = await admin_key(made)
    assert await opened(database, admin_secret) == AdminKey(boss.id, MINE, None)
    assert await opened(database, Secret("other")) is None


async def test_a_key_is_listed_as_it_was_made_newest_first_and_only_for_its_organization(database: Database) -> None:
    made = services(database)
    first, _ = await api_key(made)
    made.clock.advance(1)
    second, _ = await api_key(made)
    assert await made.keys.api_keys(MINE) == [second, first]
    assert await made.keys.api_keys(THEIRS) == []
    assert (first.name, first.status, first.user_id, first.created_at) == ("clé 🔑", Status.ACTIVE, None, NOON)


async def test_the_secret_itself_is_nowhere_in_the_database(database: Database) -> None:
    made = services(database)
    _, secret = await api_key(made)
    _, boss = await admin_key(made)
    async with database.read() as unit:
        for table in (api_keys, admin_keys):
            (row,) = (await connection(unit).execute(select(table))).mappings().all()
            for kept in row.values():
                text = kept if isinstance(kept, bytes) else str(kept).encode()
                assert secret.reveal()[-40:].encode() not in text
                assert boss.reveal()[-40:].encode() not in text
            assert len(row["digest"]) == 32


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.ARCHIVED])
async def test_a_key_that_is_not_active_opens_nothing_until_it_is_again(database: Database, status: Status) -> None:
    made = services(database)
    key, secret = await api_key(made)
    boss, admin_secret = await admin_key(made)
    await made.keys.set_api_key_status(MINE, key.id, status)
    await made.keys.set_admin_key_status(MINE, boss.id, status)
    assert await opened(database, secret) is None
    assert await opened(database, admin_secret) is None
    assert [found.status for found in await made.keys.api_keys(MINE)] == [status]
    await made.keys.set_api_key_status(MINE, key.id, Status.ACTIVE)
    assert await opened(database, secret) is not None


async def test_nobody_changes_another_organizations_key(database: Database) -> None:
    made = services(database)
    key, secret = await api_key(made)
    boss, admin_secret = await admin_key(made)
    with pytest.raises(NotFound, match=r"^API key not found\.$"):
        await made.keys.set_api_key_status(THEIRS, key.id, Status.ARCHIVED)
    with pytest.raises(NotFound, match=r"^Admin key not found\.$"):
        await made.keys.set_admin_key_status(THEIRS, boss.id, Status.ARCHIVED)
    with pytest.raises(NotFound):
        await made.keys.set_api_key_status(MINE, ApiKeyId("apikey_01none"), Status.ARCHIVED)
    with pytest.raises(NotFound):
        await made.keys.set_admin_key_status(MINE, AdminKeyId("adminkey_01none"), Status.ARCHIVED)
    assert await opened(database, secret) is not None
    assert await opened(database, admin_secret) is not None
