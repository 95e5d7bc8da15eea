"""External keys on the wire (SDK type `organization.ExternalKey`), and the workspaces that are tied to them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from antechamber.settings import SettingsError, load
from antechamber.wiring.storage import open_storage
from tests.api.conftest import House, open_house
from tests.api.limiting import NEW, OLD, Desk, desk, other_desk
from tests.asgi import Answer, call
from tests.key_service import KeyService
from tests.receiving import Receiver

ROOT = "/v1/organizations"
KEYS, WORKSPACES = f"{ROOT}/external_keys", f"{ROOT}/workspaces"
NOWHERE = "ekey_01" + "1" * 22
AWS = {"type": "aws", "kms_arn": "arn:aws:kms:us-east-1:111122223333:key/main"}
GCP = {"type": "gcp", "key_name": "projects/acme-prod/locations/us/keyRings/ante/cryptoKeys/main"}
AZURE = {
    "type": "azure",
    "vault_uri": "https://acme.vault.azure.net",
    "key_name": "main",
    "tenant_id": "7f6e2a52-1c5f-4d1e-9d0e-000000000001",
}
SHOWN = {"aws": {**AWS, "region": "us-east-1"}, "gcp": GCP, "azure": {**AZURE, "client_id": None}}


@pytest.fixture
def office(house: House) -> Desk:
    return desk(house)


@pytest.fixture
def service() -> Iterator[KeyService]:
    made = KeyService()
    yield made
    made.close()


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "receiver")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    yield made
    made.close()


@pytest.fixture
async def vault(tmp_path: Path, service: KeyService) -> AsyncIterator[Desk]:
    """An administrator of a server that has a key service."""
    async with open_house(tmp_path, kms_url=service.url) as opened:
        yield desk(opened)


async def key(office: Desk, config: dict[str, str] = AWS, **fields: object) -> dict[str, Any]:
    made: dict[str, Any] = await office.post(KEYS, {"provider_config": config, **fields})
    return made


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status, error["type"], error.get("details", {}).get("error_code")


@pytest.mark.parametrize("config", [AWS, GCP, AZURE], ids=str)
async def test_a_key_has_the_documented_shape_in_both_versions(office: Desk, config: dict[str, str]) -> None:
    made = await key(office, config, display_name="Prod", geo="us")
    assert parse(Kind.EXTERNAL_KEY, made["id"])
    assert made == {
        "id": made["id"],
        "type": "external_key",
        "display_name": "Prod",
        "geo": "us",
        "provider_config": SHOWN[config["type"]],
        "attachment": {"type": "unattached"},
        "user_profile_id": None,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    for version in (OLD, NEW):
        assert await office.get(f"{KEYS}/{made['id']}", version=version) == made
        assert await office.get(KEYS, version=version) == {"data": [made], "next_page": None}


async def test_null_clears_the_name_and_leaves_the_rest(office: Desk) -> None:
    made = await key(office, display_name="Prod")
    path = f"{KEYS}/{made['id']}"
    assert await office.post(path, {"geo": None, "provider_config": None}) == made
    assert await office.post(path, {}) == made
    changed = await office.post(path, {"display_name": None, "provider_config": AZURE})
    assert (changed["display_name"], changed["provider_config"]) == (None, SHOWN["azure"])
    assert changed["updated_at"] > made["updated_at"]


async def test_a_google_cloud_key_is_not_reconfigured(office: Desk) -> None:
    path = f"{KEYS}/{(await key(office, GCP))['id']}"
    assert "Google Cloud" in await office.refused(400, "POST", path, {"provider_config": AWS})
    assert (await office.post(path, {"provider_config": GCP}))["provider_config"] == GCP


async def test_lists_are_paged_newest_first(office: Desk) -> None:
    made = [(await key(office))["id"] for _ in range(3)]
    first = await office.get(f"{KEYS}?limit=2")
    second = await office.get(f"{KEYS}?limit=2&page={first['next_page']}")
    assert [shown["id"] for shown in first["data"] + second["data"]] == made[::-1]
    assert second["next_page"] is None
    for query in ("limit=0", "limit=1001", "page=page_x", "after_id=x"):
        assert refusal(await office.ask("GET", f"{KEYS}?{query}"))[:2] == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "provider_config: "),
        ({"provider_config": {}}, "provider_config: "),
        ({"provider_config": {"type": "vault"}}, "provider_config: "),
        ({"provider_config": {**AWS, "kms_arn": "x"}}, "provider_config.kms_arn: "),
        ({"provider_config": {**AWS, "region": "us-west-2"}}, "provider_config.region: "),
        ({"provider_config": {**AWS, "key_name": "x"}}, "provider_config.aws.key_name: Extra inputs"),
        ({"provider_config": AWS, "geo": "eu"}, "geo: "),
        ({"provider_config": AWS, "display_name": ""}, "display_name: "),
        ({"provider_config": AWS, "name": "x"}, "name: Extra inputs"),
    ],
)
async def test_a_bad_body_is_refused_with_the_field(office: Desk, body: dict[str, Any], says: str) -> None:
    assert (await office.refused(400, "POST", KEYS, body)).startswith(says)


async def test_there_are_no_user_profiles_to_bind_a_key_to(office: Desk) -> None:
    answer = await office.ask("POST", KEYS, {"provider_config": AWS, "user_profile_id": "uprof_1"})
    assert refusal(answer) == (400, "invalid_request_error", "user_profile_not_found")


async def test_another_organizations_and_nobodys_keys_are_not_found_in_the_same_words(house: House) -> None:
    office, made = desk(house), await key(await other_desk(house))
    for method, below, body in (
        ("GET", "", None), ("POST", "", {"display_name": "x"}), ("DELETE", "", None), ("POST", "/validate", None)
    ):  # fmt: skip
        words = set()
        for key_id in (made["id"], NOWHERE, "key-1"):
            words.add((await office.refused(404, method, f"{KEYS}/{key_id}{below}", body)).replace(key_id, "ID"))
        assert words == {"External key not found: ID"}


async def test_without_a_key_service_validating_fails_and_says_why(office: Desk) -> None:
    made = await key(office)
    validated = await office.post(f"{KEYS}/{made['id']}/validate", {})
    assert (validated["type"], validated["status"]) == ("external_key_validation", "failure")
    assert "kms_url" in validated["error"]
    answer = await office.ask("POST", WORKSPACES, {"name": "Room", "external_key_id": made["id"]})
    assert refusal(answer) == (400, "invalid_request_error", "external_key_validation_failed")
    assert "kms_url" in answer.json()["error"]["message"]


async def test_a_workspace_is_tied_to_a_key_that_works(vault: Desk, service: KeyService) -> None:
    made, other = await key(vault), await key(vault)
    path = f"{KEYS}/{made['id']}"
    works = {"type": "external_key_validation", "status": "success", "error": None}
    assert (await vault.ask("POST", f"{path}/validate")).json() == works
    room = await vault.post(WORKSPACES, {"name": "Room", "external_key_id": made["id"]})
    assert room["external_key_id"] == made["id"]
    assert (await vault.get(path))["attachment"] == {"type": "attached"}
    assert "attached" in await vault.refused(400, "DELETE", path)
    replaced = await vault.refused(400, "POST", f"{WORKSPACES}/{room['id']}", {"external_key_id": other["id"]})
    assert "can't be replaced" in replaced
    service.refuse("AccessDenied")
    failed = await vault.post(f"{path}/validate", {})
    assert (failed["status"], failed["error"]) == ("failure", "The key service refused: AccessDenied")
    gone = await vault.ask("DELETE", f"{KEYS}/{other['id']}")
    assert (gone.status, gone.json()) == (200, {"id": other["id"], "type": "external_key_deleted"})


async def test_acts_on_keys_are_in_the_feed_in_the_hosted_words(vault: Desk) -> None:
    made = await key(vault, display_name="Prod")
    path = f"{KEYS}/{made['id']}"
    await vault.post(path, {"display_name": "Main"})
    await vault.post(f"{path}/validate", {})
    await vault.ask("DELETE", path)
    names = [f"org_external_key_{act}" for act in ("created", "updated", "validated", "deleted")]
    query = "&".join(f"activity_types[]={name}" for name in names)
    feed = (await vault.get(f"/v1/compliance/activities?{query}"))["data"][::-1]
    assert [act["type"] for act in feed] == names
    assert {act["external_key_id"] for act in feed} == {made["id"]}
    assert feed[1]["updates"] == [{"type": "display_name", "previous_value": "Prod", "current_value": "Main"}]
    assert (feed[2]["status"], feed[2]["error"]) == ("success", None)


async def test_webhooks_tell_of_a_key_that_stops_working_and_works_again(
    tmp_path: Path, service: KeyService, receiver: Receiver
) -> None:
    async with open_house(tmp_path, kms_url=service.url, webhook_private_origins=receiver.origin) as opened:
        office = desk(opened)
        events = ["external_key.failed", "external_key.recovered"]
        asked = json.dumps({"url": receiver.url, "enabled_events": events}).encode()
        headers = {"x-api-key": office.secret, "anthropic-version": NEW, "anthropic-beta": "webhooks-2026-10-07"}
        made = await call(opened.app.shell, "POST", f"{ROOT}/webhooks", headers=headers, body=asked)
        assert made.status == 200, made.body
        path = f"{KEYS}/{(await key(office))['id']}"
        for refusal_ in (None, "AccessDenied", None):
            service.refuse(refusal_)
            await office.post(f"{path}/validate", {})
        told = [json.loads((await asyncio.to_thread(receiver.next)).body)["data"] for _ in events]
        # each delivery goes its own way
        assert sorted(each["type"] for each in told) == events
        assert {each["id"] for each in told} == {path.rpartition("/")[2]}
        assert {each["organization_id"] for each in told} == {office.organization_id}


@pytest.mark.parametrize("url", ["keys.internal", "ftp://keys", "https://me:pw@keys", "https://keys?x=1", "https://"])
def test_a_server_with_what_is_no_address_of_a_key_service_does_not_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^kms_url: must be an http or https address"):
        open_storage(load({"data": tmp_path, "kms_url": url}).settings)
