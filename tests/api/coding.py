"""A whole application on a clock that is told, for what Claude Code sends and what its report says hours later."""

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antechamber.base.actor import SYSTEM
from antechamber.base.clock import ManualClock
from antechamber.base.permissions import OrganizationRole
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.asgi import Answer, call
from tests.templates import lay_database, share_statements

REPORT = "/v1/organizations/usage_report/claude_code"
JSON = {"content-type": "application/json"}


@dataclass
class Desk:
    """A running application; `admin_key` reads reports, `api_key` is the ownerless one of the Default workspace."""

    app: Application
    clock: ManualClock
    founded: Founded

    @property
    def api_key(self) -> str:
        assert self.founded.api_key is not None
        return self.founded.api_key.reveal()

    @property
    def admin_key(self) -> str:
        assert self.founded.admin_key is not None
        return self.founded.admin_key.reveal()

    async def person(self, email: str) -> str:
        """Make somebody a member, and return the secret of their Claude Code key."""
        storage, organization = self.app.storage, self.founded.organization_id
        async with storage.database.begin() as unit:
            role = OrganizationRole.CLAUDE_CODE_USER
            member = await storage.members.join(unit, organization, email, "", role, SYSTEM)
            _, secret = await storage.api_keys.claude_code_key(unit, organization, member.id, SYSTEM)
        return secret.reveal()

    async def export(self, body: dict[str, Any] | bytes, key: str | None = None, **headers: str) -> Answer:
        """Post metrics; header names with `_`."""
        sent = {"authorization": f"Bearer {key or self.api_key}", **JSON}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await call(self.app.shell, "POST", "/v1/metrics", headers=sent, body=content)

    async def ask_model(self, session: str | None, key: str | None = None) -> Answer:
        """Ask the simulated model something, as Claude Code does in a session."""
        headers = {"x-api-key": key or self.api_key, "anthropic-version": "2023-06-01", **JSON}
        headers |= {"x-claude-code-session-id": session} if session else {}
        body = {"model": "claude-sim-1", "max_tokens": 32, "messages": [{"role": "user", "content": "Hi"}]}
        return await call(self.app.shell, "POST", "/v1/messages", headers=headers, body=json.dumps(body).encode())

    async def report(self, query: str, key: str | None = None, **headers: str) -> Answer:
        """Ask for the report once all that was asked of models is in the database."""
        await self.app.ledger.drain()
        sent = {"x-api-key": key or self.admin_key, "anthropic-version": "2023-06-01", **headers}
        return await call(self.app.shell, "GET", f"{REPORT}?{query}", headers=sent)


@asynccontextmanager
async def desk(folder: Path, now: int) -> AsyncIterator[Desk]:
    """Run an application whose clock stands at `now`, microseconds."""
    loaded = dataclasses.replace(load({"data": folder / "data", "simulated": "on"}), environment={})
    clock = ManualClock(now)
    lay_database(folder / "data")
    storage = open_storage(loaded.settings, clock)
    share_statements(storage.database)
    await storage.prepare()
    founded = await storage.founder.found("Acme", None, admin_key=True, api_key=True)
    app = Application(loaded, storage)
    await app.start()
    try:
        yield Desk(app, clock, founded)
    finally:
        await app.stop()
