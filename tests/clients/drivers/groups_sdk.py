"""What administrators of groups and external keys do with the anthropic package, answers validated strictly."""
# ruff: noqa: ANN401 - which generation of the library is there, and so its types, are known when it runs

import os
from collections.abc import Callable
from typing import Any

import anthropic
from anthropic import Anthropic

from tests.clients.drivers.cases import case, run

URL = os.environ["ANTE_TEST_URL"]
ADMIN_KEY = os.environ["ANTE_TEST_ADMIN_KEY"]
# unlike those of the other generation, which drives the same server
MARK = anthropic.__version__.replace(".", "-")
PAGE = 2
ARN = "arn:aws:kms:us-east-1:111122223333:key/main"
VAULT = {
    "type": "azure",
    "vault_uri": "https://acme.vault.azure.net",
    "key_name": "main",
    "tenant_id": "7f6e2a52-1c5f-4d1e-9d0e-000000000001",
}
CRYPTO_KEY = {"type": "gcp", "key_name": "projects/acme-prod/locations/us/keyRings/ante/cryptoKeys/main"}


def both(resource: str, work: Callable[[Any, str], Any]) -> dict[str, Any]:
    """Do the work in the name spaces that have a resource: the older generation's stable one has no groups."""
    asked = Anthropic(base_url=URL, api_key=ADMIN_KEY, max_retries=0, _strict_response_validation=True)
    spaces = {"stable": asked.organization, "beta": asked.beta.organization}
    return {name: work(space, f"{MARK} {name}") for name, space in spaces.items() if hasattr(space, resource)}


def dump(thing: Any) -> Any:
    return thing.model_dump(mode="json")


def failure(ask: Callable[[], Any]) -> dict[str, Any]:
    """Return how a request was refused."""
    try:
        ask()
    except anthropic.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {"error": {"message": ""}}
        return {"class": type(error).__name__, "status": error.status_code, "message": body["error"]["message"]}
    return {"class": None, "status": None}


@case
def rbac_groups() -> Any:
    def work(space: Any, mark: str) -> Any:
        groups = space.rbac_groups
        made = groups.create(name=mark)
        changed = groups.update(made.id, name=f"{mark}!")
        others = [groups.create(name=mark).id for _ in range(PAGE + 1)]
        listed = [group.id for group in groups.list(limit=PAGE)]
        address = f"{MARK}-{mark.rpartition(' ')[2]}@example.com"
        (person,) = space.users.list(email=address)
        added = groups.members.add(made.id, user_id=person.id)
        members = [dump(member) for member in groups.members.list(made.id, limit=1)]
        removed = groups.members.remove(person.id, rbac_group_id=made.id)
        invite = space.invites.create(email=f"to-{address}", role="user", rbac_group_ids=[made.id])
        return {
            "made": dump(made),
            "changed": dump(changed),
            "same": dump(groups.retrieve(made.id)) == dump(changed),
            "paged": [group_id in listed for group_id in (made.id, *others)],
            "person": person.id,
            "added": dump(added),
            "members": members,
            "removed": dump(removed),
            "left": [member.user_id for member in groups.members.list(made.id)],
            "invited": invite.rbac_group_ids == [made.id],
            "deleted": dump(groups.delete(made.id)),
            "unknown": failure(lambda: groups.retrieve(made.id)),
            "bad": failure(lambda: groups.create(name="")),
        }

    return both("rbac_groups", work)


@case
def rbac_roles() -> Any:
    def work(space: Any, _: str) -> Any:
        roles = list(space.rbac_roles.list(limit=PAGE))
        admin = next(role for role in roles if role.display_name == "admin")
        return {
            "roles": [dump(role) for role in roles],
            "same": dump(space.rbac_roles.retrieve(admin.id)) == dump(admin),
            "permissions": [dump(each) for each in space.rbac_roles.permissions.list(admin.id, limit=PAGE)],
            "unknown": failure(lambda: space.rbac_roles.retrieve("rbac_role_01" + "1" * 22)),
        }

    return both("rbac_roles", work)


@case
def external_keys() -> Any:
    def work(space: Any, mark: str) -> Any:
        keys = space.external_keys
        made = keys.create(display_name=mark, geo="us", provider_config={"type": "aws", "kms_arn": ARN})
        changed = keys.update(made.id, display_name=f"{mark}!", provider_config=VAULT)
        others = [keys.create(provider_config=CRYPTO_KEY) for _ in range(PAGE + 1)]
        listed = [key.id for key in keys.list(limit=PAGE)]
        validated = keys.validate(made.id)
        room = space.workspaces.create(name=f"{mark} key", external_key_id=made.id)
        return {
            "made": dump(made),
            "changed": dump(changed),
            "other": dump(others[0])["provider_config"],
            "paged": [key_id in listed for key_id in (made.id, *(key.id for key in others))],
            "validated": dump(validated),
            "tied": room.external_key_id == made.id,
            "attachment": dump(keys.retrieve(made.id).attachment),
            "in_use": failure(lambda: keys.delete(made.id)),
            "deleted": dump(keys.delete(others[0].id)) == {"id": others[0].id, "type": "external_key_deleted"},
            "unknown": failure(lambda: keys.validate(others[0].id)),
            "bad": failure(lambda: keys.create(provider_config={"type": "aws", "kms_arn": "x"})),
        }

    return both("external_keys", work)


@case
def refused_keys() -> Any:
    def work(space: Any, mark: str) -> Any:
        # the service refuses keys of this vault
        vault = {**VAULT, "vault_uri": "https://refused.vault.azure.net"}
        made = space.external_keys.create(provider_config=vault)
        return {
            "validated": dump(space.external_keys.validate(made.id)),
            "tied": failure(lambda: space.workspaces.create(name=f"{mark} refused", external_key_id=made.id)),
        }

    return both("external_keys", work)


run()
