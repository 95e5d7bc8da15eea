"""Asks a house's federation endpoints as its administrators do: people, workloads, the operator, and strangers."""

import json
from collections.abc import Mapping
from typing import Any, Final

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId, ServiceAccountId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.workspaces.model import WorkspaceDraft
from tests.api.conftest import House
from tests.asgi import Answer, call

ROOT: Final = "/v1/organizations"
ACCOUNTS: Final = f"{ROOT}/service_accounts"
ISSUERS: Final = f"{ROOT}/federation_issuers"
RULES: Final = f"{ROOT}/federation_rules"
WORKSPACES: Final = f"{ROOT}/workspaces"
GITHUB: Final = "https://token.actions.githubusercontent.com"
PUBLIC_KEY: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
    "alg": "ES256",
    "use": "sig",
}
INLINE: Final = {"type": "inline", "keys": [PUBLIC_KEY]}
MATCH: Final = {"subject_prefix": "system:serviceaccount:build:ci"}
DAY: Final = 86_400
# a well-formed id of nothing, but for its prefix
NOTHING: Final = "01" + "1" * 22


class Office:
    """An organisation's federation, through the wire; `hand` is whose token it is, a person's unless told."""

    def __init__(self, house: House, person: str) -> None:
        self.house = house
        self.storage = house.app.storage
        self.organization_id: OrganizationId = house.founded.organization_id
        self.person = person

    async def ask(
        self, method: str, path: str, body: object = None, *, hand: str | None = None, version: str = "2026-10-21"
    ) -> Answer:
        headers = {"authorization": f"Bearer {hand or self.person}", "anthropic-version": version}
        text = b"" if body is None else json.dumps(body).encode()
        return await call(self.house.app.shell, method, path, headers=headers, body=text)

    async def get(self, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("GET", path, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, body: object = None, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("POST", path, body, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def delete(self, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("DELETE", path, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def refused(self, status: int, method: str, path: str, body: object = None, **how: Any) -> str:  # noqa: ANN401 - keywords of `ask`
        """The message of a refusal."""
        answer = await self.ask(method, path, body, **how)
        assert answer.status == status, answer.body
        message: str = answer.json()["error"]["message"]
        return message

    async def account(self, name: str = "ci", **fields: object) -> dict[str, Any]:
        made: dict[str, Any] = await self.post(ACCOUNTS, {"name": name, **fields})
        return made

    async def issuer(self, name: str = "cluster", **fields: object) -> dict[str, Any]:
        body = {"name": name, "issuer_url": "https://kubernetes.default.svc", "jwks": INLINE, **fields}
        made: dict[str, Any] = await self.post(ISSUERS, body)
        return made

    def rule_body(
        self, issuer: Mapping[str, Any], account: Mapping[str, Any], name: str = "build", **fields: object
    ) -> dict[str, Any]:
        return {
            "name": name,
            "issuer_id": issuer["id"],
            "match": MATCH,
            "target": {"type": "service_account", "service_account_id": account["id"]},
            "oauth_scope": "workspace:developer",
            "applies_to_all_workspaces": True,
            **fields,
        }

    async def rule(
        self, issuer: Mapping[str, Any], account: Mapping[str, Any], name: str = "build", **fields: object
    ) -> dict[str, Any]:
        made: dict[str, Any] = await self.post(RULES, self.rule_body(issuer, account, name, **fields))
        return made

    async def room(self, name: str = "Room") -> str:
        made = await self.storage.workspaces.create(self.organization_id, WorkspaceDraft(name=name), OPERATOR)
        return made.id

    async def archive_room(self, workspace_id: str) -> None:
        await self.storage.workspaces.archive(self.organization_id, WorkspaceId(workspace_id), OPERATOR)

    async def default_room(self) -> str:
        async with self.storage.database.read() as unit:
            return (await self.storage.workspaces.default(unit, self.organization_id)).id

    async def workload(
        self, account: Mapping[str, Any], scope: str = "org:admin", workspace_id: str | None = None
    ) -> str:
        """The secret of a service account's token."""
        async with self.storage.database.begin() as unit:
            _, secret = await self.storage.tokens.issue(
                unit,
                self.organization_id,
                scope=scope,
                ttl_seconds=DAY,
                service_account_id=ServiceAccountId(account["id"]),
                workspace_id=None if workspace_id is None else WorkspaceId(workspace_id),
            )
        return secret.reveal()

    async def admin_workload(self, name: str = "terraform") -> str:
        return await self.workload(await self.account(name, organization_role="admin"))

    async def developer(self) -> str:
        """The id of a member who is developer."""
        email, role = "dev@example.com", OrganizationRole.DEVELOPER
        return (await self.storage.members.add(self.organization_id, email, "Dev", role, OPERATOR)).id

    async def operator(self) -> str:
        _, secret = await self.storage.tokens.mint(self.organization_id, "org:admin", DAY, OPERATOR)
        return secret.reveal()

    async def acts(self) -> list[dict[str, Any]]:
        """What the audit log tells, newest first."""
        found = await self.get("/v1/compliance/activities?limit=1000")
        return list(found["data"])


async def open_office(house: House) -> Office:
    """An office in the hand of a person who is admin."""
    storage, organization_id = house.app.storage, house.founded.organization_id
    member = await storage.members.add(organization_id, "ada@example.com", "Ada", OrganizationRole.ADMIN, OPERATOR)
    _, secret = await storage.tokens.mint(organization_id, "org:admin", DAY, OPERATOR, email=member.email)
    return Office(house, secret.reveal())


async def open_other_office(house: House) -> Office:
    """An office of another organisation on the same server."""
    founded = await house.app.storage.founder.found("Other", None, admin_key=False, api_key=False)
    office = Office(house, "")
    office.organization_id = founded.organization_id
    office.person = await office.operator()
    return office
