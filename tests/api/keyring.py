"""Asks a house's keys endpoints as its administrators do."""

import json
from typing import Any

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House
from tests.asgi import Answer, call

KEYS = "/v1/organizations/api_keys"
ADMIN_KEYS = "/v1/organizations/admin_api_keys"
OLD, NEW = "2023-06-01", "2026-10-21"


class Keyring:
    """An organisation's keys, through the wire; `secret` is whose hand it is, the admin key's unless told."""

    def __init__(self, house: House) -> None:
        assert house.founded.admin_key is not None
        self.house = house
        self.storage = house.app.storage
        self.organization_id: OrganizationId = house.founded.organization_id
        self.admin_key = house.founded.admin_key.reveal()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        secret: str | None = None,
        version: str = NEW,
        address: str = "127.0.0.1",
    ) -> Answer:
        headers = {"x-api-key": secret or self.admin_key, "anthropic-version": version}
        text = b"" if body is None else json.dumps(body).encode()
        return await call(self.house.app.shell, method, path, headers=headers, body=text, client=(address, 50_000))

    async def get(self, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("GET", path, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, body: object = None, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("POST", path, body, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def refused(self, status: int, method: str, path: str, body: object = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - keywords of `ask`
        answer = await self.ask(method, path, body, **how)
        assert answer.status == status, answer.body
        error: dict[str, Any] = answer.json()["error"]
        return error

    async def join(self, email: str, role: OrganizationRole) -> UserId:
        """Make someone a member."""
        async with self.storage.database.begin() as unit:
            member = await self.storage.members.join(
                unit, self.organization_id, email, email.partition("@")[0], role, OPERATOR
            )
        return member.id

    async def token(self, scope: str, email: str | None = None) -> str:
        """Return a token of a member's, or of nobody's."""
        _, secret = await self.storage.tokens.mint(self.organization_id, scope, 600, OPERATOR, email=email)
        return secret.reveal()

    async def settle(self) -> None:
        """Take up at once what the change feed brings within a second."""
        await self.house.app.authenticator.reload()
