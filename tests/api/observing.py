"""Asks a house's telemetry endpoints as its administrators do."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import WorkspaceId
from antechamber.features.workspaces.model import WorkspaceDraft
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.asgi import Answer, call
from tests.founding import lay_founded
from tests.templates import share_statements

ROOT: Final = "/v1/organizations/telemetry_destinations"
BETA: Final = "telemetry-destinations-2026-08-11"
URL: Final = "https://gateway.example.com/otlp"
NOTHING: Final = "01" + "1" * 22


@dataclass
class Observatory:
    """A running application and an administrator of its organisation."""

    app: Application
    founded: Founded
    beta: str | None = BETA
    version: str = "2026-10-21"

    @property
    def admin_key(self) -> str:
        assert self.founded.admin_key is not None
        return self.founded.admin_key.reveal()

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Answer:
        headers = {"authorization": f"Bearer {key or self.admin_key}", "anthropic-version": self.version}
        if self.beta is not None:
            headers["anthropic-beta"] = self.beta
        text = b"" if body is None else json.dumps(body).encode()
        return await call(self.app.shell, method, path, headers=headers, body=text)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return _good(await self.ask("GET", path))

    async def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return _good(await self.ask("POST", path, body))

    async def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return _good(await self.ask("DELETE", path))

    async def refused(self, status: int, method: str, path: str, body: object = None) -> str:
        """The message of a refusal."""
        answer = await self.ask(method, path, body)
        assert answer.status == status, answer.body
        return str(answer.json()["error"]["message"])

    async def destination(self, endpoint_url: str = URL, **fields: object) -> dict[str, Any]:
        made = await self.post(ROOT, {"endpoint_url": endpoint_url, "workspaces": {"type": "all"}, **fields})
        return dict(made)

    async def workspace(self, name: str) -> str:
        organization = self.founded.organization_id
        return (await self.app.storage.workspaces.create(organization, WorkspaceDraft(name=name), OPERATOR)).id

    async def archive(self, workspace_id: str) -> None:
        storage = self.app.storage
        await storage.workspaces.archive(self.founded.organization_id, WorkspaceId(workspace_id), OPERATOR)

    async def acts(self, kind: str) -> list[dict[str, Any]]:
        """The acts of a kind, newest first."""
        return list((await self.get(f"/v1/compliance/activities?activity_types[]={kind}"))["data"])

    async def message(self, **fields: object) -> Answer:
        """Ask a simulated model something."""
        assert self.founded.api_key is not None
        body = {"model": "sim-1", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}], **fields}
        headers = {"x-api-key": self.founded.api_key.reveal(), "anthropic-version": "2023-06-01"}
        return await call(self.app.shell, "POST", "/v1/messages", headers=headers, body=json.dumps(body).encode())


def _good(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    assert answer.status == 200, answer.body
    return answer.json()


@contextlib.asynccontextmanager
async def observatory(folder: Path, founded: Founded | None = None, **settings: object) -> AsyncIterator[Observatory]:
    """An application with simulated models, for as long as the block lasts; `founded` in an earlier one there."""
    data = folder / "data"
    founded = founded or lay_founded(data)
    loaded = load({"data": data, "simulated": "on", "sandbox_runtime": "memory", **settings})
    storage = open_storage(loaded.settings)
    share_statements(storage.database)
    app = Application(loaded, storage)
    await app.start()
    try:
        yield Observatory(app, founded)
    finally:
        await app.stop()
