"""Counts of refusals in the database."""

from antechamber.base.chance import SystemChance
from antechamber.base.clock import ManualClock
from antechamber.base.ids import OrganizationId, mint_organization
from antechamber.database.engine import Database
from antechamber.features.audit.model import HOUR, Refusal, RefusalKey, RefusalQuery
from antechamber.features.audit.service import Refusals
from antechamber.features.audit.sql import SqlRefusals

NOON = 1_795_262_400_000_000
MINE = mint_organization(SystemChance())
THEIRS = mint_organization(SystemChance())
STORE = SqlRefusals()


class Server:
    """A server that holds one organisation, or more."""

    def __init__(self, *, is_alone: bool) -> None:
        self.alone = is_alone

    async def is_alone(self, _organization_id: OrganizationId) -> bool:
        return self.alone


def refusal(
    hour: int = 0, organization_id: str = MINE, status: int = 403, principal: str = "k", count: int = 1, at: int = 0
) -> Refusal:
    key = RefusalKey(NOON + hour * HOUR, organization_id, status, "GET", "/v1/things", principal)
    return Refusal(key, count, key.hour + at, f"192.0.2.{at}", None, f"req_{at}")


async def keep(database: Database, *counted: Refusal) -> None:
    async with database.begin() as unit:
        await STORE.sweep_in(unit, counted)


async def kept(
    database: Database,
    query: RefusalQuery | None = None,
    *,
    is_alone: bool = False,
    organization_id: OrganizationId = MINE,
) -> list[Refusal]:
    """Read every page of the list."""
    service = Refusals(STORE, database, ManualClock(NOON), Server(is_alone=is_alone))
    found: list[Refusal] = []
    asked = query or RefusalQuery(limit=2)
    while True:
        page = await service.listing(organization_id, asked)
        found += page.refusals
        if page.next_page is None:
            return found
        asked = RefusalQuery(asked.statuses, asked.principal_ids, asked.since, asked.until, asked.limit, page.next_page)


async def test_counts_are_added_and_the_newer_sample_stays(database: Database) -> None:
    await keep(database, refusal(count=2, at=5))
    await keep(database, refusal(count=3, at=4), refusal(1))
    assert await kept(database) == [refusal(1), refusal(count=5, at=5)]
    await keep(database, refusal(count=1, at=6))
    assert (await kept(database))[1] == refusal(count=6, at=6)


async def test_an_organisation_sees_its_own_and_nobodys_only_when_it_is_alone(database: Database) -> None:
    mine, theirs, nobodys = (
        refusal(),
        refusal(organization_id=THEIRS),
        refusal(organization_id="", status=401, principal=""),
    )
    await keep(database, mine, theirs, nobodys)
    assert await kept(database) == [mine]
    assert await kept(database, is_alone=True) == [mine, nobodys]
    assert await kept(database, organization_id=THEIRS) == [theirs]


async def test_the_list_is_paged_newest_hour_first_and_filtered(database: Database) -> None:
    every = [refusal(hour, status=status, principal=who) for hour in (3, 2, 1) for status in (429, 403) for who in "ba"]
    await keep(database, *every)
    assert await kept(database) == every
    assert await kept(database, RefusalQuery(statuses=(429,))) == [each for each in every if each.key.status == 429]
    assert await kept(database, RefusalQuery(principal_ids=("a",))) == [
        each for each in every if each.key.principal_id == "a"
    ]
    window = RefusalQuery(since=NOON + 2 * HOUR, until=NOON + 3 * HOUR)
    assert await kept(database, window) == every[4:8]


async def test_old_hours_and_what_is_too_much_are_removed(database: Database) -> None:
    await keep(database, *(refusal(hour) for hour in range(6)))
    async with database.begin() as unit:
        await STORE.sweep_out(unit, NOON + HOUR, 100)
    assert [each.key.hour for each in await kept(database)] == [NOON + hour * HOUR for hour in (5, 4, 3, 2, 1)]
    async with database.begin() as unit:
        await STORE.sweep_out(unit, 0, 3)
    assert [each.key.hour for each in await kept(database)] == [NOON + hour * HOUR for hour in (5, 4, 3)]


async def test_cleaning_keeps_ninety_days(database: Database) -> None:
    day = 24
    await keep(database, refusal(-90 * day), refusal(-90 * day - 1))
    await Refusals(STORE, database, ManualClock(NOON), Server(is_alone=True)).clean()
    assert await kept(database) == [refusal(-90 * day)]
