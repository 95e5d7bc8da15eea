"""What tests of limits ask for, and of whom: an administrator's calls to a whole application."""

import json
from dataclasses import dataclass
from typing import Any

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.apikeys.model import Draft, StoredApiKey
from antechamber.features.audit.model import ActivityType
from antechamber.features.organizations.model import Member
from antechamber.features.workspaces.model import Workspace, WorkspaceDraft
from tests.api.conftest import House
from tests.asgi import Answer, call

_OF_LIMITS = {
    ActivityType.QUOTA_DELETED,
    ActivityType.QUOTA_UPDATED,
    ActivityType.RATE_LIMIT_DELETED,
    ActivityType.RATE_LIMIT_UPDATED,
    ActivityType.SPEND_LIMIT_CREATED,
    ActivityType.SPEND_LIMIT_DELETED,
    ActivityType.SPEND_LIMIT_UPDATED,
    ActivityType.WORKSPACE_RATE_LIMIT_DELETED,
    ActivityType.WORKSPACE_RATE_LIMIT_UPDATED,
}
OLD, NEW = "2023-06-01", "2026-10-21"


@dataclass
class Desk:
    """An administrator of the organisation, or of `other`."""

    house: House
    secret: str
    organization_id: OrganizationId

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: str = NEW,
        secret: str | None = None,
    ) -> Answer:
        headers = {"x-api-key": secret or self.secret, "anthropic-version": version}
        sent = b"" if body is None else json.dumps(body).encode()
        return await call(self.house.app.shell, method, path, headers=headers, body=sent)

    async def get(self, path: str, **more: str) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("GET", path, **more)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, body: object, **more: str) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("POST", path, body, **more)
        assert answer.status == 200, answer.body
        return answer.json()

    async def refused(self, status: int, method: str, path: str, body: object = None) -> str:
        answer = await self.ask(method, path, body)
        assert answer.status == status, answer.body
        return str(answer.json()["error"]["message"])

    async def workspace(self, name: str = "Production") -> Workspace:
        return await self.house.app.storage.workspaces.create(self.organization_id, WorkspaceDraft(name=name), OPERATOR)

    async def member(self, email: str, role: OrganizationRole = OrganizationRole.DEVELOPER) -> Member:
        name = email.partition("@")[0].title()
        return await self.house.app.storage.members.add(self.organization_id, email, name, role, OPERATOR)

    async def api_key(
        self, name: str = "Key", workspace_id: WorkspaceId | None = None, user_id: UserId | None = None
    ) -> tuple[StoredApiKey, str]:
        draft = Draft(name, workspace_id=workspace_id, user_id=user_id)
        key, secret = await self.house.app.storage.api_keys.create(self.organization_id, draft, OPERATOR)
        await self.house.app.changes.look()
        return key, secret.reveal()

    async def acts(self) -> list[tuple[str, str]]:
        """What was done to limits, oldest first, and all that the audit log tells of it."""
        activities = (await self.get("/v1/compliance/activities?limit=100"))["data"]
        return [(each["type"], json.dumps(each)) for each in reversed(activities) if each["type"] in _OF_LIMITS]


def desk(house: House) -> Desk:
    assert house.founded.admin_key is not None
    return Desk(house, house.founded.admin_key.reveal(), house.founded.organization_id)


async def other_desk(house: House) -> Desk:
    """An administrator of another organisation on the same server."""
    founded = await house.app.storage.founder.found("Other", None, admin_key=True, api_key=False)
    await house.app.changes.look()
    assert founded.admin_key is not None
    return Desk(house, founded.admin_key.reveal(), founded.organization_id)
