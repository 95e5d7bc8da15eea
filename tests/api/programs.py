"""Programs that ask a house's OAuth endpoints, as their people say yes."""

import asyncio
import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.oauth.model import AuthorizationRequest
from antechamber.features.oauth.model.clients import ANT
from tests.api.conftest import House
from tests.asgi import Answer, call

VERIFIER = "v" * 86
LOOPBACK = "http://localhost:51234/callback"
TOKEN = "/v1/oauth/token"
FORM = "application/x-www-form-urlencoded"


class Programs:
    """`ant` at a house, and the people who log in with it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.storage = house.app.storage
        self.workspace_id = WorkspaceId(house.founded.workspace_id)

    async def join(self, email: str, role: OrganizationRole = OrganizationRole.DEVELOPER) -> UserId:
        organization_id = self.house.founded.organization_id
        return (await self.storage.members.add(organization_id, email, "Somebody", role, OPERATOR)).id

    async def code(self, user_id: UserId, scope: str = "user:profile user:inference user:developer") -> str:
        """Have somebody say yes; return the code that comes back."""
        challenge = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": ANT,
            "redirect_uri": LOOPBACK,
            "response_type": "code",
            "scope": scope,
            "state": "s" * 43,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        request = await self.storage.oauth.authorizations.read(query.items())
        assert isinstance(request, AuthorizationRequest)
        location = await self.storage.oauth.authorizations.approve(
            user_id, request, self.house.founded.organization_id, self.workspace_id, OPERATOR
        )
        return parse_qs(urlsplit(location).query)["code"][0]

    async def ask(
        self,
        fields: Mapping[str, object],
        *,
        path: str = TOKEN,
        form: bool = False,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send fields as JSON, or as a form."""
        sent = {"content-type": FORM if form else "application/json", **(headers or {})}
        if body is None:
            body = urlencode(list(fields.items())).encode() if form else json.dumps(fields).encode()
        return await call(self.house.app.shell, "POST", path, headers=sent, body=body)

    def redeeming(self, code: str) -> dict[str, str]:
        """Return what `ant` sends for a code (wire-auth.md 1.1)."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": VERIFIER,
            "client_id": ANT,
            "redirect_uri": LOOPBACK,
            "state": "s" * 43,
        }

    async def log_in(self, user_id: UserId, scope: str = "user:profile user:inference user:developer") -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask(self.redeeming(await self.code(user_id, scope)), form=True)
        assert answer.status == 200, answer.body
        return answer.json()

    async def until(self, status: int, token: str) -> None:
        """Wait until a token gets a status, as it must within a second; more is for a busy machine."""
        async with asyncio.timeout(5):
            while await self.opens(token) != status:  # noqa: ASYNC110 - the feed tells nobody here
                await asyncio.sleep(0.05)

    async def opens(self, token: str, path: str = "/v1/models") -> int:
        """Return the status that a token gets."""
        headers = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}
        return (await call(self.house.app.shell, "GET", path, headers=headers)).status
