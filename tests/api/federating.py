"""An organisation that trusts issuers, through the wire, and workloads that exchange what these say of them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import Clock
from antechamber.settings import load
from antechamber.wiring.application import Application
from antechamber.wiring.first_run import Founded
from antechamber.wiring.storage import open_storage
from tests.asgi import Answer, call
from tests.founding import lay_founded
from tests.issuers import LocalIssuer, Signer
from tests.templates import share_statements

ROOT = "/v1/organizations"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
VERSION = "2026-10-21"
PUBLIC_URL = "https://ante.example.com"


@dataclass
class Town:
    """A running server, an organisation on it, and a token that administers federation."""

    app: Application
    founded: Founded
    admin: str
    count: int = 0
    address: str = field(default="")

    @property
    def organization_id(self) -> str:
        return self.founded.organization_id

    async def ask(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Answer:
        headers = {"authorization": f"Bearer {token or self.admin}", "anthropic-version": VERSION}
        text = b"" if body is None else json.dumps(body).encode()
        return await call(self.app.shell, method, path, headers=headers, body=text)

    async def get(self, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("GET", path, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, body: object = None, **how: Any) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask("POST", path, body, **how)
        assert answer.status == 200, answer.body
        return answer.json()

    async def make_account(self, role: str = "developer") -> str:
        self.count += 1
        made = {"name": f"account-{self.count}", "organization_role": role}
        return str((await self.post(f"{ROOT}/service_accounts", made))["id"])

    async def make_workspace(self) -> str:
        self.count += 1
        return str((await self.post(f"{ROOT}/workspaces", {"name": f"Room {self.count}"}))["id"])

    async def join(self, workspace_id: str, account_id: str, role: str = "workspace_developer") -> None:
        body = {"workspace_id": workspace_id, "workspace_role": role}
        await self.post(f"{ROOT}/service_accounts/{account_id}/workspaces", body)

    async def trust(self, signer: Signer, jwks: Mapping[str, object] | None = None, **more: object) -> str:
        """Make an issuer: by discovery for one that has a server, else with its keys inline."""
        self.count += 1
        if jwks is None and isinstance(signer, LocalIssuer):
            jwks = {"type": "discovery", "ca_cert_pem": signer.authority.pem}
        body = {"name": f"issuer-{self.count}", "issuer_url": signer.url, **more}
        body["jwks"] = jwks or {"type": "inline", "keys": signer.jwks}
        return str((await self.post(f"{ROOT}/federation_issuers", body))["id"])

    async def allow(self, issuer_id: str, account_id: str, **more: Any) -> str:  # noqa: ANN401 - fields of a rule
        """Make a rule for `workload` in every workspace, but for what is said."""
        self.count += 1
        body: dict[str, Any] = {
            "name": f"rule-{self.count}",
            "issuer_id": issuer_id,
            "match": {"subject_prefix": "workload"},
            "target": {"type": "service_account", "service_account_id": account_id},
            "oauth_scope": "workspace:developer",
        }
        if "workspace_id" not in more:
            body["applies_to_all_workspaces"] = True
        return str((await self.post(f"{ROOT}/federation_rules", {**body, **more}))["id"])

    async def settle(self, signer: Signer, **rule: Any) -> "Way":  # noqa: ANN401 - fields of a rule
        """Make an account, an issuer and a rule."""
        account = await self.make_account()
        issuer = await self.trust(signer)
        return Way(self, signer, account, issuer, await self.allow(issuer, account, **rule))

    async def history(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"{ROOT}/federation_history{query}"))["data"]
        return found


@dataclass
class Way:
    """A workload's way in."""

    town: Town
    signer: Signer
    account: str
    issuer: str
    rule: str

    def sign(self, **claims: Any) -> str:  # noqa: ANN401 - JSON
        """Return an assertion that is in order, but for what is changed."""
        return self.signer.sign(**{"aud": PUBLIC_URL, **claims})

    async def send(self, assertion: object = None, *, form: bool = False, **fields: Any) -> Answer:  # noqa: ANN401 - JSON
        """Ask for a token, each time from another address, so that refusals are not taken for guesses."""
        self.town.count += 1
        whole = {
            "grant_type": GRANT,
            "assertion": self.sign() if assertion is None else assertion,
            "federation_rule_id": self.rule,
            "organization_id": self.town.organization_id,
            **fields,
        }
        kept = {name: value for name, value in whole.items() if value is not None}
        self.town.address = f"10.{self.town.count // 250}.{self.town.count % 250}.7"
        return await self._post(kept, form=form)

    async def _post(self, fields: dict[str, object], *, form: bool) -> Answer:
        headers = {"anthropic-beta": "oauth-2025-04-20,oidc-federation-2026-04-01"}
        headers["content-type"] = "application/x-www-form-urlencoded" if form else "application/json"
        body = urlencode(fields).encode() if form else json.dumps(fields).encode()
        where = (self.town.address, 50_000)
        return await call(self.town.app.shell, "POST", "/v1/oauth/token", headers=headers, body=body, client=where)

    async def exchange(self, assertion: object = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        answer = await self.send(assertion, **fields)
        assert answer.status == 200, (answer.body, await self.town.history())
        found: dict[str, Any] = answer.json()
        return found

    async def reason(self, assertion: object = None, **fields: Any) -> str:  # noqa: ANN401 - JSON
        """Return why an exchange is refused, as the history says; to the workload it says nothing."""
        answer = await self.send(assertion, **fields)
        assert answer.status == 401, answer.body
        error = answer.json()["error"]
        assert (error["type"], error["message"]) == ("authentication_error", "Authentication failed")
        newest = (await self.town.history(f"?rule_id={fields.get('federation_rule_id', self.rule)}&limit=1"))[0]
        assert (newest["outcome"], newest["ip_address"]) == ("failure", self.town.address)
        assert newest["request_id"] == answer.header("request-id")
        assert newest["token_id"] is None
        return str(newest["reason"])


@asynccontextmanager
async def open_town(folder: Path, *private: LocalIssuer, clock: Clock | None = None) -> AsyncIterator[Town]:
    """Found an organisation on a server of its own that lets these issuers be private."""
    origins = ",".join(issuer.url for issuer in private)
    flags = {
        "data": folder / "data",
        "simulated": "on",
        "public_url": PUBLIC_URL,
        "federation_private_issuers": origins,
    }
    loaded = load(flags)
    founded = lay_founded(folder / "data")
    storage = open_storage(loaded.settings, clock)
    share_statements(storage.database)
    _, secret = await storage.tokens.mint(founded.organization_id, "org:admin", 3600, OPERATOR)
    app = Application(loaded, storage)
    await app.start()
    try:
        yield Town(app, founded, secret.reveal())
    finally:
        await app.stop()
