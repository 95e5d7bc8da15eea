"""What administrators of federation do with the anthropic package, in both name spaces, answers validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import os
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
from anthropic import Anthropic

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
TOKEN = os.environ["ANTE_TEST_TOKEN"]
KEY: Mapping[str, object] = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
}
# unlike those of the other generation, which drives the same server
MARK = anthropic.__version__.replace(".", "-")
PAGE = 2


def client(**how: Any) -> Any:
    credential = how or {"auth_token": TOKEN}
    return Anthropic(base_url=URL, max_retries=0, _strict_response_validation=True, **credential)


def both(work: Callable[[Any, str], Any]) -> dict[str, Any]:
    asked = client()
    return {
        name: work(space.organization, f"{MARK}-{name}")
        for name, space in {"stable": asked, "beta": asked.beta}.items()
    }


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except anthropic.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {"error": {}}
        return {"status": error.status_code, "type": body["error"]["type"], "message": body["error"]["message"]}
    return {"status": None}


@case
def service_accounts() -> Any:
    def work(space: Any, mark: str) -> Any:
        made = space.service_accounts.create(name=f"{mark}-accounts", description="Builds")
        changed = space.service_accounts.update(made.id, description=None, organization_role="admin")
        others = [space.service_accounts.create(name=f"{mark}-accounts-{number}").id for number in range(PAGE + 1)]
        listed = [account.id for account in space.service_accounts.list(limit=PAGE)]
        archived = space.service_accounts.archive(made.id)
        again = space.service_accounts.archive(made.id)
        left = [account.id for account in space.service_accounts.list()]
        everything = [account.id for account in space.service_accounts.list(include_archived=True)]
        return {
            "made": dump(made),
            "changed": dump(changed),
            "same": dump(space.service_accounts.retrieve(others[0])),
            "paged": [account in listed for account in (made.id, *others)],
            "archived": dump(archived),
            "again": dump(again) == dump(archived),
            "left": made.id in left,
            "kept": made.id in everything,
            "taken": failure(lambda: space.service_accounts.create(name=f"{mark}-accounts-0")),
            "unknown": failure(lambda: space.service_accounts.retrieve("svac_01" + "1" * 22)),
            "bad": failure(lambda: space.service_accounts.create(name="Not A Slug")),
        }

    return both(work)


@case
def workspaces_of_service_accounts() -> Any:
    def work(space: Any, mark: str) -> Any:
        account = space.service_accounts.create(name=f"{mark}-places")
        room = space.workspaces.create(name=f"{mark} places")
        added = space.service_accounts.workspaces.add(
            account.id, workspace_id=room.id, workspace_role="workspace_developer"
        )
        mirrored = space.workspaces.service_accounts
        listed = [dump(member) for member in space.service_accounts.workspaces.list(account.id)]
        changed = mirrored.update(account.id, workspace_id=room.id, workspace_role="workspace_admin")
        found = mirrored.retrieve(account.id, workspace_id=room.id)
        inside = [dump(member) for member in mirrored.list(room.id)]
        removed = mirrored.remove(account.id, workspace_id=room.id)
        again = space.service_accounts.workspaces.remove(room.id, service_account_id=account.id)
        back = mirrored.add(room.id, service_account_id=account.id, workspace_role="workspace_user")
        return {
            "ids": [account.id, room.id],
            "added": dump(added),
            "listed": listed,
            "changed": dump(changed) == dump(found),
            "role": found.workspace_role,
            "inside": inside == [dump(found)],
            "removed": dump(removed),
            "again": dump(again) == dump(removed),
            "back": back.workspace_role,
        }

    return both(work)


@case
def issuers() -> Any:
    def work(space: Any, mark: str) -> Any:
        issuers = space.federation.issuers
        made = issuers.create(
            name=f"{mark}-issuer",
            issuer_url="https://kubernetes.default.svc",
            jwks={"type": "inline", "keys": [dict(KEY)]},
        )
        changed = issuers.update(
            made.id,
            issuer_url="https://other.example",
            jwks={"type": "inline", "keys": [{**KEY, "kid": "key-2"}]},
            check_jti=False,
            max_jwt_lifetime_seconds=7200,
            jwks_polling_disabled=False,
        )
        found = issuers.retrieve(made.id)
        listed = made.id in [issuer.id for issuer in issuers.list(limit=1)]
        archived = issuers.archive(made.id)
        return {
            "made": dump(made),
            "changed": dump(changed),
            "same": dump(found) == dump(changed),
            "listed": listed,
            "archived": dump(archived)["archived_at"],
            "left": made.id in [issuer.id for issuer in issuers.list()],
            "private": failure(
                lambda: issuers.create(
                    name="private",
                    issuer_url="https://a.example",
                    jwks={"type": "explicit_url", "url": "https://10.0.0.1/keys"},
                )
            ),
        }

    return both(work)


@case
def rules() -> Any:
    def work(space: Any, mark: str) -> Any:
        issuer = space.federation.issuers.create(
            name=f"{mark}-rules",
            issuer_url="https://token.actions.githubusercontent.com",
            jwks={"type": "inline", "keys": [dict(KEY)]},
        )
        account = space.service_accounts.create(name=f"{mark}-rules")
        rooms = [space.workspaces.create(name=f"{mark} rules {number}") for number in range(2)]
        asked: dict[str, Any] = {
            "issuer_id": issuer.id,
            "match": {"subject_prefix": "repo:acme/*", "audience": "me", "claims": {"ref": "main"}},
            "target": {"type": "service_account", "service_account_id": account.id},
            "oauth_scope": "workspace:developer",
        }
        rules, name = space.federation.rules, f"{mark}-rule"
        made = rules.create(name=name, workspace_id=rooms[0].id, token_lifetime_seconds=600, **asked)
        enabled = rules.workspaces.add(made.id, workspace_id=rooms[1].id)
        places = [place.workspace_name for place in rules.workspaces.list(made.id)]
        disabled = rules.workspaces.remove(rooms[1].id, federation_rule_id=made.id)
        changed = rules.update(
            made.id,
            match={"claims": {"repository_owner": "acme"}},
            oauth_scope="workspace:inference",
            applies_to_all_workspaces=True,
            description="Deploys",
        )
        loose = {**asked, "match": {"subject_prefix": "repo:*"}}
        return {
            "ids": [issuer.id, account.id, *(room.id for room in rooms)],
            "made": dump(made),
            "enabled": dump(enabled),
            "places": places,
            "disabled": dump(disabled),
            "changed": dump(changed),
            "same": dump(rules.retrieve(made.id)) == dump(changed),
            "listed": [rule.id for rule in rules.list(issuer_id=issuer.id)] == [made.id],
            "in_use": [
                failure(lambda: space.federation.issuers.archive(issuer.id)),
                failure(lambda: space.service_accounts.archive(account.id)),
            ],
            "loose": failure(lambda: rules.create(name="loose", applies_to_all_workspaces=True, **loose)),
            "archived": dump(rules.archive(made.id)),
        }

    return both(work)


@case
def admin_keys() -> Any:
    asked = client(api_key=os.environ["ANTE_TEST_ADMIN_KEY"])
    return {
        name: [
            failure(space.organization.service_accounts.list),
            failure(space.organization.federation.issuers.list),
            failure(space.organization.federation.rules.list),
        ]
        for name, space in {"stable": asked, "beta": asked.beta}.items()
    }


run()
