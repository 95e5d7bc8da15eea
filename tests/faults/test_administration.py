"""A server that is killed while it is administered: what was answered is there, once, and so is its activity."""

import asyncio
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.faults.books import acts_of, check_books, check_rules
from tests.faults.processes import Server, clean_environment
from tests.faults.towns import INVITES, KEYS, WORKSPACES, Town, send

pytestmark = [pytest.mark.faults, pytest.mark.long]

_WRITERS = 6


@dataclass
class Told:
    """What the server has answered, and the names of what it was asked for without an answer."""

    workspaces: dict[str, str] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    places: set[tuple[str, str]] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    invites: dict[str, str] = field(default_factory=dict)
    unanswered: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        secrets = sum(map(len, self.secrets.values()))
        return len(self.workspaces) + len(self.archived) + len(self.places) + secrets + len(self.invites)


class GoneError(Exception):
    """No answer came."""


class Writer:
    """Makes workspaces with a member, a key, a second secret and an invite, until no answer comes."""

    numbers = count(1)

    def __init__(self, server: Server, user_id: str, told: Told) -> None:
        self._server = server
        self._user_id = user_id
        self._told = told
        self.over = False

    async def run(self) -> None:
        try:
            while not self.over:
                await self._chain(f"killed {next(self.numbers)}")
        except GoneError:
            pass

    async def _chain(self, name: str) -> None:
        told, user_id = self._told, self._user_id
        workspace = (await self._ask(WORKSPACES, {"name": name}, name))["id"]
        told.workspaces[workspace] = name
        place = f"{WORKSPACES}/{workspace}/members"
        await self._ask(place, {"user_id": user_id, "workspace_role": "workspace_developer"}, workspace)
        told.places.add((workspace, user_id))
        made = await self._ask(KEYS, {"name": name, "workspace_id": workspace}, name)
        key_id: str = made["id"]
        told.keys[key_id] = workspace
        told.secrets[key_id] = [made["secret"]]
        for _ in range(2):
            rotated = await self._ask(f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 3600}, key_id)
            told.secrets[key_id].append(rotated["secret"])
        email = f"{name.replace(' ', '')}@example.com"
        told.invites[(await self._ask(INVITES, {"email": email, "role": "user"}, email))["id"]] = email
        if next(self.numbers) % 4:
            await self._ask(f"{WORKSPACES}/{workspace}/archive", None, workspace)
            told.archived.add(workspace)

    async def _ask(self, path: str, body: object, what: str) -> dict[str, str]:
        try:
            reply = await send(self._server, "POST", path, body)
        except OSError:
            reply = None
        if reply is None or reply.status == 0 or reply.ended != "whole":
            self._told.unanswered.append((path.rpartition("/")[2], what))
            raise GoneError
        assert reply.status == 200, reply.body
        answer: dict[str, str] = reply.json()
        return answer


async def _check_told(town: Town, told: Told) -> None:
    """Hold what was answered against what is kept; what is kept and was not answered is what had no answer."""
    rows = await town.rows("SELECT id, name FROM workspaces WHERE name LIKE 'killed %'")
    kept = {row["id"]: row["name"] for row in rows}
    assert told.workspaces.items() <= kept.items()
    asked = {what for _, what in told.unanswered}
    assert {kept[more] for more in kept.keys() - told.workspaces.keys()} <= asked
    places = await town.rows("SELECT workspace_id, user_id FROM workspace_members")
    assert told.places <= {(row["workspace_id"], row["user_id"]) for row in places}
    rows = await town.rows("SELECT id, email FROM invites WHERE email LIKE 'killed%'")
    kept = {row["id"]: row["email"] for row in rows}
    assert told.invites.items() <= kept.items()
    assert {kept[more] for more in kept.keys() - told.invites.keys()} <= asked
    rows = await town.rows("SELECT id FROM workspaces WHERE archived_at IS NOT NULL")
    archived = {row["id"] for row in rows}
    assert told.archived <= archived
    await _check_keys(town, told, archived)


async def _check_keys(town: Town, told: Told, archived: set[str]) -> None:
    secrets = Counter(row["api_key_id"] for row in await town.rows("SELECT api_key_id FROM api_key_secrets"))
    rotated = Counter(act["api_key_id"] for act in await acts_of(town) if act["type"] == "platform_api_key_rotated")
    for key_id, workspace in told.keys.items():
        known = told.secrets[key_id]
        assert secrets[key_id] == rotated[key_id] + 1, "an activity for each secret but the first"
        unknown = ("rotate", key_id) in told.unanswered
        assert len(known) <= secrets[key_id] <= len(known) + unknown
        if workspace not in archived:
            for secret in known:
                await town.opens(secret)


def _verify_by_command(server: Server) -> str:
    command = [sys.executable, "-m", "antechamber", "audit", "verify"]
    where = ["--base-url", f"http://127.0.0.1:{server.port}", "--api-key", server.admin_key]
    done = subprocess.run([*command, *where], env=clean_environment(), check=True, capture_output=True, timeout=60)
    return done.stdout.decode()


async def test_a_kill_amid_administration_keeps_what_was_answered_and_halves_nothing(town: Town) -> None:
    told = Told()
    people = [(await town.person("user"))[0] for _ in range(_WRITERS)]
    for pause in (0.2, 0.5):
        before = told.total
        writers = [Writer(node, user_id, told) for user_id in people for node in town.nodes]
        tasks = [asyncio.create_task(writer.run()) for writer in writers]
        while told.total < before + 10 * _WRITERS:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(pause / 5)
        town.last.kill()
        for writer in writers:
            writer.over = True
        await asyncio.gather(*tasks)
        if len(town.nodes) > 1:
            # the other node waits for nothing that the dead one held
            await check_books(town, town.first)
        town.last.begin()
        await asyncio.sleep(pause)
        town.last.kill()
        await asyncio.to_thread(town.last.start)
        await _check_told(town, told)
        await check_rules(town)
    assert told.unanswered, "something was cut"
    print(f"{told.total} answered, {len(told.unanswered)} not")
    assert '"ok": true' in await asyncio.to_thread(_verify_by_command, town.last)
