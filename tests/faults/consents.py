"""People who say yes to `ant` beside the servers of a town, as the page would for them."""

import asyncio
import base64
import tempfile
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.features.oauth.model import AuthorizationRequest
from antechamber.features.oauth.model.clients import ANT
from antechamber.settings import load
from antechamber.wiring.storage import open_storage
from tests.faults.processes import Server
from tests.faults.towns import PEPPER, Town, send
from tests.unit.simulated.caller import Reply

TOKEN = "/v1/oauth/token"
LOOPBACK = "http://localhost:51234/callback"
VERIFIER = "v" * 86


class Consents:
    """The people of a town and their programs."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def code(self, user_id: str, workspace_id: str | None = None) -> str:
        """Return the code that a person's yes gives, in the Default workspace unless told otherwise."""
        with tempfile.TemporaryDirectory() as folder:
            data = self.town.first.data if self.town.postgres is None else Path(folder)
            settings: dict[str, object] = {"data": data, "pepper": PEPPER}
            if self.town.postgres is not None:
                settings["database_url"] = self.town.postgres.url
            storage = open_storage(load(settings).settings)
            try:
                organization_id = OrganizationId(self.town.first.organization_id)
                async with storage.database.read() as unit:
                    default = await storage.workspaces.default(unit, organization_id)
                challenge = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
                query = {
                    "client_id": ANT,
                    "redirect_uri": LOOPBACK,
                    "response_type": "code",
                    "code_challenge": challenge,
                    "code_challenge_method": "S256",
                }
                request = await storage.oauth.authorizations.read(query.items())
                assert isinstance(request, AuthorizationRequest)
                where = default.id if workspace_id is None else WorkspaceId(workspace_id)
                location = await storage.oauth.authorizations.approve(
                    UserId(user_id), request, organization_id, where, OPERATOR
                )
            finally:
                await storage.database.close()
        return parse_qs(urlsplit(location).query)["code"][0]

    async def redeem(self, code: str, node: Server | None = None) -> Reply:
        fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return await self._ask({**fields, "client_id": ANT, "redirect_uri": LOOPBACK}, node)

    async def log_in(self, user_id: str, workspace_id: str | None = None) -> dict[str, Any]:
        reply = await self.redeem(await self.code(user_id, workspace_id))
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = reply.json()
        return answer

    async def refresh(self, token: str, node: Server | None = None) -> Reply:
        return await self._ask({"grant_type": "refresh_token", "refresh_token": token, "client_id": ANT}, node)

    async def at_once(self, count: int, ask: Any) -> tuple[Counter[int], list[Reply]]:  # noqa: ANN401 - a method of this
        """Ask so many times at once, on the nodes in turn; return how often each status came, and all answers."""
        nodes = self.town.nodes
        replies = list(await asyncio.gather(*(ask(nodes[number % len(nodes)]) for number in range(count))))
        return Counter(reply.status for reply in replies), replies

    async def _ask(self, fields: dict[str, str], node: Server | None) -> Reply:
        return await send(node or self.town.first, "POST", TOKEN, fields, content_type="application/json")
