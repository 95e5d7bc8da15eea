"""Ids of what exists in a server, for requests that are thought of."""

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from antechamber.features.limits.model.definitions import Limiter
from tests.clients.towns import operate
from tests.live import Answer, LiveServer

ROOT = "/v1/organizations"
BETAS = (
    "admin-user-sign-out-2026-10-08,analytics-usage-cost-2026-08-24,managed-agents-2026-04-01,"
    "telemetry-destinations-2026-08-11,webhooks-2026-10-07"
)
# nobody listens there
UNHEARD = "https://127.0.0.1:9"
IN_BRACES = re.compile(r"\{(\w+)\}")
_SIGNING_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
}
# what is put into something else, and with what
_INSIDE: dict[str, dict[str, object]] = {
    "/quotas/{user_id}": {"requests_per_day": 1000},
    "/rbac_groups/{rbac_group_id}/members/{user_id}": {},
    "/service_accounts/{service_account_id}/workspaces/{workspace_id}": {"workspace_role": "workspace_user"},
    "/workspaces/{workspace_id}/members/{user_id}": {"workspace_role": "workspace_user"},
    "/workspaces/{workspace_id}/service_accounts/{service_account_id}": {"workspace_role": "workspace_user"},
}
_ARN = "arn:aws:kms:us-east-1:111122223333:key/main"


class Existing:
    """Makes what a path names, anew for each endpoint, as what is thought of may end what was there.

    A person, whom only a process of the operator's can add, and a webhook are kept until they are gone.
    """

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        # of the operator's, as no key opens admin keys, service accounts and federation
        self.token = str(operate(server, "token", "mint", "--scope", "org:admin", "--ttl", "1h")["access_token"])
        # the last member cannot be removed
        operate(server, "people", "add", "stays@example.com", "--role", "admin")
        self._user_id = self._personal_key = ""

    def ids(self, path: str) -> dict[str, str]:
        """Return ids for what a path names, of things that are inside one another where the path says so."""
        makers = self._makers()
        found = {name: makers[name]() for name in IN_BRACES.findall(path) if name in makers}
        if (body := _INSIDE.get(path.removeprefix(ROOT))) is not None:
            collection, _, name = path.rpartition("/")
            name = name.strip("{}")
            self._post(collection.format(**found), body | {name: found[name]})
        elif path.endswith("/{destination_id}/workspaces/{workspace_id}"):
            self._post(path.format(**found), {})
        return found

    def key(self, path: str) -> str:
        """Return the secret of a credential that may use an endpoint."""
        if any(part in path for part in ("/admin_api_keys", "/federation", "/service_accounts")):
            return self.token
        if path.startswith("/v1/usage/me"):
            self._person()
            return self._personal_key
        is_administration = "/organizations" in path or "/compliance" in path
        return self._server.admin_key if is_administration else self._server.api_key

    def environment(self) -> tuple[str, str]:
        """Return the secret of a new key, and the id of a new environment that is the key's."""
        key = str(self._post(f"{ROOT}/api_keys", {"name": _name()})["secret"])
        return key, str(self._post("/v1/environments", {"name": _name()}, key)["id"])

    def lift(self, rate_limit_id: str) -> None:
        """Lift the organisation's rates in a group."""
        limits = [{"type": limiter, "value": None} for limiter in Limiter]
        self._post(f"{ROOT}/rate_limits/{rate_limit_id}", {"limits": limits})

    def _makers(self) -> dict[str, Callable[[], str]]:
        return {
            "admin_api_key_id": lambda: self._made("admin_api_keys", {"name": "a"}),
            "api_key_id": lambda: self._made("api_keys", {"name": "a"}),
            "destination_id": self._destination,
            "external_key_id": lambda: self._made(
                "external_keys", {"provider_config": {"type": "aws", "kms_arn": _ARN}}
            ),
            "federation_issuer_id": self._issuer,
            "federation_rule_id": self._rule,
            "increase_request_id": self._increase_request,
            "invite_id": lambda: self._made("invites", {"email": f"{_name()}@example.com", "role": "user"}),
            "rate_limit_id": lambda: self._first("rate_limits"),
            "rbac_group_id": lambda: self._made("rbac_groups", {"name": "a"}),
            "rbac_role_id": lambda: self._first("rbac_roles"),
            "service_account_id": self._account,
            "spend_limit_id": self._spend_limit,
            "user_id": self._person,
            "webhook_endpoint_id": self._webhook,
            "workspace_id": lambda: self._made("workspaces", {"name": _name()}),
        }

    def _person(self) -> str:
        # this role may ask for more
        if self._user_id and self._ask("POST", f"{ROOT}/users/{self._user_id}", {"role": "developer"}).status == 200:
            return self._user_id
        email = f"{_name()}@example.com"
        operate(self._server, "people", "add", email, "--role", "developer")
        self._user_id = self._first(f"users?email={email}")
        room = self._made("workspaces", {"name": _name()})
        member = {"user_id": self._user_id, "workspace_role": "workspace_developer"}
        self._post(f"{ROOT}/workspaces/{room}/members", member)
        key = {"name": "a", "workspace_id": room, "user_id": self._user_id}
        self._personal_key = self._post(f"{ROOT}/api_keys", key)["secret"]
        return self._user_id

    def _increase_request(self) -> str:
        self._person()
        self._spend_limit()
        if pending := self._listed("spend_limit_increase_requests?status=pending"):
            return str(pending[0]["id"])
        return str(
            self._post("/v1/usage/me/spend_limit_increase_requests", {"period": "daily"}, self._personal_key)["id"]
        )

    def _spend_limit(self) -> str:
        return self._made("spend_limits", {"scope": {"type": "organization"}, "amount": "5000000", "period": "daily"})

    def _webhook(self) -> str:
        if found := self._listed("webhooks"):
            return str(found[0]["id"])
        return self._made("webhooks", {"url": UNHEARD, "enabled_events": ["user_profile.enforcement_action_opened"]})

    def _destination(self) -> str:
        # there are ten at most
        for each in self._listed("telemetry_destinations"):
            self._ask("DELETE", f"{ROOT}/telemetry_destinations/{each['id']}")
        body = {"endpoint_url": "https://gateway.invalid", "workspaces": {"type": "include"}}
        return self._made("telemetry_destinations", body)

    def _account(self) -> str:
        return self._made("service_accounts", {"name": _name()})

    def _issuer(self) -> str:
        inline = {"type": "inline", "keys": [_SIGNING_KEY]}
        name = _name()
        return self._made("federation_issuers", {"name": name, "issuer_url": f"https://{name}", "jwks": inline})

    def _rule(self) -> str:
        account = {"type": "service_account", "service_account_id": self._account()}
        body = {
            "name": _name(),
            "issuer_id": self._issuer(),
            "match": {"subject_prefix": "a"},
            "target": account,
            "oauth_scope": "workspace:developer",
            "applies_to_all_workspaces": True,
        }
        return self._made("federation_rules", body)

    def _made(self, resource: str, body: object) -> str:
        return str(self._post(f"{ROOT}/{resource}", body)["id"])

    def _first(self, resource: str) -> str:
        return str(self._listed(resource)[0]["id"])

    def _listed(self, resource: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", f"{ROOT}/{resource}").json()["data"]
        return found

    def _post(self, path: str, body: object, key: str | None = None) -> Any:  # noqa: ANN401 - whatever JSON holds
        answer = self._ask("POST", path, body, key)
        assert answer.status == 200, f"{path}: {answer.body!r}"
        return answer.json()

    def _ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Answer:
        headers = {"x-api-key": key or self.token, "anthropic-version": "2026-10-21", "anthropic-beta": BETAS}
        return self._server.ask(method, path, headers, None if body is None else json.dumps(body))


def _name() -> str:
    return f"a-{secrets.token_hex(8)}"
