"""`GET /v1/me`: every kind of credential learns whose it is."""

from pathlib import Path
from typing import Any

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.features.apikeys.model import Draft
from tests.api.conftest import House
from tests.api.federating import open_town
from tests.asgi import call
from tests.issuers import Signer

HEADERS = {"anthropic-version": "2023-06-01"}


async def ask(house: House, secret: str) -> dict[str, Any]:
    answer = await call(house.app.shell, "GET", "/v1/me", headers=HEADERS | {"authorization": f"Bearer {secret}"})
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


async def test_an_ownerless_key_learns_its_workspace(house: House) -> None:
    found = await ask(house, house.api_key)
    assert found["type"] == "caller"
    assert found["credential"]["type"] == "api_key"
    assert found["credential"]["id"].startswith("apikey_")
    assert found["credential"]["scopes"] is None
    assert found["account"] is None
    assert found["organization"]["name"] == "Acme"
    assert found["workspace"]["is_default"] is True
    assert "inference" in found["permissions"]


async def test_an_admin_key_learns_its_organization(house: House) -> None:
    assert house.founded.admin_key is not None
    found = await ask(house, house.founded.admin_key.reveal())
    assert found["credential"]["type"] == "admin_api_key"
    assert found["credential"]["name"]
    assert (found["account"], found["workspace"]) == (None, None)


async def test_a_personal_key_learns_whom_it_acts_as(house: House) -> None:
    storage, organization_id = house.app.storage, house.founded.organization_id
    ada = await storage.members.add(organization_id, "ada@example.com", "Ada", OrganizationRole.DEVELOPER, OPERATOR)
    _, secret = await storage.api_keys.create(organization_id, Draft("laptop", user_id=ada.id), OPERATOR)
    await house.app.authenticator.reload()
    found = await ask(house, secret.reveal())
    assert found["credential"]["name"] == "laptop"
    assert found["account"] == {
        "type": "user",
        "id": ada.id,
        "name": "Ada",
        "email": "ada@example.com",
        "role": "developer",
    }
    assert found["workspace"]["role"]


async def test_nobody_learns_nothing(house: House) -> None:
    answer = await call(house.app.shell, "GET", "/v1/me", headers=HEADERS)
    assert answer.status == 401


async def test_a_workload_learns_its_service_account_and_its_workspace(tmp_path: Path) -> None:
    async with open_town(tmp_path) as town:
        way = await town.settle(Signer())
        given = await way.exchange()
        found = await town.get("/v1/me", token=given["access_token"])
    assert found["account"] == {
        "type": "service_account",
        "id": way.account,
        "name": "account-1",
        "email": None,
        "role": "developer",
    }
    assert found["workspace"]["id"] == given["workspace"]["id"]
    assert found["credential"]["scopes"] == ["workspace:developer"]
    assert found["credential"]["expires_at"]
