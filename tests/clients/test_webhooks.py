"""Official SDKs administer webhooks and requests for more, and accept what is delivered."""

import json
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.clients.environments import run_node, run_python
from tests.clients.towns import GENERATIONS, SPACES, operate, post
from tests.live import Answer, LiveServer
from tests.receiving import PATIENCE_SECONDS, Delivery, Receiver

ROOT = "/v1/organizations"
OWN = "/v1/usage/me/spend_limit_increase_requests"
THRESHOLD = "spend_limit.threshold_crossed"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    made = Receiver(tmp_path_factory.mktemp("receiver"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[LiveServer]:
    """A server that may deliver to the receiver, with limits that hold everyone."""
    environment = {
        "ANTE_SERVER_WEBHOOK_PRIVATE_ORIGINS": receiver.origin,
        "SSL_CERT_FILE": str(receiver.ca_file),
    }
    made = LiveServer(tmp_path_factory.mktemp("hooked"), environment=environment)
    try:
        made.start()
        for period in ("daily", "weekly"):
            body = {"scope": {"type": "organization"}, "amount": "50000", "period": period}
            post(made, f"{ROOT}/spend_limits", body)
        yield made
        assert '"event": "unhandled"' not in made.log()
    finally:
        made.stop()


def person(server: LiveServer, name: str) -> str:
    """Somebody who asks for more for a day and for a week; returns their id."""
    email = f"{name}@example.com"
    operate(server, "people", "add", email, "--role", "developer")
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2026-10-21"}
    found = server.ask("GET", f"{ROOT}/users?email={email}", headers).json()["data"]
    user_id = str(found[0]["id"])
    room = post(server, f"{ROOT}/workspaces", {"name": name})["id"]
    member = {"user_id": user_id, "workspace_role": "workspace_developer"}
    post(server, f"{ROOT}/workspaces/{room}/members", member)
    key = post(server, f"{ROOT}/api_keys", {"name": name, "workspace_id": room, "user_id": user_id})["secret"]
    for period in ("daily", "weekly"):
        post(server, OWN, {"period": period, "reason": "a release"}, key)
    return user_id


@cache
def results(generation: str, server: LiveServer, receiver: Receiver) -> dict[str, Any]:
    mark = GENERATIONS[generation][0]
    persons = ",".join(f"{space}={person(server, f'{mark}-{space}')}" for space in SPACES)
    variables = {"ANTE_TEST_RECEIVER": receiver.origin, "ANTE_TEST_PERSONS": persons}
    return run_python(generation, "increases_sdk", server, variables)


def value(outcome: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    if "failed" in outcome:
        pytest.fail(outcome["failed"], pytrace=False)
    return outcome["value"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_requests_for_more_are_approved_and_denied(generation: str, server: LiveServer, receiver: Receiver) -> None:
    told = value(results(generation, server, receiver)["increase_requests"])
    assert set(told) == (set(SPACES) if generation == "anthropic-2" else {"beta"})
    for found in told.values():
        assert {request["status"] for request in found["pending"]} == {"pending"}
        assert all(request["spend_summary"]["amount"] == "50000" for request in found["pending"])
        assert (found["found"]["status"], found["found"]["spend_summary"]) == ("approved", None)
        assert found["approved"]["spend_limit"]["amount"] == "70000"
        assert found["approved"]["resolved_by"]["type"] == "scoped_api_key_actor"
        assert (found["denied"]["status"], found["again"], found["left"]) == ("denied", True, 0)
        assert (found["too_late"], found["unknown"]) == (400, 404)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_endpoints_are_made_changed_listed_and_removed(generation: str, server: LiveServer, receiver: Receiver) -> None:
    found = value(results(generation, server, receiver)["webhooks"])
    made, changed = found["made"], found["changed"]
    secret = made.pop("signing_secret")
    assert found["found"] == made
    assert (changed["state"], changed["enabled_events"], changed["description"]) == (
        "disabled",
        ["user_profile.enforcement_action_opened"],
        "d",
    )
    assert found["paged"] == [True] * 3, "a list of three pages goes on by itself"
    assert found["secret"][0] != secret == found["secret"][1]
    assert found["deleted"] == {"id": made["id"], "type": "webhook_endpoint_deleted"}
    assert (found["gone"], found["bad"]) == (404, 400)


@cache
def delivered(server: LiveServer, receiver: Receiver) -> tuple[Delivery, str]:
    """What came when a budget's threshold was crossed, and the secret that it is signed with."""
    headers = {
        "x-api-key": server.admin_key,
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "webhooks-2026-10-07",
    }
    body = {"url": receiver.url, "enabled_events": [], "extension_events": [THRESHOLD]}
    made = server.ask("POST", f"{ROOT}/webhooks", headers, json.dumps(body)).json()
    scope = {"type": "workspace", "workspace_id": post(server, f"{ROOT}/workspaces", {"name": "Hooked"})["id"]}
    post(server, f"{ROOT}/spend_limits", {"scope": scope, "amount": "1", "period": "monthly"})
    key = post(server, f"{ROOT}/api_keys", {"name": "hooked", "workspace_id": scope["workspace_id"]})["secret"]
    wait_for_limit(server, key)
    # half a cent and more, of one
    assert say(server, key, "events=1000; bytes=8", 1100).status == 200
    return receiver.next(), made["signing_secret"]


def say(server: LiveServer, key: str, simulated: str, most: int) -> Answer:
    message = {"model": "sim-1", "max_tokens": most, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"x-api-key": key, "anthropic-version": "2026-10-21", "x-sim": simulated}
    return server.ask("POST", "/v1/messages", headers, json.dumps(message))


def wait_for_limit(server: LiveServer, key: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    # the window of a month, which no other limit here has
    while not any("-unified-overage-" in name for name in say(server, key, "events=1; bytes=1", 1).headers):
        assert time.monotonic() < until, "the spend limit is not in force"
        time.sleep(0.1)


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_delivery_is_accepted_and_a_forged_one_is_not(language: str, server: LiveServer, receiver: Receiver) -> None:
    delivery, secret = delivered(server, receiver)
    told = {"body": delivery.body.decode(), "headers": delivery.headers, "secret": secret}
    variables = {"ANTE_TEST_DELIVERY": json.dumps(told)}
    if language == "python":
        outcome = run_python("anthropic-2", "unwrap_sdk", server, variables)
    else:
        outcome = run_node("unwrap_sdk", server, variables)
    event = value(outcome["unwrap"])
    assert (event["type"], event["id"]) == ("event", delivery.headers["webhook-id"])
    data = event["data"]
    assert (data["type"], data["organization_id"], data["scope"]["type"]) == (
        THRESHOLD,
        server.organization_id,
        "workspace",
    )
    assert value(outcome["forged"]) == "WebhookVerificationError"
