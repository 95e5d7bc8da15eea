"""Sealing anew what is stored, on both databases: all of it or what was not yet, never half, never by a wrong key."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import URL

from antechamber.base.errors import InvalidRequest
from antechamber.base.seals import SealedColumn, SealError
from antechamber.base.secret import Secret
from antechamber.database.engine import connection
from antechamber.features.audit.sql.activities import activities
from antechamber.settings import Settings
from antechamber.wiring.resealing import reseal_slice
from antechamber.wiring.storage import Storage, open_storage
from tests.contracts.tenants import MINE, THEIRS
from tests.sealing import fill, openable, seals, table_of

Opener = Callable[[str], Storage]
ALL = len(SealedColumn)


@pytest.fixture
async def opened(database_address: URL, tmp_path: Path) -> AsyncIterator[Opener]:
    """Open the storage of a server that has these master keys."""
    made: list[Storage] = []

    def opening(keys: str) -> Storage:
        address = None
        if database_address.get_backend_name() != "sqlite":
            address = Secret(database_address.render_as_string(hide_password=False))
        made.append(
            open_storage(Settings(data=tmp_path, database_url=address, master_key=Secret(keys) if keys else None))
        )
        return made[-1]

    yield opening
    for each in made:
        await each.database.close()


async def reseal(storage: Storage, **asked: object) -> dict[str, int]:
    """Go through everything as the command does, and return the counts."""
    counts = {"secrets": 0, "resealed": 0}
    for column in SealedColumn:
        after: Any = ""
        while after is not None:
            answer = await reseal_slice(storage, {"column": column, "after": after, **asked})
            for name in counts:
                counts[name] += answer[name]
            after = answer["after"]
    return counts


async def test_nothing_opens_with_the_old_key_afterwards(opened: Opener) -> None:
    storage = opened("new,old")
    await fill(storage.database, "old", MINE, 230)
    await fill(storage.database, "old", THEIRS, 3)
    whole = {"secrets": 233 * ALL, "resealed": 233 * ALL}
    assert await reseal(storage, is_trial=True) == whole
    assert await openable(storage.database, "old", "new") == {"old": 233 * ALL, "new": 0}
    assert await reseal(storage) == whole
    assert await openable(storage.database, "old", "new") == {"old": 0, "new": 233 * ALL}
    assert await reseal(opened("new")) == {**whole, "resealed": 0}


async def test_it_is_in_the_audit_log_of_each_organization_it_concerns(opened: Opener) -> None:
    storage = opened("new,old")
    await fill(storage.database, "old", MINE, 2)
    await fill(storage.database, "new", THEIRS, 1)
    await reseal(storage)
    async with storage.database.read() as unit:
        columns = activities.c
        rows = await connection(unit).execute(select(columns.organization_id, columns.type, columns.details))
        found = [tuple(row) for row in rows]
    assert {row[:2] for row in found} == {(MINE, "secrets_resealed")}
    assert len(found) == ALL
    assert all(seals("new").key_id in str(row[2]) for row in found)


async def test_what_was_stopped_is_gone_on_with(opened: Opener) -> None:
    storage = opened("new,old")
    await fill(storage.database, "old", MINE, 150)
    first = await reseal_slice(storage, {"column": SealedColumn.WEBHOOK_SECRET, "after": ""})
    assert first["resealed"] == 100
    assert await reseal(storage) == {"secrets": 150 * ALL, "resealed": 150 * ALL - 100}
    assert await openable(storage.database, "new") == {"new": 150 * ALL}


async def test_where_no_key_opens_a_value_it_says_which_and_changes_nothing(opened: Opener) -> None:
    storage = opened("new,old")
    await fill(storage.database, "old", MINE, 5)
    table = table_of(SealedColumn.WEBHOOK_SECRET)
    async with storage.database.begin() as unit:
        row_id = f"row_{MINE[:8]}_00003"
        lost = seals("lost").seal("x", SealedColumn.WEBHOOK_SECRET, row_id)
        await connection(unit).execute(update(table).where(table.c.id == row_id).values(secret=lost))
    for is_trial in (True, False):
        with pytest.raises(SealError, match=rf"webhook_endpoints\.secret of {row_id}: sealed with a master key"):
            await reseal_slice(storage, {"column": SealedColumn.WEBHOOK_SECRET, "after": "", "is_trial": is_trial})
    async with storage.database.read() as unit:
        rows = await connection(unit).execute(select(table.c.id, table.c.secret).where(table.c.id != row_id))
        for each, sealed in rows:
            assert seals("old").open(bytes(sealed), SealedColumn.WEBHOOK_SECRET, each)


async def test_who_would_seal_with_another_key_than_the_server_is_refused(opened: Opener) -> None:
    storage = opened("one")
    await fill(storage.database, "one", MINE, 1)
    assert (await reseal(storage, key_id=seals("one").key_id))["secrets"] == ALL
    with pytest.raises(InvalidRequest, match="the running server seals with another one"):
        await reseal(storage, key_id=seals("two").key_id)


async def test_a_server_without_secrets_has_nothing_to_seal_and_draws_no_key(opened: Opener, tmp_path: Path) -> None:
    assert await reseal(opened("")) == {"secrets": 0, "resealed": 0}
    assert not (tmp_path / "secrets" / "master_keys").exists()
