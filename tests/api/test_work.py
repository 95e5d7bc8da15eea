"""The self-hosted work queue and its keys on the wire (wire-agents.md 2b)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from antechamber.base.page import IdCursor
from antechamber.features.audit.model import ActivityQuery
from tests.api.conftest import House
from tests.api.rooms import NOTHING, invalid, refused
from tests.api.seats import SELF_HOSTED, SESSIONS, Seat, Worker

FIELDS = {
    "id", "type", "environment_id", "data", "state", "metadata", "secret", "created_at", "acknowledged_at",
    "started_at", "latest_heartbeat_at", "stop_requested_at", "stopped_at",
}  # fmt: skip


@pytest.fixture
def seat(house: House) -> Seat:
    return Seat(house)


@pytest.fixture
async def environment(seat: Seat) -> dict[str, Any]:
    return await seat.make("ours", SELF_HOSTED)


@pytest.fixture
async def worker(seat: Seat, environment: dict[str, Any]) -> Worker:
    return await seat.hire(environment)


async def take(worker: Worker) -> dict[str, Any]:
    found = await worker.poll()
    assert found is not None
    return found


async def start(worker: Worker) -> tuple[dict[str, Any], Worker, str]:
    """Take an item up to its first heartbeat; return it, its token's holder, and the heartbeat."""
    work = await take(worker)
    assert (await worker.act(work, "ack")).json()["state"] == "starting"
    holder = worker.with_token(work)
    beat = (await holder.beat(work, "NO_HEARTBEAT")).json()
    assert (beat["state"], beat["lease_extended"]) == ("active", True)
    return work, holder, beat["last_heartbeat"]


def failed(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - an answer
    error = refused(answer, 412, "invalid_request_error", "", "heartbeat_precondition_failed")
    state: dict[str, Any] = error["details"]["current_state"]
    assert state["lease_extended"] is False
    return state


async def test_a_session_waits_in_the_queue_until_a_worker_takes_it(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    assert await worker.poll() is None
    session = await seat.session(environment)
    work = await take(worker)
    assert work.keys() == FIELDS
    assert parse(Kind.WORK, work["id"])
    assert (work["type"], work["state"]) == ("work", "queued")
    assert (work["environment_id"], work["data"]) == (environment["id"], {"type": "session", "id": session["id"]})
    assert await worker.poll() is None


async def test_items_are_taken_oldest_first(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    made = [(await seat.session(environment))["id"] for _ in range(3)]
    assert [(await take(worker))["data"]["id"] for _ in made] == made


async def test_an_item_that_nobody_acknowledges_is_given_again_with_another_token(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    await seat.session(environment)
    first = await take(worker)
    assert await worker.poll("?reclaim_older_than_ms=60000") is None
    second = await worker.poll("?reclaim_older_than_ms=0")
    assert second is not None
    assert second["id"] == first["id"]
    assert second["secret"] != first["secret"]
    await seat.house.app.changes.look()
    assert (await worker.with_token(first).beat(first, "NO_HEARTBEAT")).status == 401


async def test_a_poll_waits_for_work_that_comes(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    agent = await seat.agent()
    polling = asyncio.create_task(worker.poll("?block_ms=999"))
    session = await seat.session(environment, agent=agent["id"])
    found = await polling or await take(worker)
    assert found["data"]["id"] == session["id"]


async def test_two_polls_at_once_never_take_one_item(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    await seat.session(environment)
    found = await asyncio.gather(*(worker.poll() for _ in range(6)))
    assert len([work for work in found if work is not None]) == 1


async def test_a_lease_is_kept_by_naming_the_heartbeat_before(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    await seat.session(environment)
    work, holder, beat = await start(worker)
    second = (await holder.beat(work, beat, 60)).json()
    assert (second["type"], second["ttl_seconds"], second["state"]) == ("work_heartbeat", 60, "active")
    assert second["last_heartbeat"] > beat
    stale = failed(await holder.beat(work, beat))
    assert (stale["state"], stale["last_heartbeat"]) == ("active", second["last_heartbeat"])
    assert failed(await holder.beat(work, "NO_HEARTBEAT"))["ttl_seconds"] == 60
    assert (await holder.act(work, "heartbeat")).json()["lease_extended"] is True


async def test_an_item_is_kept_only_by_who_acknowledged_it(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    await seat.session(environment)
    work = await take(worker)
    assert failed(await worker.beat(work, "NO_HEARTBEAT"))["state"] == "queued"
    assert (await worker.act(work, "ack")).json()["acknowledged_at"]
    assert (await worker.act(work, "ack")).json()["state"] == "starting"


async def test_a_worker_is_asked_to_end_and_told_with_its_next_heartbeat(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    await seat.session(environment)
    work, holder, beat = await start(worker)
    path = f"{worker.root}/{work['id']}"
    asked = await seat.post(f"{path}/stop")
    assert (asked["state"], asked["stopped_at"]) == ("stopping", None)
    assert asked["stop_requested_at"]
    told = (await holder.beat(work, "whatever")).json()
    assert (told["state"], told["lease_extended"], told["last_heartbeat"]) == ("stopping", False, beat)
    ended = (await holder.act(work, "stop", {"force": True})).json()
    assert ended["state"] == "stopped"
    assert ended["stopped_at"]
    refused(await worker.act(work, "stop"), 409, "invalid_request_error", "has stopped already")
    refused(await worker.act(work, "ack"), 409, "invalid_request_error", "takes no acknowledgement")
    assert (await worker.beat(work, "whatever")).json()["state"] == "stopped"
    await seat.house.app.changes.look()
    assert (await holder.beat(work, beat)).status == 401


async def test_what_no_worker_has_begun_stops_at_once(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    await seat.session(environment)
    work = await take(worker)
    assert (await worker.act(work, "stop")).json()["state"] == "stopped"


@pytest.mark.parametrize("act", ["archive", "delete"])
async def test_a_session_that_ends_takes_its_work_with_it(
    seat: Seat, environment: dict[str, Any], worker: Worker, act: str
) -> None:
    waiting, served = await seat.session(environment), None
    work, holder, beat = await start(worker)
    served, waiting = waiting, await seat.session(environment)
    for session in (served, waiting):
        path = f"{SESSIONS}/{session['id']}"
        answer = await (seat.ask("DELETE", path) if act == "delete" else seat.ask("POST", f"{path}/archive"))
        assert answer.status == 200
    assert await worker.poll() is None
    assert (await holder.beat(work, beat)).json()["state"] == "stopping"


async def test_a_worker_lists_and_programs_look_at_items(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    for _ in range(3):
        await seat.session(environment)
    first = (await worker.ask("GET", f"{worker.root}?limit=2")).json()
    rest = (await worker.ask("GET", f"{worker.root}?limit=2&page={first['next_page']}")).json()
    items = [*first["data"], *rest["data"]]
    assert [item["created_at"] for item in items] == sorted((item["created_at"] for item in items), reverse=True)
    assert (len(items), rest["next_page"], items[0]["secret"]) == (3, None, None)
    path = f"{worker.root}/{items[0]['id']}"
    assert await seat.get(path) == items[0]
    changed = await seat.post(path, {"metadata": {"a": "1", "b": None}})
    assert (changed["metadata"], (await seat.get(path))["metadata"]) == ({"a": "1"}, {"a": "1"})
    invalid(await seat.ask("POST", path, {"metadata": {"a" * 65: "1"}}), "metadata", "invalid_metadata")


async def test_the_queue_is_counted(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    stats = f"{worker.root}/stats"
    nothing = {"type": "work_queue_stats", "depth": 0, "pending": 0, "oldest_queued_at": None, "workers_polling": 0}
    assert await seat.get(stats) == nothing
    for _ in range(3):
        await seat.session(environment)
    await worker.poll(worker_id="one")
    await worker.poll("?block_ms=1", worker_id="two")
    await worker.poll(worker_id="two")
    found = await seat.get(stats)
    assert (found["depth"], found["pending"], found["workers_polling"]) == (0, 3, 2)
    items = (await worker.ask("GET", worker.root)).json()["data"]
    assert found["oldest_queued_at"] == items[-1]["created_at"]


@pytest.mark.parametrize("query", ["block_ms=0", "block_ms=1000", "block_ms=x", "reclaim_older_than_ms=-1"])
async def test_a_poll_asks_within_bounds(worker: Worker, query: str) -> None:
    invalid(await worker.ask("GET", f"{worker.root}/poll?{query}"), query.partition("=")[0])


async def test_each_credential_does_its_own_part(seat: Seat, environment: dict[str, Any], worker: Worker) -> None:
    await seat.session(environment)
    work = await take(worker)
    holder, path = worker.with_token(work), f"{worker.root}/{work['id']}"
    denied = [
        (seat, "GET", f"{worker.root}/poll"), (seat, "GET", worker.root), (seat, "POST", f"{path}/ack"),
        (seat, "POST", f"{path}/heartbeat"), (worker, "GET", path), (worker, "POST", path),
        (worker, "GET", f"{worker.root}/stats"), (worker, "POST", SESSIONS), (worker, "GET", "/v1/agents"),
        (worker, "GET", f"/v1/environments/{environment['id']}"), (worker, "GET", "/v1/models"),
        (worker, "DELETE", f"{SESSIONS}/{work['data']['id']}"), (holder, "GET", f"{worker.root}/poll"),
        (holder, "GET", path), (holder, "POST", f"{path}/ack"), (holder, "POST", f"{SESSIONS}/{work['data']['id']}"),
    ]  # fmt: skip
    for who, method, target in denied:
        answer = await who.ask(method, target, {} if method == "POST" else None)
        assert answer.status == 403, (method, target, answer.body)


async def test_a_worker_sees_its_environments_sessions_and_a_token_one(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    mine, second = await seat.session(environment), await seat.session(environment)
    foreign = await seat.session(await seat.make("else", SELF_HOSTED))
    holder = worker.with_token(await take(worker))
    for who, seen, hidden in ((worker, (mine, second), (foreign,)), (holder, (mine,), (second, foreign))):
        for session in seen:
            assert (await who.ask("GET", f"{SESSIONS}/{session['id']}")).status == 200
        for session in hidden:
            path = f"{SESSIONS}/{session['id']}"
            refused(await who.ask("GET", path), 404, "not_found_error", "Session not found")
            refused(await who.ask("GET", f"{path}/events"), 404, "not_found_error", "Session not found")
        listed = (await who.ask("GET", SESSIONS)).json()["data"]
        assert {item["id"] for item in listed} == {session["id"] for session in seen}


async def test_a_worker_of_another_environment_finds_nothing(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    await seat.session(environment)
    other = await seat.hire(await seat.make("else", SELF_HOSTED))
    work = await take(worker)
    refused(await other.ask("GET", f"{worker.root}/poll"), 404, "not_found_error", "Environment not found")
    refused(await other.ask("POST", f"{worker.root}/{work['id']}/stop"), 404, "not_found_error")
    refused(await other.ask("POST", f"{other.root}/{work['id']}/stop"), 404, "not_found_error", "Work not found")
    holder = worker.with_token(work)
    refused(await holder.ask("POST", f"{worker.root}/work_{NOTHING}/stop"), 404, "not_found_error", "Work not found")
    refused(await seat.ask("GET", f"{worker.root}/work_{NOTHING}"), 404, "not_found_error", "Work not found")
    refused(await seat.ask("GET", f"/v1/environments/env_{NOTHING}/work/stats"), 404, "not_found_error")


async def test_a_key_is_shown_once_and_opens_until_it_is_deleted(seat: Seat, environment: dict[str, Any]) -> None:
    root = f"/v1/environments/{environment['id']}/keys"
    made = await seat.post(root, {"name": "laptop"})
    assert made["key"].startswith("sk-ant-oat01-")
    assert parse(Kind.ENVIRONMENT_KEY, made["id"])
    kept = {name: value for name, value in made.items() if name != "key"}
    assert (kept["type"], kept["name"], kept["expires_at"]) == ("environment_key", "laptop", None)
    assert await seat.get(root) == {"data": [kept], "next_page": None}
    worker = Worker(seat.house, environment, made["key"])
    assert await worker.poll() is None
    deleted = await seat.ask("DELETE", f"{root}/{made['id']}")
    assert deleted.json() == {"id": made["id"], "type": "environment_key_deleted"}
    await seat.house.app.changes.look()
    assert (await worker.ask("GET", f"{worker.root}/poll")).status == 401
    refused(await seat.ask("DELETE", f"{root}/{made['id']}"), 404, "not_found_error", "Environment key not found")


async def test_a_key_may_end_by_itself(seat: Seat, environment: dict[str, Any]) -> None:
    root = f"/v1/environments/{environment['id']}/keys"
    made = await seat.post(root, {"name": "a", "expires_at": "2099-01-01T00:00:00Z"})
    assert made["expires_at"] == "2099-01-01T00:00:00Z"
    invalid(await seat.ask("POST", root, {"name": "a", "expires_at": "2001-01-01T00:00:00Z"}), "in the future")
    invalid(await seat.ask("POST", root, {"name": "a", "expires_at": "soon"}), "expires_at")
    invalid(await seat.ask("POST", root, {"name": ""}), "name")
    invalid(await seat.ask("POST", root, {"name": "a\tb"}), "name")


async def test_only_live_self_hosted_environments_get_keys(seat: Seat, environment: dict[str, Any]) -> None:
    cloud = await seat.make("cloud")
    said = {"name": "worker"}
    invalid(await seat.ask("POST", f"/v1/environments/{cloud['id']}/keys", said), "only self_hosted environments")
    await seat.archive(environment)
    answer = await seat.ask("POST", f"/v1/environments/{environment['id']}/keys", said)
    invalid(answer, "is archived", "environment_archived")
    refused(await seat.ask("POST", f"/v1/environments/env_{NOTHING}/keys", said), 404, "not_found_error")


async def test_a_deleted_environment_takes_its_keys_and_its_queue_with_it(
    seat: Seat, environment: dict[str, Any], worker: Worker
) -> None:
    session = await seat.session(environment)
    await seat.ask("DELETE", f"{SESSIONS}/{session['id']}")
    assert (await seat.delete(environment)).status == 200
    await seat.house.app.changes.look()
    assert (await worker.ask("GET", f"{worker.root}/poll")).status == 401


async def test_keys_are_in_the_audit_log_without_their_secrets(seat: Seat, environment: dict[str, Any]) -> None:
    made = await seat.post(f"/v1/environments/{environment['id']}/keys", {"name": "laptop"})
    await seat.ask("DELETE", f"/v1/environments/{environment['id']}/keys/{made['id']}")
    storage, organization_id = seat.house.app.storage, seat.house.founded.organization_id
    acts = (await storage.activities.listing(organization_id, ActivityQuery(), IdCursor(limit=100))).items
    for kind in ("environment_key_created", "environment_key_revoked"):
        (act,) = [shown.activity for shown in acts if shown.activity.type == kind]
        assert act.details["environment_key_id"] == made["id"]
        assert made["key"] not in str(act)
