"""Refusals are counted in memory, at no cost to who is refused, and flushed beside the requests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from antechamber.base.clock import MICROSECONDS, ManualClock
from antechamber.base.errors import InvalidRequest, Unavailable
from antechamber.base.ids import OrganizationId
from antechamber.base.page import seal_cursor
from antechamber.base.unit import Unit
from antechamber.features.audit.model import HOUR, Refusal, RefusalKey, RefusalQuery
from antechamber.features.audit.service import Refusals
from antechamber.features.audit.service import refusals as counting

NOON = 1_795_262_400_000_000
MINE = OrganizationId("mine")


@dataclass
class Table:
    """A database that may be away, and what was brought into it, batch by batch."""

    batches: list[list[Refusal]] = field(default_factory=list)
    is_away: bool = False
    open: bool = True

    async def sweep_in(self, _unit: Unit, counted: Sequence[Refusal]) -> None:
        self.batches.append(list(counted))

    async def sweep_out(self, _unit: Unit, before: int, most: int) -> None:
        raise AssertionError((before, most))

    async def listing(
        self,
        _unit: Unit,
        _organization_id: OrganizationId,
        _query: RefusalQuery,
        _after: RefusalKey | None,
        *,
        strangers: bool,
    ) -> list[Refusal]:
        del strangers
        return []

    async def is_alone(self, _organization_id: OrganizationId) -> bool:
        return True

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        if self.is_away:
            message = "The database is not reachable."
            raise Unavailable(message)
        yield self

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        yield self


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def refusals(table: Table, clock: ManualClock) -> Refusals:
    return Refusals(table, table, clock, table)


def note(refusals: Refusals, *, principal: str = "", agent: str | None = "agent", request: str = "req_1") -> None:
    refusals.note(
        organization_id=MINE if principal else "",
        principal_id=principal,
        status=403 if principal else 401,
        method="GET",
        route="/v1/things/{id}",
        ip_address="192.0.2.1",
        user_agent=agent,
        request_id=request,
    )


async def test_refusals_alike_within_an_hour_are_one_count_with_the_last_as_sample(
    refusals: Refusals, table: Table, clock: ManualClock
) -> None:
    for number in range(3):
        clock.advance(1)
        note(refusals, request=f"req_{number}")
    note(refusals, principal="adminkey_1")
    clock.advance(3600)
    note(refusals)
    await refusals.flush()
    strangers, known, later = sorted(table.batches[0], key=lambda each: (each.key.hour, each.key.status))
    assert strangers == Refusal(
        RefusalKey(NOON, "", 401, "GET", "/v1/things/{id}", ""),
        3,
        NOON + 3 * MICROSECONDS,
        "192.0.2.1",
        "agent",
        "req_2",
    )
    assert (known.key.principal_id, known.key.organization_id, known.count) == ("adminkey_1", MINE, 1)
    assert later.key.hour == NOON + HOUR
    assert refusals.waiting == 0


async def test_a_flood_takes_no_more_memory_than_its_bound(refusals: Refusals, table: Table) -> None:
    for number in range(20_000):
        note(refusals, principal=f"apikey_{number}")
    assert refusals.waiting == counting._MOST_WAITING + 1
    await refusals.flush()
    written = [each for batch in table.batches for each in batch]
    assert sum(each.count for each in written) == 20_000
    assert max(len(batch) for batch in table.batches) <= counting._BATCH
    rest = next(each for each in written if each.key.route == "other")
    assert (rest.key.organization_id, rest.key.principal_id) == ("", "")


async def test_what_the_database_does_not_take_waits_and_is_added_to(
    refusals: Refusals, table: Table, clock: ManualClock
) -> None:
    note(refusals, request="req_old")
    table.is_away = True
    with pytest.raises(Unavailable):
        await refusals.flush()
    clock.advance(1)
    note(refusals, request="req_new")
    table.is_away = False
    await refusals.flush()
    assert [(each.count, each.request_id) for each in table.batches[0]] == [(2, "req_new")]


async def test_stopping_flushes_a_last_time_and_survives_an_outage(refusals: Refusals, table: Table) -> None:
    note(refusals)
    table.is_away = True
    await refusals.close()
    assert refusals.waiting == 1
    table.is_away = False
    await refusals.close()
    assert (refusals.waiting, len(table.batches)) == (0, 1)


async def test_counting_goes_on_whatever_happens_to_one_batch(
    refusals: Refusals, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FLUSH_SECONDS", 0.0)
    note(refusals)
    table.is_away = True
    running = asyncio.create_task(refusals.run())
    while not refusals.failed_count:  # noqa: ASYNC110 - the service sets no events
        await asyncio.sleep(0)
    table.is_away = False
    while not table.batches:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [each.count for each in table.batches[0]] == [1]


async def test_no_secret_and_no_long_text_is_kept_as_a_sample(refusals: Refusals, table: Table) -> None:
    note(refusals, agent="curl sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH " + "x" * 900)
    await refusals.flush()
    agent = table.batches[0][0].user_agent
    assert agent is not None
    assert "abcdefghijklmnop" not in agent
    assert len(agent) == counting._LONGEST_AGENT


@pytest.mark.parametrize(
    "position",
    [
        "",
        "1",
        "[]",
        "[1,2,3,4,5,6]",
        '[true,"a",1,"a","a","a"]',
        '[1,"a",1,"\\u0000","a","a"]',
        f'[{1 << 63},"a",1,"a","a","a"]',
        '[-1,"a",1,"a","a","a"]',
        '[1,"a",1000,"a","a","a"]',
    ],
)
async def test_a_cursor_that_this_server_did_not_give_is_refused(refusals: Refusals, position: str) -> None:
    query = RefusalQuery()
    binding = counting._binding(MINE, query)
    with pytest.raises(InvalidRequest, match=r"^page: not a cursor that this server gave$"):
        await refusals.listing(MINE, RefusalQuery(page=seal_cursor(position, binding)))
