"""Requests become spans at a collector: once, in time, and not where nobody wants them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from antechamber.base.seals import SealedColumn
from antechamber.wiring.resealing import reseal_slice
from tests.api.observing import ROOT, Observatory, observatory
from tests.collectors import Answer, Collector, attributes

PATIENCE_SECONDS = 60
SECRET = "Bearer very-secret-value"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    opened = Collector()
    yield opened
    await asyncio.to_thread(opened.close)


@pytest.fixture
async def office(tmp_path: Path, collector: Collector) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path, telemetry_private_origins=collector.url) as opened:
        yield opened


async def sees(collector: Collector, holds: Callable[[Collector], bool]) -> None:
    await asyncio.to_thread(collector.wait, holds, PATIENCE_SECONDS)


async def until(office: Observatory, destination_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The destination, once something holds of it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds(found := await office.get(f"{ROOT}/{destination_id}")):  # noqa: ASYNC110 - a server is asked
            await asyncio.sleep(0.05)
    return dict(found)


async def known_everywhere(office: Observatory) -> None:
    """Return when the outbox knows of every change, which it would within a second by itself."""
    await office.app.changes.look()


async def settle(office: Observatory, count: int = 1) -> list[str]:
    """Have so many requests in the ledger, and return their ids."""
    answers = [await office.message() for _ in range(count)]
    assert [answer.status for answer in answers] == [200] * count
    await office.app.ledger.drain()
    return [answer.header("request-id") or "" for answer in answers]


def request_ids(collector: Collector) -> list[str]:
    return [attributes(span.attributes)["anthropic.request.id"] for span in collector.spans]


async def test_a_request_arrives_as_a_span_with_the_destinations_headers(
    office: Observatory, collector: Collector
) -> None:
    made = await office.destination(f"{collector.url}/otlp", headers={"authorization": SECRET, "x-team": "a"})
    await known_everywhere(office)
    (request_id,) = await settle(office)
    await sees(collector, lambda seen: len(seen.spans) == 1)
    (came,) = collector.taken
    assert (came.path, came.headers["authorization"], came.headers["x-team"]) == ("/otlp/v1/traces", SECRET, "a")
    assert (came.resource["service.name"], came.scope) == ("antechamber", "antechamber")
    (span,) = came.spans
    told = attributes(span.attributes)
    assert (span.name, span.kind, span.status.code) == ("anthropic.messages.create", 2, 1)
    assert span.end_time_unix_nano >= span.start_time_unix_nano > 0
    assert told["anthropic.request.id"] == request_id
    assert told["anthropic.organization.id"] == office.founded.organization_id
    assert told["anthropic.workspace.id"] == office.founded.workspace_id
    assert told["gen_ai.request.model"] == "sim-1"
    assert told["gen_ai.usage.input_tokens"] > 0
    assert told["gen_ai.response.finish_reasons"]
    health = (await until(office, made["id"], lambda known: known["delivery_health"]["last_success_at"]))[
        "delivery_health"
    ]
    assert (health["last_error"], health["last_error_at"]) == (None, None)


async def test_nothing_of_what_was_said_is_in_a_span(office: Observatory, collector: Collector) -> None:
    await office.destination(collector.url)
    await known_everywhere(office)
    await office.message(system="canary-system", messages=[{"role": "user", "content": "canary-prompt"}])
    await office.app.ledger.drain()
    await sees(collector, lambda seen: len(seen.spans) == 1)
    assert "canary" not in str(collector.spans[0])


async def test_traces_go_to_an_address_of_their_own_as_it_is(office: Observatory, collector: Collector) -> None:
    await office.destination(collector.url, traces={"endpoint_url": f"{collector.url}/custom/traces/"})
    await known_everywhere(office)
    await settle(office)
    await sees(collector, lambda seen: len(seen.spans) == 1)
    assert collector.taken[0].path == "/custom/traces/"


async def test_many_requests_arrive_each_once(office: Observatory, collector: Collector) -> None:
    await office.destination(collector.url)
    await known_everywhere(office)
    made = await settle(office, 20)
    await sees(collector, lambda seen: len(seen.spans) >= 20)
    assert sorted(request_ids(collector)) == sorted(made)


async def test_only_what_covers_the_workspace_is_sent(office: Observatory, collector: Collector) -> None:
    default = office.founded.workspace_id
    await office.destination(f"{collector.url}/in", workspaces={"type": "include", "workspace_ids": [default]})
    await office.destination(f"{collector.url}/out", workspaces={"type": "exclude", "workspace_ids": [default]})
    await office.destination(f"{collector.url}/none", workspaces={"type": "include"})
    await office.destination(f"{collector.url}/off", traces={"enabled": False})
    await known_everywhere(office)
    await settle(office)
    await office.destination(f"{collector.url}/late")
    await known_everywhere(office)
    await settle(office)
    await sees(collector, lambda seen: len(seen.spans) >= 3)
    paths = sorted(each.path for each in collector.taken for _ in each.spans)
    assert paths == ["/in/v1/traces", "/in/v1/traces", "/late/v1/traces"]


async def test_a_passing_failure_is_tried_again_and_remembered(office: Observatory, collector: Collector) -> None:
    collector.answers = [Answer(503), Answer(429, {"retry-after": "1"})]
    made = await office.destination(collector.url)
    await known_everywhere(office)
    ids = await settle(office)
    await sees(collector, lambda seen: len(seen.spans) == 1)
    known = await until(office, made["id"], lambda known: known["delivery_health"]["last_success_at"])
    health = known["delivery_health"]
    assert (len(collector.refused), request_ids(collector)) == (2, ids)
    assert health["last_error"] == "HTTP error (status 429)"
    assert health["last_error_at"] < health["last_success_at"]
    assert (known["state"], known["updated_at"]) == ({"type": "enabled"}, made["updated_at"])


async def test_what_is_never_taken_is_not_sent_again(office: Observatory, collector: Collector) -> None:
    collector.answers = [Answer(400, {}, b"very bad spans")]
    made = await office.destination(collector.url)
    await known_everywhere(office)
    await settle(office)
    await sees(collector, lambda seen: len(seen.refused) == 1)
    known = await until(office, made["id"], lambda known: known["delivery_health"]["last_error"])
    assert known["delivery_health"]["last_error"] == "HTTP error (status 400)"
    (later,) = await settle(office)
    await sees(collector, lambda seen: len(seen.spans) == 1)
    assert request_ids(collector) == [later]


async def test_a_redirect_disables_at_once_and_is_not_followed(office: Observatory, collector: Collector) -> None:
    collector.always = Answer(301, {"location": f"{collector.url}/elsewhere"})
    made = await office.destination(collector.url)
    await known_everywhere(office)
    await settle(office)
    known = await until(office, made["id"], lambda known: known["state"]["type"] == "disabled")
    assert known["state"] == {"type": "disabled", "reason": {"type": "redirect"}}
    assert known["delivery_health"]["last_error"] == "redirect (status 301)"
    assert known["updated_at"] > made["updated_at"]
    assert [each.path for each in collector.refused] == ["/v1/traces"]
    (act,) = await office.acts("telemetry_destination_disabled")
    assert (act["telemetry_destination_id"], act["reason"]) == (made["id"], "redirect")
    assert act["actor"]["type"] == "system_actor"


async def test_what_fails_for_too_long_is_disabled(tmp_path: Path, collector: Collector) -> None:
    collector.always = Answer(401)
    async with observatory(tmp_path, telemetry_private_origins=collector.url, telemetry_failure_seconds=0) as office:
        made = await office.destination(collector.url)
        await known_everywhere(office)
        await settle(office)
        known = await until(office, made["id"], lambda known: known["state"]["type"] == "disabled")
        assert known["state"] == {"type": "disabled", "reason": {"type": "sustained_failure"}}
        assert known["delivery_health"]["last_error"] == "HTTP error (status 401)"
        assert (await office.post(f"{ROOT}/{made['id']}", {"state": {"type": "disabled"}}))["state"] == known["state"]


async def test_what_is_settled_while_it_is_disabled_is_not_sent_later(
    office: Observatory, collector: Collector
) -> None:
    made = await office.destination(collector.url)
    path = f"{ROOT}/{made['id']}"
    await office.post(path, {"state": {"type": "disabled"}})
    await known_everywhere(office)
    await settle(office)
    await office.post(path, {"state": {"type": "enabled"}})
    await known_everywhere(office)
    (later,) = await settle(office)
    await sees(collector, lambda seen: len(seen.spans) == 1)
    assert request_ids(collector) == [later]


async def test_what_waits_outlives_a_stop_and_is_sent_by_the_next_server(tmp_path: Path, collector: Collector) -> None:
    collector.always = Answer(503)
    async with observatory(tmp_path, telemetry_private_origins=collector.url) as office:
        await office.destination(collector.url, headers={"authorization": SECRET})
        await known_everywhere(office)
        ids = await settle(office, 3)
        await sees(collector, lambda seen: len(seen.refused) >= 1)
    collector.always = None
    async with observatory(tmp_path, office.founded, telemetry_private_origins=collector.url):
        await sees(collector, lambda seen: len(seen.spans) == 3)
    assert sorted(request_ids(collector)) == sorted(ids)
    assert collector.taken[0].headers["authorization"] == SECRET


async def test_headers_that_cannot_be_opened_are_said_and_can_be_set_anew(tmp_path: Path, collector: Collector) -> None:
    url = collector.url
    async with observatory(tmp_path, telemetry_private_origins=url, master_key="one") as office:
        made = await office.destination(collector.url, headers={"authorization": SECRET, "x-a": "1"})
    async with observatory(tmp_path, office.founded, telemetry_private_origins=url, master_key="two") as office:
        path = f"{ROOT}/{made['id']}"
        result = await office.post(f"{path}/test")
        assert result["result"] == {"type": "failure", "error": "stored headers cannot be opened"}
        body = {"endpoint_url": collector.url, "headers": {"authorization": SECRET}}
        assert "every header again" in await office.refused(400, "POST", path, body)
        body["headers"] = {"authorization": SECRET, "x-a": "2"}
        assert sorted((await office.post(path, body))["header_names"]) == ["authorization", "x-a"]
    assert not collector.taken
    assert not collector.refused


async def test_headers_that_were_sealed_anew_are_sent_by_a_server_with_the_new_key_alone(
    tmp_path: Path, collector: Collector
) -> None:
    url = collector.url
    async with observatory(tmp_path, telemetry_private_origins=url, master_key="one") as office:
        made = await office.destination(collector.url, headers={"authorization": SECRET})
    async with observatory(tmp_path, office.founded, telemetry_private_origins=url, master_key="two,one") as office:
        asked = {"column": SealedColumn.TELEMETRY_HEADERS, "after": ""}
        assert (await reseal_slice(office.app.storage, asked))["resealed"] == 1
    async with observatory(tmp_path, office.founded, telemetry_private_origins=url, master_key="two") as office:
        assert (await office.post(f"{ROOT}/{made['id']}/test"))["result"] == {"type": "success"}
    assert collector.taken[0].headers["authorization"] == SECRET


async def test_a_test_sends_one_span_and_changes_nothing(office: Observatory, collector: Collector) -> None:
    made = await office.destination(collector.url, headers={"authorization": SECRET})
    path = f"{ROOT}/{made['id']}"
    assert await office.post(f"{path}/test") == {"type": "telemetry_destination_test", "result": {"type": "success"}}
    (came,) = collector.taken
    assert ([span.name for span in came.spans], came.headers["authorization"]) == (["anthropic.test"], SECRET)
    assert await office.get(path) == made


async def test_a_failed_test_tells_why_and_is_no_delivery(office: Observatory, collector: Collector) -> None:
    collector.answers = [Answer(403, {}, b"canary")]
    made = await office.destination(collector.url)
    path = f"{ROOT}/{made['id']}"
    await office.post(path, {"state": {"type": "disabled"}})
    result = await office.post(f"{path}/test")
    assert result["result"] == {"type": "failure", "error": "HTTP error (status 403)"}
    known = await office.get(path)
    assert known["delivery_health"]["last_error"] is None
    assert known["state"]["reason"] == {"type": "caller"}


async def test_a_second_test_has_to_wait_ten_seconds(office: Observatory, collector: Collector) -> None:
    made = await office.destination(collector.url)
    path = f"{ROOT}/{made['id']}/test"
    await office.post(path)
    refused = await office.ask("POST", path)
    assert (refused.status, refused.json()["error"]["type"]) == (429, "rate_limit_error")
    assert 0 < int(refused.header("retry-after") or 0) <= 10
    assert len(collector.taken) == 1
