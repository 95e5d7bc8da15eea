"""A database that is locked, stopped or frozen: requests are served, rows arrive later, and nobody gets a 401."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.page import IdCursor
from antechamber.features.apikeys.model import Change, KeyFilter, Status
from antechamber.settings import load
from antechamber.wiring.storage import Storage, open_storage
from tests.faults.accounts import check_exact, check_roll_ups, rows_for
from tests.faults.calls import MESSAGES, ask, body_for
from tests.faults.conftest import Rig
from tests.faults.databases import StoppablePostgres
from tests.faults.processes import Server
from tests.faults.test_upstreams import check_refusal
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults

_STRANGER = "sk-ant-api03-nobodyknowsthiskeyatallnobodyknowsthiskey"


@pytest.fixture(scope="module")
def postgres() -> Iterator[StoppablePostgres]:
    server = StoppablePostgres()
    yield server
    server.remove()


class Load:
    """Short requests, one after another, until told to stop."""

    def __init__(self, server: Server, callers: int = 8) -> None:
        self._server = server
        self._over = False
        self.replies: list[Reply] = []
        self._tasks = [asyncio.create_task(self._go()) for _ in range(callers)]

    async def _go(self) -> None:
        while not self._over:
            body = body_for(MESSAGES, "whatever the database does")
            self.replies.append(await ask(self._server, MESSAGES, body, "events=3; events_per_second=50"))

    async def during(self, seconds: float) -> list[Reply]:
        """Let it run on, and return the answers of that time."""
        begun = len(self.replies)
        await asyncio.sleep(seconds)
        return self.replies[begun:]

    async def end(self) -> list[Reply]:
        """Return every answer."""
        self._over = True
        await asyncio.gather(*self._tasks)
        return self.replies


@asynccontextmanager
async def _beside(server: Server, **flags: object) -> AsyncIterator[Storage]:
    """Open the server's database from another process: this one."""
    storage = open_storage(load({"data": server.data, **flags}).settings)
    try:
        yield storage
    finally:
        await storage.database.close()


async def _refused_stranger(server: Server, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        reply = await ask(server, MESSAGES, body_for(MESSAGES, "who am I?"), x_api_key=_STRANGER)
    check_refusal(reply, MESSAGES, 529, "overloaded_error")
    assert reply.headers["retry-after"]


async def test_a_locked_database_delays_rows_and_nothing_else(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig()
    load = Load(rig.server)
    await load.during(0.5)
    # isolation by hand: the lock is taken here and held
    with closing(sqlite3.connect(rig.server.data / "antechamber.db", isolation_level=None)) as link:
        link.execute("BEGIN EXCLUSIVE")
        during = await load.during(3)
        link.execute("ROLLBACK")
    assert len(during) > 20
    assert {(reply.status, reply.ended) for reply in during} == {(200, "whole")}
    replies = await load.end()
    truth = rig.upstream.settled()
    rows = rows_for(rig.server.data, truth)
    assert rows.keys() == truth.keys() == {reply.headers["request-id"] for reply in replies}
    for name, real in truth.items():
        check_exact(rows[name], real)
    check_roll_ups(rig.server.data)


@pytest.mark.postgres
@pytest.mark.prompt
async def test_without_postgresql_requests_are_served_and_their_rows_come_later(
    make_rig: Callable[..., Rig], postgres: StoppablePostgres
) -> None:
    rig = make_rig({"ANTE_SERVER_DATABASE_URL": postgres.url})
    load = Load(rig.server)
    await load.during(0.5)
    postgres.stop()
    during = await load.during(2.5)
    assert len(during) > 20
    assert {(reply.status, reply.ended) for reply in during} == {(200, "whole")}
    await _refused_stranger(rig.server, 10)
    ready = await ask(rig.server, "/health/ready", method="GET")
    assert ready.status == 503
    assert (await ask(rig.server, "/health/live", method="GET")).status == 200
    postgres.start()
    await _come_later(rig, postgres, load)
    # a key that nobody knows is refused as such once someone can say so
    async with asyncio.timeout(30):
        while (reply := await ask(rig.server, MESSAGES, {}, x_api_key=_STRANGER)).status != 401:
            assert reply.status == 529
            await asyncio.sleep(0.2)
    # and a key that is taken back stops, though the line on which that is told was cut
    await _check_revocation(rig.server, database_url=postgres.url)
    # frozen: it accepts connections and never answers
    load = Load(rig.server)
    await load.during(0.3)
    postgres.freeze()
    try:
        during = await load.during(2)
        assert len(during) > 20
        assert {(reply.status, reply.ended) for reply in during} == {(200, "whole")}
        await _refused_stranger(rig.server, 20)
    finally:
        postgres.thaw()
    await _come_later(rig, postgres, load)
    assert rig.server.stop() == 0


async def _come_later(rig: Rig, postgres: StoppablePostgres, load: Load) -> None:
    replies = await load.end()
    assert {reply.status for reply in replies} == {200}
    truth = {name: real for name, real in rig.upstream.settled().items() if real["status"] == 200}
    async with asyncio.timeout(40):
        while True:
            rows = {row["request_id"]: row for row in await postgres.query("SELECT * FROM usage_rows")}
            if truth.keys() <= rows.keys():
                break
            await asyncio.sleep(0.1)
    assert rows.keys() == truth.keys()
    for name, real in truth.items():
        check_exact(rows[name], real)
    [sums] = await postgres.query(
        "SELECT SUM(requests)::int AS requests, SUM(output)::int AS output FROM usage_rollups WHERE width = '1d'"
    )
    assert sums == {"requests": len(rows), "output": sum(row["output"] for row in rows.values())}


async def _check_revocation(server: Server, **flags: object) -> None:
    async with _beside(server, **flags) as storage:
        organization_id = await storage.sole_organization(None)
        secret = (await storage.founder.another_api_key(organization_id, "To be taken back")).reveal()
        page = await storage.api_keys.listing(organization_id, IdCursor(), KeyFilter())
        [key] = [key for key in page.items if key.name == "To be taken back"]
        assert (await ask(server, "/v1/models", method="GET", x_api_key=secret)).status == 200
        await storage.api_keys.update(organization_id, key.id, Change(status=Status.INACTIVE), OPERATOR)
        async with asyncio.timeout(1):
            while (reply := await ask(server, "/v1/models", method="GET", x_api_key=secret)).status != 401:
                assert reply.status == 200
    check_refusal(reply, "/v1/models", 401, "authentication_error")


@pytest.mark.prompt
async def test_a_key_that_is_taken_back_stops_within_a_second(rig: Rig) -> None:
    await _check_revocation(rig.server)
