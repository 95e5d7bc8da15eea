"""The outbox and its delivering, on both databases: at least once, one node at a time, and an end for the hopeless."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from antechamber.adapters.seals import MasterKeySeals
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.outbound import Headers
from antechamber.base.page import IdCursor, Page
from antechamber.base.secret import Secret
from antechamber.database.changes import WEBHOOKS, Changes
from antechamber.database.engine import Database, connection
from antechamber.features.webhooks.model.deliveries import Delivery, DeliveryState, Outcome
from antechamber.features.webhooks.model.endpoints import Draft, Endpoint, EventType, State
from antechamber.features.webhooks.service.delivering import Delivering
from antechamber.features.webhooks.service.endpoints import Webhooks
from antechamber.features.webhooks.service.outbox import Outbox
from antechamber.features.webhooks.sql import SqlWebhooks, webhook_deliveries
from tests.contracts.tenants import MINE, THEIRS, Services

STORE = SqlWebhooks()
FAILED, RECOVERED = EventType.EXTERNAL_KEY_FAILED, EventType.EXTERNAL_KEY_RECOVERED
DOWN = Outcome(reason="unreachable", note="nobody is there")
HOUR = 3600


class Anywhere:
    """Lets every address be."""

    async def check(self, field: str, url: str) -> None:
        del field, url


class Carrier:
    """Takes deliveries nowhere; `outcomes` are how the next ones end, well when there is none left."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.carried: list[tuple[str, str, bytes]] = []
        self.hanging = ""
        self.brought = asyncio.Event()

    async def deliver(self, url: str, headers: Headers, body: bytes) -> Outcome:
        self.carried.append((url, dict(headers)["webhook-id"], body))
        if url == self.hanging:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.brought.set()
        return self.outcomes.pop(0) if self.outcomes else Outcome(status=200)

    async def next(self) -> None:
        """Wait until one more was brought to its end."""
        self.brought.clear()
        await self.brought.wait()

    def count(self, path: str) -> int:
        return sum(url.endswith(path) for url, _, _ in self.carried)


class Station:
    """The services of webhooks on one node."""

    def __init__(self, made: Services, database: Database) -> None:
        self.database, self.clock, self.audit = database, made.clock, made.audit
        chance = SystemChance()
        seals = MasterKeySeals(lambda: [Secret("master")], chance)
        self.carrier = Carrier()
        self.outbox = Outbox(STORE, made.clock, chance)
        self.webhooks = Webhooks(STORE, database, made.clock, chance, made.audit, seals, Anywhere())
        self.delivering = Delivering(STORE, database, made.clock, made.audit, seals, self.carrier)

    async def endpoint(
        self, path: str = "", organization_id: OrganizationId = MINE, events: tuple[EventType, ...] = (FAILED,)
    ) -> Endpoint:
        draft = Draft(url=f"https://a.example.com/{path}", events=events)
        endpoint, _ = await self.webhooks.create(organization_id, draft, OPERATOR)
        return endpoint

    async def tell(self, what: EventType = FAILED, organization_id: OrganizationId = MINE) -> None:
        async with self.database.begin() as unit:
            await self.outbox.tell(unit, organization_id, what, {"id": "ekey_1"})

    async def waiting(self) -> int:
        async with self.database.read() as unit:
            pending = select(webhook_deliveries).where(webhook_deliveries.c.state == "pending")
            return len((await connection(unit).execute(pending)).all())

    async def history(self, endpoint: Endpoint, **asked: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as IdCursor
        cursor = IdCursor(asked.get("limit", 100), asked.get("after_id"), asked.get("before_id"))
        page = await self.webhooks.deliveries(endpoint.organization_id, endpoint.id, cursor)
        return [
            (
                each.event_type,
                each.standing.state,
                each.standing.attempts,
                each.standing.last_status,
                each.standing.last_error,
            )
            for each in page.items
        ]

    async def get(self, endpoint: Endpoint) -> Endpoint:
        return await self.webhooks.get(endpoint.organization_id, endpoint.id)


@pytest.fixture
async def station(made: Services) -> Station:
    return Station(made, made.database)


@pytest.fixture
async def second(made: Services, database_address: URL) -> AsyncIterator[Station]:
    """Another node."""
    opened = Database(database_address)
    yield Station(made, opened)
    await opened.close()


async def test_an_event_goes_to_those_who_asked_for_it_and_to_nobody_else(station: Station) -> None:
    await station.endpoint("a")
    await station.endpoint("b", events=(RECOVERED, FAILED))
    await station.endpoint("c", events=(RECOVERED,))
    await station.endpoint("d", THEIRS)
    off = await station.endpoint("e")
    await station.webhooks.update(MINE, off.id, Draft(state=State.DISABLED), OPERATOR)
    await station.tell()
    assert await station.delivering.deliver_due() == 2
    assert sorted(url for url, _, _ in station.carrier.carried) == [
        "https://a.example.com/a",
        "https://a.example.com/b",
    ]
    (_, first, body), (_, other, same) = station.carrier.carried
    assert (first, body) == (other, same)
    assert json.loads(body)["data"] == {"type": "external_key.failed", "organization_id": MINE, "id": "ekey_1"}
    assert (await station.delivering.deliver_due(), await station.waiting()) == (0, 0)


async def test_what_did_not_happen_in_the_end_is_not_told(station: Station) -> None:
    await station.endpoint()

    async def fail() -> None:
        async with station.database.begin() as unit:
            await station.outbox.tell(unit, MINE, FAILED, {"id": "ekey_1"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await station.delivering.deliver_due(), await station.waiting()) == (0, 0)


async def test_two_nodes_never_deliver_the_same(station: Station, second: Station) -> None:
    await station.endpoint()
    for _ in range(50):
        await station.tell()
    taken = await asyncio.gather(station.delivering.deliver_due(), second.delivering.deliver_due())
    carried = [event_id for node in (station, second) for _, event_id, _ in node.carrier.carried]
    assert (sum(taken), len(carried), len(set(carried))) == (50, 50, 50)


async def test_what_failed_is_tried_again_after_its_pause(station: Station) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [DOWN, Outcome(status=500)]
    await station.tell()
    assert await station.delivering.deliver_due() == 0
    assert (await station.get(endpoint)).failures == 1
    station.clock.advance(4)
    assert (await station.delivering.deliver_due(), len(station.carrier.carried)) == (0, 1)
    station.clock.advance(1)
    assert (await station.delivering.deliver_due(), len(station.carrier.carried)) == (0, 2)
    station.clock.advance(30)
    assert await station.delivering.deliver_due() == 1
    assert ((await station.get(endpoint)).failures, await station.waiting()) == (0, 0)
    assert len({(event_id, body) for _, event_id, body in station.carrier.carried}) == 1


async def test_what_a_node_took_on_and_did_not_bring_comes_again(station: Station) -> None:
    await station.endpoint()
    await station.tell()
    now = station.clock.now()
    async with station.database.begin() as unit:
        (claimed,) = await STORE.sweep_due(unit, now, now + 60_000_000, 10, [])
    assert (claimed.attempts, await station.delivering.deliver_due()) == (0, 0)
    station.clock.advance(60)
    assert await station.delivering.deliver_due() == 1


async def test_an_endpoint_that_hangs_holds_up_no_other(station: Station) -> None:
    hanging = await station.endpoint("hangs")
    for _ in range(50):
        await station.tell()
    station.carrier.hanging = hanging.url
    await station.endpoint("other")
    await station.tell()
    station.delivering.start()
    async with asyncio.timeout(60):
        await station.carrier.brought.wait()
        await station.tell()
        await station.delivering.wake()
        while station.carrier.count("other") < 2:
            await station.carrier.next()
    assert station.carrier.count("hangs") < 8
    await station.delivering.stop(0)


async def test_an_event_that_nobody_takes_for_a_day_is_given_up(station: Station) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [DOWN] * 100
    await station.tell()
    for _ in range(11):
        assert await station.waiting() == 1
        await station.delivering.deliver_due()
        station.clock.advance(9 * HOUR)
    assert await station.waiting() == 0
    known = await station.get(endpoint)
    assert (known.state, known.failures) == (State.ENABLED, 11)


async def test_an_endpoint_that_fails_for_an_hour_and_more_is_switched_off(station: Station) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [DOWN] * 100
    for _ in range(30):
        await station.tell()
    await station.delivering.deliver_due()
    assert (await station.get(endpoint)).state is State.ENABLED, "a burst in a short outage is no reason"
    station.clock.advance(HOUR)
    await station.delivering.deliver_due()
    known = await station.get(endpoint)
    assert (known.state, await station.waiting()) == (State.DISABLED, 0)
    assert "in a row failed" in known.disabled_reason
    await station.tell()
    assert await station.waiting() == 0, "what happens meanwhile is never delivered"
    again = await station.webhooks.update(MINE, endpoint.id, Draft(state=State.ENABLED), OPERATOR)
    assert (again.disabled_reason, again.failures) == ("", 0)


@pytest.mark.parametrize("reason", ["redirect", "private_address", "name", "url"])
async def test_what_only_another_address_can_mend_switches_off_at_once(station: Station, reason: str) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [Outcome(reason=reason)]
    await station.tell()
    await station.delivering.deliver_due()
    known = await station.get(endpoint)
    assert (known.state, await station.waiting()) == (State.DISABLED, 0)
    assert known.disabled_reason.startswith("The URL")


async def test_what_waits_for_a_removed_endpoint_goes_with_it(station: Station) -> None:
    endpoint = await station.endpoint()
    await station.tell()
    await station.webhooks.delete(MINE, endpoint.id, OPERATOR)
    assert (await station.waiting(), await station.delivering.deliver_due()) == (0, 0)


async def test_an_event_wakes_whoever_delivers_on_every_node(station: Station, second: Station) -> None:
    await station.endpoint()
    woken: list[str] = []

    async def wake() -> None:
        woken.append("woken")

    changes = Changes(second.database)
    changes.watch(WEBHOOKS, wake)
    await changes.look()
    woken.clear()
    await station.tell()
    await changes.look()
    assert woken == ["woken"]


async def test_a_task_delivers_and_stops_when_it_is_told(station: Station) -> None:
    await station.endpoint()
    await station.tell()
    station.delivering.start()
    async with asyncio.timeout(60):
        await station.carrier.brought.wait()
        await station.delivering.stop()
    assert await station.waiting() == 0
    assert len(station.carrier.carried) == 1


async def test_it_stays_known_what_became_of_each_event(station: Station) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [Outcome(status=200), DOWN, Outcome(status=503)]
    for what in (FAILED, FAILED, FAILED):
        await station.tell(what)
        await station.delivering.deliver_due()
        station.clock.advance(1)
    name = FAILED.value
    pending = [(name, "pending", 1, 503, "status"), (name, "pending", 1, None, "unreachable")]
    assert await station.history(endpoint) == [*pending, (name, "delivered", 1, 200, None)]
    station.clock.advance(10)
    await station.delivering.deliver_due()
    assert await station.history(endpoint) == [(name, "delivered", 2, 200, None)] * 2 + [
        (name, "delivered", 1, 200, None)
    ]
    assert await station.history(await station.endpoint("other", THEIRS)) == []


async def test_deliveries_come_in_pages_newest_first(station: Station) -> None:
    endpoint = await station.endpoint()
    for _ in range(5):
        await station.tell()
        station.clock.advance(1)

    async def page(after: str | None) -> Page[Delivery]:
        return await station.webhooks.deliveries(MINE, endpoint.id, IdCursor(2, after, None))

    found = await page(None)
    seen = [*found.items]
    while found.has_more:
        found = await page(seen[-1].event_id)
        seen += found.items
    assert len({each.event_id for each in seen}) == 5
    assert [each.created_at for each in seen] == sorted((each.created_at for each in seen), reverse=True)
    with pytest.raises(InvalidRequest, match="after_id"):
        await page("event_nobodys")


async def test_what_was_dropped_and_what_was_given_up_say_so(station: Station) -> None:
    endpoint = await station.endpoint()
    station.carrier.outcomes = [DOWN] * 11
    await station.tell()
    for _ in range(11):
        await station.delivering.deliver_due()
        station.clock.advance(9 * HOUR)
    await station.tell()
    await station.webhooks.update(MINE, endpoint.id, Draft(state=State.DISABLED), OPERATOR)
    name = FAILED.value
    assert await station.history(endpoint) == [
        (name, DeliveryState.DROPPED, 0, None, None),
        (name, DeliveryState.FAILED, 11, None, "unreachable"),
    ]
    await station.webhooks.update(MINE, endpoint.id, Draft(state=State.ENABLED), OPERATOR)
    assert await station.delivering.deliver_due() == 0, "what was dropped stays so"


async def test_what_ended_a_month_ago_is_forgotten_and_what_waits_is_not(station: Station) -> None:
    endpoint = await station.endpoint()
    await station.tell()
    await station.delivering.deliver_due()
    station.clock.advance(29 * 24 * HOUR)
    station.carrier.outcomes = [DOWN]
    await station.tell()
    await station.delivering._forget()
    assert len(await station.history(endpoint)) == 2
    station.clock.advance(2 * 24 * HOUR)
    await station.delivering._forget()
    assert [state for _, state, *_ in await station.history(endpoint)] == ["pending"]
