"""A worker's queue and lease: which credential goes where, and what each answer to a heartbeat means."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator

import pytest

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.outbound import OutboundError
from antechamber.client.failures import ServerRefused
from antechamber.client.http import Server, Timing
from antechamber.client.work import Item, Kept, Lease, WorkQueue
from tests.unit.cli.wire import NOW, MemoryServer, Scripted, error

SECRET = base64.urlsafe_b64encode(json.dumps({"sessions_token": "of-the-item"}).encode()).decode().rstrip("=")
ITEM = Item("work_1", "sesn_1", "session", SECRET)
BEAT = {
    "type": "work_heartbeat",
    "last_heartbeat": "then",
    "lease_extended": True,
    "state": "active",
    "ttl_seconds": 20,
}


Opened = tuple[WorkQueue, MemoryServer]
Queue = Callable[..., Opened]


@pytest.fixture
def queue() -> Iterator[Queue]:
    """Open queues over servers with these answers."""
    with contextlib.ExitStack() as stack:

        def opened(*answers: Scripted | OutboundError) -> Opened:
            wire = MemoryServer(list(answers))
            timing = Timing(ManualClock(NOW), SeededChance(1), lambda _: None)
            server = stack.enter_context(Server("http://server", wire, timing, max_retries=0))
            return WorkQueue(server, "env_1", "the-key", "me"), wire

        yield opened


def test_items_are_taken_with_the_environment_s_key_and_kept_with_their_own_token(queue: Queue) -> None:
    body = {"id": "work_1", "type": "work", "data": {"type": "session", "id": "sesn_1"}, "secret": SECRET}
    work, wire = queue(Scripted(body=body), Scripted(body={}), Scripted(body=BEAT), Scripted(body={"state": "stopped"}))
    item = work.poll()
    assert item is not None
    assert (item.id, item.session_id, item.kind, item.token) == ("work_1", "sesn_1", "session", "of-the-item")
    work.acknowledge(item)
    Lease(work, item, 0.0).keep(0.0)
    work.stop(item)
    key, token = "Bearer the-key", "Bearer of-the-item"
    assert [sent.headers["authorization"] for sent in wire.sent] == [key, key, token, token]
    assert wire.sent[0].headers["anthropic-worker-id"] == "me"
    assert wire.sent[0].url == "http://server/v1/environments/env_1/work/poll?block_ms=999"
    assert wire.sent[2].url.endswith("/work_1/heartbeat?expected_last_heartbeat=NO_HEARTBEAT")
    assert SECRET not in repr(item)


@pytest.mark.parametrize("secret", [None, "", "not base64!", base64.urlsafe_b64encode(b"[]").decode()])
def test_an_item_without_a_token_of_its_own_is_kept_with_the_key(queue: Queue, secret: str | None) -> None:
    work, wire = queue(Scripted(body=BEAT))
    assert Lease(work, Item("work_1", "sesn_1", "session", secret), 0.0).keep(0.0) is Kept.OURS
    assert wire.sent[0].headers["authorization"] == "Bearer the-key"


def test_each_heartbeat_names_the_one_before_and_comes_in_half_of_the_lease(queue: Queue) -> None:
    work, wire = queue(Scripted(body=BEAT), Scripted(body=BEAT))
    lease = Lease(work, ITEM, 100.0)
    assert lease.due_at == 100.0
    assert lease.keep(100.0) is Kept.OURS
    assert lease.due_at == 110.0
    lease.keep(110.0)
    assert wire.sent[1].url.endswith("expected_last_heartbeat=then")


def test_a_heartbeat_tells_of_a_stop_and_of_another_holder(queue: Queue) -> None:
    for answer, expected in (
        (Scripted(body={**BEAT, "state": "stopping"}), Kept.ENDING),
        (Scripted(body={**BEAT, "lease_extended": False}), Kept.ENDING),
        (error(412, "invalid_request_error"), Kept.LOST),
        (error(401, "authentication_error"), Kept.LOST),
    ):
        work, _ = queue(answer)
        assert Lease(work, ITEM, 0.0).keep(0.0) is expected


def test_a_server_that_is_away_costs_the_lease_only_when_it_must_have_run_out(queue: Queue) -> None:
    work, _ = queue(
        Scripted(body=BEAT), error(503, "api_error"), OutboundError("connect", "refused"), error(500, "api_error")
    )
    lease = Lease(work, ITEM, 0.0)
    assert lease.keep(0.0) is Kept.OURS
    assert lease.keep(10.0) is Kept.OURS
    assert lease.due_at == 11.0
    assert lease.keep(19.0) is Kept.OURS
    assert lease.keep(21.0) is Kept.LOST


def test_what_has_ended_or_belongs_to_another_is_left_alone(queue: Queue) -> None:
    work, wire = queue(
        error(409, "conflict_error"), error(401, "authentication_error"), error(412, "x"), error(403, "x")
    )
    work.stop(ITEM)
    work.stop(ITEM)
    work.hand_back(ITEM)
    assert wire.sent[2].url.endswith("/heartbeat?desired_ttl_seconds=1")
    with pytest.raises(ServerRefused):
        work.stop(ITEM)
    for answer, expected in (
        (Scripted(body={"status": "terminated"}), True),
        (Scripted(body={"status": "idle"}), False),
        (error(404, "not_found_error"), True),
    ):
        work, _ = queue(answer)
        assert work.is_ended(ITEM) is expected
