"""Webhook endpoints over the whole application, and deliveries to a real one."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from antechamber.base.ids import Kind, parse
from antechamber.database.engine import connection
from antechamber.features.webhooks.sql import webhook_endpoints
from antechamber.settings import SettingsError, load
from antechamber.wiring.application import Application
from antechamber.wiring.storage import open_storage
from tests.api.conftest import House, open_house
from tests.api.limiting import NEW, OLD, Desk, desk, other_desk
from tests.asgi import Answer, call
from tests.receiving import Delivery, Receiver

PATH = "/v1/organizations/webhooks"
BETA = "webhooks-2026-10-07"
THRESHOLD = "spend_limit.threshold_crossed"
FIELDS = {
    "id",
    "url",
    "name",
    "description",
    "enabled_events",
    "extension_events",
    "state",
    "disabled_reason",
    "created_at",
    "updated_at",
}

DELIVERY_FIELDS = {
    "id",
    "type",
    "event_type",
    "state",
    "attempts",
    "last_status_code",
    "last_error",
    "next_attempt_at",
    "created_at",
    "ended_at",
}


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "receiver")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    yield made
    made.close()


@pytest.fixture
async def hooked(tmp_path: Path, receiver: Receiver) -> AsyncIterator[House]:
    """A house that may deliver to the receiver, which is private."""
    async with open_house(tmp_path, webhook_private_origins=receiver.origin) as opened:
        yield opened


async def ask(
    office: Desk, method: str, path: str = "", body: object = None, *, version: str = NEW, beta: str | None = BETA
) -> Answer:
    headers = {"x-api-key": office.secret, "anthropic-version": version}
    if beta is not None:
        headers["anthropic-beta"] = beta
    sent = b"" if body is None else json.dumps(body).encode()
    return await call(office.house.app.shell, method, PATH + path, headers=headers, body=sent)


async def told(office: Desk, method: str, path: str = "", body: object = None, **more: str) -> Any:  # noqa: ANN401 - JSON
    answer = await ask(office, method, path, body, **more)
    assert answer.status == 200, answer.body
    return answer.json()


async def refused(office: Desk, status: int, method: str, path: str = "", body: object = None) -> str:
    answer = await ask(office, method, path, body)
    assert answer.status == status, answer.body
    return str(answer.json()["error"]["message"])


async def make(office: Desk, url: str, **more: object) -> Any:  # noqa: ANN401 - JSON
    return await told(office, "POST", "", {"url": url, "enabled_events": ["external_key.failed"], **more})


async def cross(house: House) -> str:
    """Let the organisation cross a threshold of a new budget; returns the limit's id."""
    office = desk(house)
    scope = {"type": "organization"}
    limit = await office.post("/v1/organizations/spend_limits", {"scope": scope, "amount": "1", "period": "daily"})
    await house.app.changes.look()
    message = {"model": "sim-1", "max_tokens": 1100, "messages": [{"role": "user", "content": "hi"}]}
    answer = await house.post(json.dumps(message).encode(), x_sim="events=1000; bytes=8")
    assert answer.status == 200, answer.body
    return str(limit["id"])


async def came(receiver: Receiver) -> Delivery:
    return await asyncio.to_thread(receiver.next)


def is_signed(delivery: Delivery, secret: str) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery.headers['webhook-id']}.{delivery.headers['webhook-timestamp']}.".encode() + delivery.body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return delivery.headers["webhook-signature"] == f"v1,{signature}"


async def test_an_endpoint_is_made_found_changed_and_removed(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = await make(office, receiver.url, name="mine", description="for us")
    secret = made.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert set(made) == FIELDS
    assert parse(Kind.WEBHOOK, made["id"])
    assert (made["url"], made["name"], made["description"]) == (receiver.url, "mine", "for us")
    assert (made["state"], made["disabled_reason"]) == ("enabled", "")
    assert (made["enabled_events"], made["extension_events"]) == (["external_key.failed"], [])
    for version in (OLD, NEW):
        assert await told(office, "GET", f"/{made['id']}", version=version) == made
    listed = await told(office, "GET")
    assert listed == {"data": [made], "has_more": False, "first_id": made["id"], "last_id": made["id"]}
    changed = await told(office, "POST", f"/{made['id']}", {"name": "ours", "enabled_events": []})
    assert changed == {**made, "name": "ours", "updated_at": changed["updated_at"]}
    assert await told(office, "DELETE", f"/{made['id']}") == {"id": made["id"], "type": "webhook_endpoint_deleted"}
    assert await refused(office, 404, "GET", f"/{made['id']}") == f"Webhook endpoint {made['id']} not found."


async def test_without_the_beta_there_is_no_such_endpoint(house: House) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/webhook_1"), ("POST", "/w/regenerate_signing_secret")):
        answer = await ask(desk(house), method, path, {} if method == "POST" else None, beta=None)
        assert answer.status == 404
        assert BETA in answer.json()["error"]["message"]


async def test_who_does_not_administer_may_not_see_them(house: House) -> None:
    headers = {"x-api-key": house.api_key, "anthropic-version": NEW, "anthropic-beta": BETA}
    assert (await call(house.app.shell, "GET", PATH, headers=headers)).status == 403
    del headers["x-api-key"]
    assert (await call(house.app.shell, "GET", PATH, headers=headers)).status == 401


async def test_a_secret_is_shown_once_and_kept_sealed(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = await make(office, receiver.url)
    first = made["signing_secret"]
    answer = await told(office, "POST", f"/{made['id']}/regenerate_signing_secret")
    assert set(answer) == {"signing_secret"}
    assert answer["signing_secret"] != first
    async with hooked.app.storage.database.read() as unit:
        row = (await connection(unit).execute(select(webhook_endpoints))).one()
    shown = json.dumps([await told(office, "GET"), await office.get("/v1/compliance/activities?limit=100")])
    for secret in (first, answer["signing_secret"]):
        assert secret not in shown
        assert secret.removeprefix("whsec_").encode() not in row.secret


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://user:password@hooks.example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://hooks.example.com/#part",
    ],
)
async def test_an_address_that_can_never_be_delivered_to_is_refused(house: House, url: str) -> None:
    body = {"url": url, "enabled_events": ["external_key.failed"]}
    assert (await refused(desk(house), 400, "POST", "", body)).startswith("url: ")


@pytest.mark.parametrize(
    "more",
    [
        {"enabled_events": []},
        {"enabled_events": ["session.created"]},
        {"enabled_events": [THRESHOLD]},
        {"extension_events": ["external_key.failed"]},
        {"name": "n" * 257},
        {"description": "d" * 2049},
        {"name": None},
        {"state": "disabled"},
    ],
)
async def test_a_body_of_another_shape_is_refused(hooked: House, receiver: Receiver, more: dict[str, object]) -> None:
    body = {"url": receiver.url, "enabled_events": ["external_key.failed"], **more}
    await refused(desk(hooked), 400, "POST", "", body)


async def test_an_organization_has_at_most_32(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = [(await make(office, f"{receiver.origin}/{number}"))["id"] for number in range(32)]
    body = {"url": receiver.url, "enabled_events": ["external_key.failed"]}
    assert "at most 32" in await refused(office, 400, "POST", "", body)
    await told(office, "POST", f"/{made[0]}", {"state": "disabled"})
    await refused(office, 400, "POST", "", body)
    await told(office, "DELETE", f"/{made[0]}")
    await make(office, receiver.url)


async def test_a_list_goes_either_way_by_pages_even_past_what_is_gone(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = [(await make(office, f"{receiver.origin}/{number}"))["id"] for number in range(5)]
    oldest, newest = sorted(made), sorted(made, reverse=True)
    first = await told(office, "GET", "?limit=2")
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (newest[:2], True)
    await told(office, "DELETE", f"/{first['last_id']}")
    rest = await told(office, "GET", f"?limit=100&after_id={first['last_id']}")
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (newest[2:], False)
    before = await told(office, "GET", f"?limit=1&before_id={newest[2]}")
    assert ([each["id"] for each in before["data"]], before["has_more"]) == (newest[:1], False)
    rising = await told(office, "GET", "?limit=0&order=asc")
    assert [each["id"] for each in rising["data"]] == [each for each in oldest if each != newest[1]]
    for query in ("?limit=101", "?limit=-1", "?order=up", "?after_id=nonsense", f"?after_id={made[0]}&before_id=x"):
        await refused(office, 400, "GET", query)


async def test_another_organizations_endpoint_is_not_found_in_the_same_words(hooked: House, receiver: Receiver) -> None:
    mine, theirs = desk(hooked), await other_desk(hooked)
    made = await make(theirs, receiver.url)
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"name": "x"}),
        ("POST", "", {"url": receiver.url}),
        ("DELETE", "", None),
        ("POST", "/regenerate_signing_secret", None),
        ("GET", "/deliveries", None),
    ):
        message = await refused(mine, 404, method, f"/{made['id']}{path}", body)
        assert message == f"Webhook endpoint {made['id']} not found."
    assert (await told(mine, "GET"))["data"] == []


async def test_events_beyond_the_wire_are_asked_for_in_a_field_of_their_own(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = await make(office, receiver.url, enabled_events=[], extension_events=[THRESHOLD])
    assert (made["enabled_events"], made["extension_events"]) == ([], [THRESHOLD])
    message = await refused(office, 400, "POST", f"/{made['id']}", {"extension_events": []})
    assert message.startswith("enabled_events: ")
    changed = await told(office, "POST", f"/{made['id']}", {"enabled_events": ["external_key.recovered"]})
    assert (changed["enabled_events"], changed["extension_events"]) == (["external_key.recovered"], [THRESHOLD])
    changed = await told(office, "POST", f"/{made['id']}", {"extension_events": []})
    assert (changed["enabled_events"], changed["extension_events"]) == (["external_key.recovered"], [])


async def test_the_audit_log_tells_what_was_done_and_of_the_address_the_host_only(
    hooked: House, receiver: Receiver
) -> None:
    office = desk(hooked)
    made = await make(office, receiver.url, name="mine")
    await told(office, "POST", f"/{made['id']}", {"name": "ours"})
    await told(office, "POST", f"/{made['id']}", {"name": "ours"})
    await told(office, "POST", f"/{made['id']}/regenerate_signing_secret")
    await told(office, "DELETE", f"/{made['id']}")
    activities = (await office.get("/v1/compliance/activities?limit=100"))["data"]
    ours = [each for each in reversed(activities) if each["type"].startswith("webhook_endpoint_")]
    names = ["created", "updated", "secret_regenerated", "deleted"]
    assert [each["type"] for each in ours] == [f"webhook_endpoint_{name}" for name in names]
    assert {each["webhook_endpoint_id"] for each in ours} == {made["id"]}
    assert ours[0]["url_host"] == "127.0.0.1"
    assert "token-of-mine" not in json.dumps(activities)


async def test_a_crossed_threshold_is_delivered_signed(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    made = await make(office, receiver.url, extension_events=[THRESHOLD])
    await make(office, f"{receiver.origin}/other")
    limit_id = await cross(hooked)
    delivery = await came(receiver)
    assert delivery.path == "/hooks/token-of-mine"
    assert delivery.headers["content-type"] == "application/json"
    assert is_signed(delivery, made["signing_secret"])
    event = json.loads(delivery.body)
    assert (event["type"], event["id"]) == ("event", delivery.headers["webhook-id"])
    assert parse(Kind.WEBHOOK_EVENT, event["id"])
    data = event["data"]
    assert (data["type"], data["id"], data["organization_id"]) == (THRESHOLD, limit_id, office.organization_id)
    assert (data["scope"], data["period"], data["amount"]) == ({"type": "organization"}, "daily", "1")
    assert data["percent"] in {50, 75, 90, 100}
    assert receiver.is_idle(), "the other endpoint did not ask for it"


async def test_an_external_key_that_fails_and_recovers_is_told_of(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    events = ["external_key.failed", "external_key.recovered"]
    await make(office, receiver.url, enabled_events=events)
    for tell in (hooked.app.webhooks.external_key_failed, hooked.app.webhooks.external_key_recovered):
        async with hooked.app.storage.database.begin() as unit:
            await tell(unit, office.organization_id, "ekey_1")
    deliveries = [await came(receiver) for _ in events]
    told_of = sorted((json.loads(each.body)["data"] for each in deliveries), key=lambda data: data["type"])
    common = {"id": "ekey_1", "organization_id": office.organization_id}
    assert told_of == [{"type": event, **common} for event in events]


async def test_a_server_does_not_start_on_an_origin_that_is_none(tmp_path: Path) -> None:
    loaded = load({"data": tmp_path / "data", "webhook_private_origins": "http://10.0.0.1"})
    storage = open_storage(loaded.settings)
    with pytest.raises(SettingsError, match=r"webhook_private_origins: http://10\.0\.0\.1"):
        Application(loaded, storage)
    await storage.database.close()


async def test_what_is_not_taken_comes_again_as_it_was(hooked: House, receiver: Receiver) -> None:
    receiver.statuses = [503]
    office = desk(hooked)
    made = await make(office, receiver.url, extension_events=[THRESHOLD])
    await cross(hooked)
    first, second = await came(receiver), await came(receiver)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert is_signed(second, made["signing_secret"])
    shown = await told(office, "GET", f"/{made['id']}")
    assert (shown["state"], shown["updated_at"]) == ("enabled", made["updated_at"])


async def test_what_became_of_events_can_be_read(hooked: House, receiver: Receiver) -> None:
    office = desk(hooked)
    receiver.statuses = [503]
    made = await make(office, receiver.url, extension_events=[THRESHOLD])
    path = f"/{made['id']}/deliveries"
    assert await told(office, "GET", path) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    await cross(hooked)
    first, second = await came(receiver), await came(receiver)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    (shown,) = (await told(office, "GET", path))["data"]
    async with asyncio.timeout(60):
        while shown["state"] == "pending":
            await asyncio.sleep(0.05)
            (shown,) = (await told(office, "GET", path))["data"]
    assert set(shown) == DELIVERY_FIELDS
    assert (shown["id"], shown["type"], shown["event_type"]) == (
        first.headers["webhook-id"],
        "webhook_delivery",
        THRESHOLD,
    )
    assert (shown["state"], shown["attempts"], shown["last_status_code"]) == ("delivered", 2, 200)
    assert (shown["last_error"], shown["next_attempt_at"]) == (None, None)
    assert shown["created_at"] <= shown["ended_at"]
    assert "after_id" in await refused(office, 400, "GET", f"{path}?after_id=event_nobodys")


async def test_an_endpoint_that_redirects_is_switched_off_and_can_be_switched_on(
    hooked: House, receiver: Receiver
) -> None:
    receiver.statuses = [302]
    office = desk(hooked)
    made = await make(office, receiver.url, extension_events=[THRESHOLD])
    await cross(hooked)
    await came(receiver)
    shown = made
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while shown["state"] == "enabled":
                shown = await told(office, "GET", f"/{made['id']}")
                await asyncio.sleep(0.05)
    assert (shown["state"], shown["disabled_reason"]) == (
        "disabled",
        "The URL answers with a redirect, which is not followed.",
    )
    activities = (await office.get("/v1/compliance/activities?limit=100"))["data"]
    (act,) = [each for each in activities if each["type"] == "webhook_endpoint_disabled"]
    assert act["actor"]["type"] == "system_actor"
    (delivery,) = (await told(office, "GET", f"/{made['id']}/deliveries"))["data"]
    assert (delivery["state"], delivery["attempts"], delivery["last_error"]) == ("dropped", 1, "redirect")
    again = await told(office, "POST", f"/{made['id']}", {"state": "enabled"})
    assert (again["state"], again["disabled_reason"]) == ("enabled", "")
