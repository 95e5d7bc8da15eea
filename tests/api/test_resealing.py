"""`ante secrets reseal`, beside a running server and without one."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from antechamber.base.seals import SealedColumn
from antechamber.database.engine import Database, database_url
from tests.api.test_commands import ante
from tests.live import LiveServer
from tests.sealing import fill, openable

ALL = 3 * len(SealedColumn)


async def _filled(data: Path, organization_id: str) -> None:
    database = Database(database_url(None, data))
    await fill(database, "old", organization_id, 3)
    await database.close()


async def _counted(data: Path, *keys: str) -> dict[str, int]:
    database = Database(database_url(None, data))
    found = dict(await openable(database, *keys))
    await database.close()
    return found


def write_keys(server: LiveServer, *keys: str) -> None:
    """Put keys into the data folder, the one that seals first."""
    path = server.data / "secrets" / "master_keys"
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}\n" for key in keys))


def test_a_new_line_in_the_file_of_keys_seals_everything_beside_a_running_server(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server()
    command = ["secrets", "reseal", "--data", str(server.data)]

    def done(*flags: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - of `ante`
        found: dict[str, Any] = json.loads(ante(*command, "--json", *flags, **how).stdout)
        return found

    nothing = {"secrets": 0, "resealed": 0}
    empty = {"dry_run": False, **nothing, "columns": {column.value: nothing for column in SealedColumn}}
    assert done() == empty
    assert not (server.data / "secrets" / "master_keys").exists()

    asyncio.run(_filled(server.data, server.organization_id))
    write_keys(server, "wrong")
    refused = ante(*command, code=1).stderr
    assert "sealed with a master key that this server does not have; nothing was changed" in refused
    write_keys(server, "new", "old")
    assert done("--dry-run")["resealed"] == ALL
    assert asyncio.run(_counted(server.data, "old", "new")) == {"old": ALL, "new": 0}
    told = ante(*command).stdout.splitlines()
    assert told == [f"{column}: 3 of 3 sealed anew" for column in SealedColumn]
    write_keys(server, "new")
    assert (done()["secrets"], done()["resealed"]) == (ALL, 0)
    assert asyncio.run(_counted(server.data, "old", "new")) == {"old": 0, "new": ALL}

    # the command's own key must be the server's, which does not read its environment again
    env = {"ANTE_SERVER_MASTER_KEY": "newest, new"}
    assert "the running server seals with another one" in ante(*command, code=1, env=env).stderr
    server.stop()
    assert done(env=env)["resealed"] == ALL
    assert asyncio.run(_counted(server.data, "new", "newest")) == {"new": 0, "newest": ALL}
