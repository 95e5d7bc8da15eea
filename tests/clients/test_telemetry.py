"""The anthropic package administers telemetry destinations and compliance settings, answers validated strictly."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.clients.environments import run_python
from tests.clients.towns import GENERATIONS, SPACES, post
from tests.collectors import Collector, attributes
from tests.live import LiveServer

GATEWAY = "https://gateway.example.com/otlp"
PATIENCE_SECONDS = 60
MESSAGE = {"model": "sim-1", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}


@dataclass(frozen=True, eq=False)
class Post:
    """A server, and a collector that it may send to."""

    server: LiveServer
    collector: Collector


@pytest.fixture(scope="module")
def outpost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    collector = Collector()
    variables = {"ANTE_SERVER_TELEMETRY_PRIVATE_ORIGINS": collector.url}
    server = LiveServer(tmp_path_factory.mktemp("outpost"), environment=variables)
    try:
        yield Post(server.start(), collector)
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()
        collector.close()


@cache
def results(generation: str, place: Post) -> dict[str, Any]:
    return run_python(generation, "telemetry_sdk", place.server, {"ANTE_TEST_COLLECTOR": place.collector.url})


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def spaces(generation: str, place: Post, case: str) -> dict[str, Any]:
    outcome = results(generation, place)[case]
    if "failed" in outcome:
        pytest.fail(f"{generation}, {case}:\n{outcome['failed']}", pytrace=False)
    # both generations have telemetry among their betas only
    assert set(outcome["value"]) == (set(SPACES) if case == "compliance" else {"beta"})
    return dict(outcome["value"])


def test_destinations_are_made_changed_listed_and_removed(generation: str, outpost: Post) -> None:
    for space, found in spaces(generation, outpost, "destinations").items():
        made, changed = found["made"], found["changed"]
        assert (made["display_name"], made["endpoint_url"]) == (f"{GENERATIONS[generation][0]} {space}", GATEWAY)
        assert (made["header_names"], changed["header_names"]) == (["authorization", "x-team"], ["authorization"])
        assert made["traces"]["max_content_bytes"] == 4096
        assert (changed["traces"]["enabled"], changed["traces"]["max_content_bytes"]) == (False, None)
        assert changed["state"] == {"type": "disabled", "reason": {"type": "caller"}}
        assert (found["enabled"]["state"], found["enabled"]["traces"]["enabled"]) == ({"type": "enabled"}, True)
        assert (found["found"], found["paged"]) == (True, True)
        assert (found["refused"]["status"], found["contents"]["status"]) == (400, 400)
        assert found["deleted"] == {"id": found["id"], "type": "telemetry_destination_deleted"}
        assert found["gone"]["status"] == 404


def test_workspaces_are_added_to_a_list_and_removed(generation: str, outpost: Post) -> None:
    for found in spaces(generation, outpost, "lists").values():
        destination, workspace = found["ids"]
        named = {"telemetry_destination_id": destination, "workspace_id": workspace}
        added = {"type": "telemetry_destination_workspace", **named, "created_at": found["added"]["created_at"]}
        assert (found["added"], found["listed"]) == (added, [added])
        assert (found["covered"], found["left"]) == (True, False)
        assert found["removed"] == {"type": "telemetry_destination_workspace_deleted", **named}
        assert found["again"]["status"] == 404


def test_a_destination_is_tried_out(generation: str, outpost: Post) -> None:
    for found in spaces(generation, outpost, "trials").values():
        assert found["test"] == {"type": "telemetry_destination_test", "result": {"type": "success"}}
        assert found["again"]["status"] == 429


def test_the_compliance_api_is_closed_and_opened(generation: str, outpost: Post) -> None:
    for found in spaces(generation, outpost, "compliance").values():
        enabled = {"state": {"type": "enabled"}, "type": "compliance_settings"}
        assert (found["before"], found["enabled"], found["after"]) == (enabled, enabled, enabled)
        assert found["disabled"] == found["still"] == {"state": {"type": "disabled"}, "type": "compliance_settings"}


def test_a_message_reaches_the_collector_of_a_server_as_people_run_it(outpost: Post) -> None:
    server, collector = outpost.server, outpost.collector
    headers = {
        "x-api-key": server.admin_key,
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "telemetry-destinations-2026-08-11",
    }
    body = json.dumps({"endpoint_url": f"{collector.url}/mine", "workspaces": {"type": "all"}})
    made = server.ask("POST", "/v1/organizations/telemetry_destinations", headers, body)
    assert made.status == 200, made.body
    until = time.monotonic() + PATIENCE_SECONDS
    # within a second the server sends there
    while not any(each.path == "/mine/v1/traces" for each in collector.taken):
        assert time.monotonic() < until, "no span came"
        post(server, "/v1/messages", MESSAGE, server.api_key)
        time.sleep(0.2)
    (first, *_) = [each for each in collector.taken if each.path == "/mine/v1/traces"]
    told = attributes(first.spans[0].attributes)
    assert (told["gen_ai.request.model"], told["anthropic.workspace.id"]) == ("sim-1", server.workspace_id)
