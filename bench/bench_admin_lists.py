"""List pages of the Admin API with 50 workspaces, 2,000 people, 20,000 memberships and 5,000 keys, beside small ones.

The whole server in this process, asked as a client asks it, without a socket: the time from the request's first byte
handed to the application to the answer's last. The target is 20 ms a page. The peer is the same page in an organisation
of ten people and keys: what grows between the two is what size costs.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from antechamber.base.ids import ApiKeyId, Kind, OrganizationId, UserId, WorkspaceId, mint
from antechamber.base.secret import SecretKind, digest, hint, mint_secret
from antechamber.database.engine import connection
from antechamber.features.apikeys.sql.tables import api_key_secrets, api_keys
from antechamber.features.organizations.sql.members import members, people
from antechamber.features.workspaces.sql import workspace_members
from antechamber.http.log import configure_logs
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import Storage, open_storage
from bench.readings import Figure, Report
from tests.asgi import call
from tests.postgres import private_postgres

LARGE = (50, 2000, 5000)
SMALL = (2, 10, 10)
ROOMS_EACH = 10
HEADERS = {"anthropic-version": "2026-10-21"}
MILLISECONDS = 1000.0
TARGET_MS = 20.0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=100)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--quick", action="store_true", help="each page ten times")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    asked.repeat = 10 if asked.quick else asked.repeat
    return asked


class Town:
    """An organisation of a size, and the pages that are asked of it."""

    def __init__(self, storage: Storage, founded: Founded, size: tuple[int, int, int]) -> None:
        self._storage = storage
        self._organization = OrganizationId(founded.organization_id)
        assert founded.admin_key is not None
        self.key = founded.admin_key.reveal()
        self._rooms, self._people, self._keys = size
        self._default = WorkspaceId(founded.workspace_id)

    def _mint(self, kind: Kind) -> str:
        return mint(kind, self._storage.clock, self._storage.chance)

    async def fill(self) -> dict[str, str]:
        """Write the rows in bulk, and return the pages by name."""
        now = self._storage.clock.now()
        who = [UserId(self._mint(Kind.USER)) for _ in range(self._people)]
        rooms = [self._default, *[await self._make_room(f"Room {number}") for number in range(self._rooms)]]
        pepper = self._storage.pepper.reveal().encode()
        secrets = [mint_secret(SecretKind.API_KEY, self._storage.chance) for _ in range(self._keys)]
        keys = [ApiKeyId(self._mint(Kind.API_KEY)) for _ in secrets]
        org = self._organization
        emails = [f"person{number}-{org}@example.com" for number in range(self._people)]
        rows: dict[Any, list[dict[str, Any]]] = {
            people: [
                {"id": name, "email": email, "email_key": email, "email_base": email, "name": "A. Person",
                 "created_at": now}
                for name, email in zip(who, emails, strict=True)
            ],
            members: [
                {"organization_id": org, "user_id": name, "role": "developer", "added_at": now + number}
                for number, name in enumerate(who)
            ],
            workspace_members: [
                {"workspace_id": rooms[1 + (number + step) % self._rooms], "user_id": name, "organization_id": org,
                 "role": "workspace_developer", "added_at": now + number}
                for number, name in enumerate(who)
                for step in range(min(ROOMS_EACH, self._rooms))
            ],
            api_keys: [
                {"id": key, "organization_id": org, "workspace_id": rooms[number % len(rooms)],
                 "default_workspace": number % len(rooms) == 0, "name": f"key {number}", "status": "active",
                 "hint": hint(secret), "user_id": who[number % len(who)] if number % 2 else None,
                 "created_at": now + number}
                for number, (key, secret) in enumerate(zip(keys, secrets, strict=True))
            ],
            api_key_secrets: [
                {"digest": digest(pepper, secret.reveal()), "organization_id": org, "api_key_id": key,
                 "hint": hint(secret), "created_at": now}
                for key, secret in zip(keys, secrets, strict=True)
            ],
        }  # fmt: skip
        async with self._storage.database.begin() as unit:
            for table, values in rows.items():
                await connection(unit).execute(insert(table), values)
        await self._limit_spending()
        middle = keys[len(keys) // 2]
        base = "/v1/organizations"
        return {
            "users": f"{base}/users",
            "users, by e-mail": f"{base}/users?email={emails[-1]}",
            "users, by role, 1000": f"{base}/users?roles[]=developer&limit=1000",
            "workspaces": f"{base}/workspaces?limit=100",
            "members": f"{base}/workspaces/{rooms[1]}/members",
            "members, 1000": f"{base}/workspaces/{rooms[1]}/members?limit=1000",
            "api_keys": f"{base}/api_keys",
            "api_keys, after one": f"{base}/api_keys?limit=100&after_id={middle}",
            "api_keys of a workspace": f"{base}/api_keys?workspace_id={rooms[1]}&status=active",
            "api_keys, 1000": f"{base}/api_keys?limit=1000",
            "effective spend limits": f"{base}/spend_limits/effective?limit=100",
            "effective spend limits, 1000": f"{base}/spend_limits/effective?limit=1000",
        }

    async def _limit_spending(self) -> None:
        headers = {**HEADERS, "x-api-key": self.key}
        for period in ("daily", "weekly", "monthly"):
            body = f'{{"scope": {{"type": "organization"}}, "amount": "1000000", "period": "{period}"}}'.encode()
            target = "/v1/organizations/spend_limits"
            made = await call(self.app.shell, "POST", target, headers=headers, body=body)
            assert made.status == 200, made.body

    async def _make_room(self, name: str) -> WorkspaceId:
        headers = {**HEADERS, "x-api-key": self.key}
        body = f'{{"name": "{name}"}}'.encode()
        made = await call(self.app.shell, "POST", "/v1/organizations/workspaces", headers=headers, body=body)
        assert made.status == 200, made.body
        return WorkspaceId(made.json()["id"])

    app: Application


async def milliseconds(app: Application, key: str, target: str, repeat: int) -> tuple[float, float, float]:
    """Return the median and the 95th percentile of a page, and the least time on CPU."""
    taken, spent = [], []
    for _ in range(repeat):
        began, before = time.perf_counter(), time.process_time()
        answer = await call(app.shell, "GET", target, headers={**HEADERS, "x-api-key": key})
        taken.append((time.perf_counter() - began) * MILLISECONDS)
        spent.append((time.process_time() - before) * MILLISECONDS)
        assert answer.status == 200, answer.body
        assert answer.json()["data"]
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.95)], min(spent)


async def run(asked: argparse.Namespace, report: Report, address: str | None, folder: Path) -> None:
    loaded = load({"data": folder, "simulated": "on", **({"database_url": address} if address else {})})
    storage = open_storage(loaded.settings)
    await storage.prepare()
    towns = []
    app = Application(loaded, storage)
    for size in (LARGE, SMALL):
        founded = await storage.founder.found("Acme", None, admin_key=True, api_key=True)
        town = Town(storage, founded, size)
        town.app = app
        towns.append(town)
    await app.start()
    try:
        large, small = [await town.fill() for town in towns]
        began = time.perf_counter()
        await app.authenticator.reload()
        # as the server does once it listens (wiring/running.py)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        report.note("reading 5,000 keys anew", (time.perf_counter() - began) * MILLISECONDS, "ms")
        for name, target in large.items():
            ours = await milliseconds(app, towns[0].key, target, asked.repeat)
            peer = await milliseconds(app, towns[1].key, small[name], asked.repeat)
            report.note(f"{name}, median", ours[0], "ms")
            report.note(f"{name}, CPU, least", ours[2], "ms")
            report.add(Figure(f"{name}, p95", "ms", ours[1], peer[1], target=TARGET_MS, peer_name="of ten"))
    finally:
        await app.stop()


def main() -> None:
    asked = parse()
    configure_logs("error")
    with tempfile.TemporaryDirectory() as folder:
        report = Report(asked)
        if asked.postgres:
            with private_postgres() as server:
                asyncio.run(run(asked, report, server.create(), Path(folder)))
        else:
            asyncio.run(run(asked, report, None, Path(folder)))
        report.print()


if __name__ == "__main__":
    main()
