"""Destinations, their queue and its delivering, in both databases, before a real collector."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text

from antechamber.adapters.seals import MasterKeySeals
from antechamber.adapters.telemetry import GuardedAddresses, OtlpExporter
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, TelemetryDestinationId, WorkspaceId, mint
from antechamber.base.page import IdCursor
from antechamber.base.secret import Secret
from antechamber.client.guard import Guard
from antechamber.database.changes import TELEMETRY
from antechamber.database.engine import connection
from antechamber.database.tables import change_feed
from antechamber.features.audit.model import ActivityQuery, ActivityType
from antechamber.features.audit.sql import SqlActivities
from antechamber.features.telemetry.model.destinations import (
    Destination,
    DestinationChange,
    DestinationDraft,
    DisabledReason,
    Scope,
    ScopeDraft,
)
from antechamber.features.telemetry.ports import Place
from antechamber.features.telemetry.service import (
    Deliveries,
    DeliveryRules,
    Destinations,
    HeaderSeals,
    Outbox,
    Sender,
    Stores,
    WorkspaceLists,
)
from antechamber.features.telemetry.sql import SqlDestinations, SqlLists, SqlQueue
from antechamber.features.telemetry.sql.tables import telemetry_queue
from antechamber.features.usage.model import Cost, Ending, Intent, Outcome, PriceSource, TokenUsage, UsageRow
from antechamber.features.usage.sql import SqlUsage
from antechamber.features.usage.sql.rows import SqlRows
from antechamber.features.workspaces.model import WorkspaceDraft
from tests.collectors import Answer, Collector, attributes
from tests.contracts.tenants import MINE, THEIRS, Services

EVERYTHING = ScopeDraft(Scope.ALL)
COST = Cost(1, 2, 3, 4, 5, 6, None, PriceSource.TABLE, "2026-01-01")


def row(request_id: str, workspace_id: str = "wrkspc_1", organization_id: OrganizationId = MINE) -> UsageRow:
    intent = Intent(
        request_id=request_id,
        started_at=1_795_262_400_000_000,
        organization_id=organization_id,
        workspace_id=workspace_id,
        default_workspace=False,
        key_id="apikey_1",
        user_id=None,
        service_account_id=None,
        endpoint="messages",
        model_asked="sim-1",
        model_served="sim-1",
        provider="simulated",
        estimated_input=1,
        session_id="s",
        tag="t",
    )
    usage = TokenUsage(*range(1, 9))
    told = ("standard", "us", "standard", "0-200k", "end_turn", 5, None, Ending.COMPLETE)
    return UsageRow(intent, Outcome(usage, 200, *told, estimated=True), COST)


class Bench:
    """Telemetry over a database whose clock stands still, with a ledger that is written by hand."""

    def __init__(self, made: Services, collector: Collector, rules: DeliveryRules | None = None) -> None:
        self.made, self.collector = made, collector
        guard = Guard([collector.url], plain=True)
        self.units, self.clock = made.database, made.clock
        self.stores = Stores(SqlDestinations(), SqlLists(), SqlQueue())
        seals = HeaderSeals(MasterKeySeals(lambda: [Secret("key")], SystemChance()))
        self.outbox = Outbox(self.stores.queue, self.units, self.clock)
        lists = WorkspaceLists(self.stores, made.workspaces, self.units, self.clock, made.audit)
        addresses = GuardedAddresses(guard)
        self.destinations = Destinations(
            self.stores, lists, seals, addresses, self.units, self.clock, SystemChance(), made.audit
        )
        sender = Sender(seals, OtlpExporter(guard, "1"))
        rules = rules or DeliveryRules()
        self.deliveries = Deliveries(
            self.stores, self.outbox, SqlRows(), sender, self.units, self.clock, made.audit, rules
        )

    async def destination(self, path: str = "", scope: ScopeDraft = EVERYTHING) -> Destination:
        draft = DestinationDraft(self.collector.url + path, scope, headers={"x-a": "1"})
        made = await self.destinations.create(MINE, draft, OPERATOR)
        await self.outbox.reload()
        return made

    async def change(self, known: Destination, **fields: object) -> Destination:
        changed = await self.destinations.update(MINE, known.id, DestinationChange(**fields), OPERATOR)  # type: ignore[arg-type]
        await self.outbox.reload()
        return changed

    async def settle(self, rows: Sequence[UsageRow]) -> None:
        """Take rows into the ledger, as its drain does."""
        async with self.units.begin() as unit:
            await SqlUsage().sweep_in(unit, rows)
            await self.outbox.settled(unit, rows)

    async def waiting(self, known: Destination) -> list[str]:
        async with self.units.read() as unit:
            return [each.request_id for each in await self.stores.queue.waiting(unit, MINE, known.id, 1000)]

    async def queued(self) -> int:
        async with self.units.read() as unit:
            return len((await connection(unit).execute(telemetry_queue.select())).all())

    async def find(self, known: Destination) -> Destination:
        return await self.destinations.get(MINE, known.id)

    def arrived(self) -> list[str]:
        return [attributes(span.attributes)["anthropic.request.id"] for span in self.collector.spans]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    opened = Collector()
    yield opened
    await asyncio.to_thread(opened.close)


@pytest.fixture
def bench(made: Services, collector: Collector) -> Bench:
    return Bench(made, collector)


async def test_a_destination_is_kept_as_it_was_made_and_for_its_organization(bench: Bench) -> None:
    known = await bench.destination()
    assert await bench.find(known) == known
    with pytest.raises(NotFound):
        await bench.destinations.get(THEIRS, known.id)
    with pytest.raises(NotFound):
        await bench.destinations.delete(THEIRS, known.id, OPERATOR)
    assert await bench.find(known) == known


async def test_every_change_is_announced(bench: Bench) -> None:
    async def version() -> int:
        async with bench.units.read() as unit:
            query = change_feed.select().where(change_feed.c.name == TELEMETRY)
            found = (await connection(unit).execute(query)).one_or_none()
        return 0 if found is None else int(found.version)

    seen = [await version()]
    known = await bench.destination()
    seen.append(await version())
    await bench.change(known, display_name="Other")
    seen.append(await version())
    await bench.destinations.delete(MINE, known.id, OPERATOR)
    seen.append(await version())
    assert seen == sorted(set(seen))


async def test_a_row_comes_back_whole_as_a_span(bench: Bench) -> None:
    await bench.destination()
    await bench.settle([row("req_1")])
    assert await bench.deliveries.deliver_due() == 1
    told = attributes(bench.collector.spans[0].attributes)
    assert told["gen_ai.usage.input_tokens"] == 1 + 2 + 3 + 4
    assert told["gen_ai.usage.output_tokens"] == 5
    assert told["antechamber.cost.nano_usd"] == 21
    assert (told["gen_ai.conversation.id"], told["antechamber.tag"]) == ("s", "t")
    assert (told["antechamber.estimated"], told["antechamber.ended"]) == (True, "complete")


async def test_what_is_taken_leaves_the_queue_and_is_noted(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row(f"req_{number}") for number in range(3)])
    assert len(await bench.waiting(known)) == 3
    assert await bench.deliveries.deliver_due() == 3
    assert (await bench.waiting(known), await bench.deliveries.deliver_due()) == ([], 0)
    health = (await bench.find(known)).health
    assert (health.last_success_at, health.last_error) == (bench.clock.now(), None)


async def test_more_than_a_batch_goes_in_several(made: Services, collector: Collector) -> None:
    bench = Bench(made, collector, DeliveryRules(batch=4))
    await bench.destination()
    await bench.settle([row(f"req_{number:02}") for number in range(10)])
    assert await bench.deliveries.deliver_due() == 10
    assert [len(each.spans) for each in collector.taken] == [4, 4, 2]
    assert bench.arrived() == [f"req_{number:02}" for number in range(10)]


async def test_the_oldest_are_dropped_when_too_many_wait(made: Services, collector: Collector) -> None:
    bench = Bench(made, collector, DeliveryRules(most_waiting=3))
    await bench.destination()
    for number in range(5):
        await bench.settle([row(f"req_{number}")])
        bench.clock.advance(1)
    assert await bench.deliveries.deliver_due() == 3
    assert (bench.arrived(), bench.deliveries.dropped_count) == (["req_2", "req_3", "req_4"], 2)


async def test_only_covered_rows_of_the_own_organization_are_queued(bench: Bench) -> None:
    one = await bench.made.workspaces.create(MINE, WorkspaceDraft(name="One"), OPERATOR)
    only = await bench.destination(scope=ScopeDraft(Scope.INCLUDE, (WorkspaceId(one.id),)))
    but = await bench.destination(scope=ScopeDraft(Scope.EXCLUDE, (WorkspaceId(one.id),)))
    everything = await bench.destination()
    await bench.settle([row("req_1", one.id), row("req_2", "wrkspc_2"), row("req_3", one.id, THEIRS)])
    assert await bench.waiting(only) == ["req_1"]
    assert await bench.waiting(but) == ["req_2"]
    assert await bench.waiting(everything) == ["req_1", "req_2"]


async def test_a_rolled_back_drain_leaves_nothing_to_be_sent(bench: Bench) -> None:
    await bench.destination()

    async def fail() -> None:
        async with bench.units.begin() as unit:
            await SqlUsage().sweep_in(unit, [row("req_1")])
            await bench.outbox.settled(unit, [row("req_1")])
            message = "no"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="no"):
        await fail()
    assert await bench.queued() == 0


async def test_a_failing_destination_waits_longer_and_longer_and_then_is_disabled(
    made: Services, collector: Collector
) -> None:
    bench = Bench(made, collector, DeliveryRules(longest_failure_seconds=5))
    known = await bench.destination()
    collector.always = Answer(503)
    await bench.settle([row("req_1")])
    attempts = []
    for second in range(20):
        before = len(collector.refused)
        await bench.deliveries.deliver_due()
        attempts += [second] * (len(collector.refused) - before)
        bench.clock.advance(1)
    assert attempts == [0, 1, 3, 7]
    found = await bench.find(known)
    assert (found.disabled_reason, found.health.last_error) == (
        DisabledReason.SUSTAINED_FAILURE,
        "HTTP error (status 503)",
    )
    assert await bench.queued() == 0
    async with bench.units.read() as unit:
        query = ActivityQuery(types=(ActivityType.TELEMETRY_DESTINATION_DISABLED.value,))
        page = await SqlActivities().listing(unit, MINE, query, IdCursor())
    assert [each.details["reason"] for each in page.items] == ["sustained_failure"]


async def test_a_success_in_between_begins_the_count_anew(made: Services, collector: Collector) -> None:
    bench = Bench(made, collector, DeliveryRules(longest_failure_seconds=5))
    known = await bench.destination()
    for number in range(4):
        collector.answers = [Answer(503)]
        await bench.settle([row(f"req_{number}")])
        await bench.deliveries.deliver_due()
        bench.clock.advance(4)
        await bench.deliveries.deliver_due()
    assert (await bench.find(known)).disabled_reason is None
    assert len(bench.arrived()) == 4


async def test_a_destination_that_is_enabled_again_begins_anew(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row("req_1")])
    await bench.change(known, enabled=False)
    assert await bench.queued() == 0
    # a node that has not heard of it yet
    async with bench.units.begin() as unit:
        await bench.stores.queue.sweep_in(unit, bench.clock.now(), [(Place(MINE, known.id), "req_1")])
    await bench.change(known, enabled=True)
    await bench.settle([row("req_2")])
    await bench.deliveries.deliver_due()
    assert bench.arrived() == ["req_2"]


async def test_one_of_two_nodes_has_a_delivery_and_after_a_kill_the_other(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row("req_1")])
    now = bench.clock.now()

    async def claim() -> bool:
        async with bench.units.begin() as unit:
            return await bench.stores.queue.claim(unit, MINE, known.id, now, now + 20 * MICROSECONDS)

    assert sorted(await asyncio.gather(*(claim() for _ in range(4)))) == [False, False, False, True]
    assert await bench.deliveries.deliver_due() == 0
    bench.clock.advance(20)
    assert await bench.deliveries.deliver_due() == 1


async def test_what_waits_for_a_removed_destination_goes_with_it_or_at_the_next_start(bench: Bench) -> None:
    known, other = await bench.destination(), await bench.destination("/other")
    await bench.settle([row("req_1")])
    await bench.destinations.delete(MINE, known.id, OPERATOR)
    assert await bench.queued() == 1
    async with bench.units.begin() as unit:
        await bench.stores.queue.sweep_in(unit, 5, [(Place(MINE, known.id), "req_1")])
    async with bench.units.begin() as unit:
        await bench.stores.queue.sweep_left(unit)
    assert (await bench.queued(), await bench.waiting(other)) == (1, ["req_1"])


async def test_a_destination_that_is_removed_while_spans_are_under_way_is_not_missed(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row("req_1")])
    bench.collector.released.clear()
    sending = asyncio.create_task(bench.deliveries.deliver_due())
    await asyncio.to_thread(bench.collector.wait, lambda seen: len(seen.spans) == 1)
    await bench.destinations.delete(MINE, known.id, OPERATOR)
    bench.collector.released.set()
    assert (await sending, await bench.queued()) == (1, 0)


async def test_a_destination_that_is_disabled_while_spans_are_under_way_stays_so(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row("req_1")])
    bench.collector.always = Answer(301)
    bench.collector.released.clear()
    sending = asyncio.create_task(bench.deliveries.deliver_due())
    await asyncio.to_thread(bench.collector.wait, lambda seen: len(seen.refused) == 1)
    await bench.change(known, enabled=False)
    bench.collector.released.set()
    await sending
    found = await bench.find(known)
    assert (found.disabled_reason, found.health.last_error) == (DisabledReason.CALLER, "redirect (status 301)")


async def test_what_is_under_way_at_a_stop_may_end_and_the_rest_stays(made: Services, collector: Collector) -> None:
    bench = Bench(made, collector, DeliveryRules(batch=1))
    known = await bench.destination()
    await bench.settle([row("req_1"), row("req_2")])
    collector.released.clear()
    bench.deliveries.start()
    await asyncio.to_thread(collector.wait, lambda seen: len(seen.spans) == 1)
    stopping = asyncio.create_task(bench.deliveries.stop())
    # the stop is told of before what is under way ends
    await asyncio.sleep(0)
    collector.released.set()
    await stopping
    assert (bench.arrived(), await bench.waiting(known)) == (["req_1"], ["req_2"])


async def test_a_database_that_fails_ends_no_sending(bench: Bench) -> None:
    known = await bench.destination()
    await bench.settle([row("req_1")])
    async with bench.units.begin() as unit:
        await connection(unit).execute(text("ALTER TABLE telemetry_queue RENAME TO gone"))
    bench.deliveries.start()
    try:
        await asyncio.sleep(0.2)
        async with bench.units.begin() as unit:
            await connection(unit).execute(text("ALTER TABLE gone RENAME TO telemetry_queue"))
        await asyncio.to_thread(bench.collector.wait, lambda seen: len(seen.spans) == 1)
    finally:
        await bench.deliveries.stop()
    assert await bench.waiting(known) == []


async def test_two_who_make_the_tenth_at_once_leave_ten(bench: Bench) -> None:
    for number in range(9):
        await bench.destination(f"/{number}")
    outcomes = await asyncio.gather(*(bench.destination(f"/x{number}") for number in range(4)), return_exceptions=True)
    assert sum(isinstance(each, InvalidRequest) for each in outcomes) == 3
    async with bench.units.read() as unit:
        assert len(await bench.stores.destinations.everything(unit, MINE)) == 10


async def test_ids_have_their_prefix(bench: Bench) -> None:
    known = await bench.destination()
    assert known.id.startswith("tdst_01")
    missing = TelemetryDestinationId(mint(Kind.TELEMETRY_DESTINATION, bench.clock, SystemChance()))
    with pytest.raises(NotFound):
        await bench.destinations.get(MINE, missing)
