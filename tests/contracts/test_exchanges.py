"""Exchanges over a database that several nodes share: once is once, keys age, issuers fail and come back."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import AuthenticationFailed, InvalidRequest
from antechamber.base.ids import IssuerId
from antechamber.database.engine import Database, connection
from antechamber.features.federation.model.history import Outcome, Reason
from antechamber.features.federation.model.issuers import IssuerChange
from antechamber.features.federation.model.keys import failed, fetched
from antechamber.features.federation.service.history import Keeping
from antechamber.features.federation.sql.exchanges import SqlSeen, federation_assertions
from antechamber.features.federation.sql.keys import SqlKeys
from antechamber.features.oauth.model import TokenAnswer
from antechamber.features.oauth.sql.tokens import access_tokens
from tests.contracts.exchanging import allow, at_once, node
from tests.contracts.tenants import MINE, THEIRS, Services
from tests.issuers import LocalIssuer, Signer, send

ISSUER = IssuerId("fdis_1")


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    served = LocalIssuer(tmp_path / "issuer")
    yield served
    served.close()


@pytest.fixture
async def second(database_address: URL) -> AsyncIterator[Database]:
    """Another node's way to the same database."""
    opened = Database(database_address)
    yield opened
    await opened.close()


async def _count(database: Database, table: object) -> int:
    async with database.read() as unit:
        return int((await connection(unit).execute(select(func.count()).select_from(table))).scalar_one())  # type: ignore[arg-type]


async def test_of_twenty_exchanges_of_one_assertion_on_two_nodes_one_wins(made: Services, second: Database) -> None:
    nodes = [node(made, made.database), node(made, second)]
    signer = Signer()
    _, rule = await allow(nodes[0], signer)
    ended = await at_once(nodes, rule, signer.sign(**nodes[0].claims()), 20)
    assert sum(isinstance(each, TokenAnswer) for each in ended) == 1
    assert sum(isinstance(each, AuthenticationFailed) for each in ended) == 19
    history = await nodes[0].history()
    assert [each.reason for each in history].count(Reason.JTI_REUSED) == 19
    assert [each.outcome for each in history].count(Outcome.SUCCESS) == 1
    assert await _count(made.database, access_tokens) == 1
    assert await _count(made.database, federation_assertions) == 1


async def test_what_one_node_archives_another_refuses_at_once(made: Services, second: Database) -> None:
    here, there = node(made, made.database), node(made, second)
    signer = Signer()
    _, rule = await allow(here, signer)
    await there.exchange(rule, signer.sign(**there.claims()))
    await here.federation.rules.archive(MINE, rule.id, OPERATOR)
    assert await there.reason(rule, signer.sign(**there.claims())) == (Reason.RULE_ARCHIVED, None)


async def test_a_rule_of_another_organization_is_none(made: Services) -> None:
    here = node(made, made.database)
    signer = Signer()
    _, rule = await allow(here, signer)
    with pytest.raises(AuthenticationFailed, match=r"^Authentication failed$"):
        await here.exchange(rule, signer.sign(**here.claims()), organization_id=THEIRS)
    assert await here.history() == ()
    with pytest.raises(InvalidRequest, match=r"^organization_id: "):
        await here.exchange(rule, signer.sign(**here.claims()), organization_id="mine")


async def test_a_withdrawn_key_is_good_for_a_minute_at_most(made: Services, issuer: LocalIssuer) -> None:
    here = node(made, made.database, (issuer.url,))
    _, rule = await allow(here, issuer)
    await here.exchange(rule, issuer.sign(**here.claims()))
    old = issuer.key
    issuer.rotate()
    new, issuer.key = issuer.key, old
    last = issuer.sign(**here.claims())
    issuer.key = new
    made.clock.advance(59.9)
    await here.exchange(rule, last)
    made.clock.advance(0.1)
    issuer.key, later = old, here.claims()
    signed = issuer.sign(**later)
    issuer.key = new
    assert await here.reason(rule, signed) == (Reason.UNKNOWN_KEY, None)
    await here.exchange(rule, issuer.sign(**here.claims()))


async def test_keys_that_are_in_use_are_fetched_before_they_are_stale(made: Services, issuer: LocalIssuer) -> None:
    here = node(made, made.database, (issuer.url,))
    _, rule = await allow(here, issuer)
    await here.exchange(rule, issuer.sign(**here.claims()))
    made.clock.advance(45)
    await here.federation.exchange.poller.poll_used()
    assert issuer.asked.count("/keys") == 2
    made.clock.advance(50)
    await here.exchange(rule, issuer.sign(**here.claims()))
    assert issuer.asked.count("/keys") == 2


async def test_one_node_fetches_and_the_other_takes_it(made: Services, second: Database, issuer: LocalIssuer) -> None:
    nodes = [node(made, each, (issuer.url,)) for each in (made.database, second)]
    _, rule = await allow(nodes[0], issuer)
    tries = [each.exchange(rule, issuer.sign(**each.claims())) for each in nodes * 5]
    await asyncio.gather(*tries)
    assert issuer.asked.count("/keys") == 1
    assert sum(await asyncio.gather(*(each.poll() for each in nodes))) in {0, 1, 2}
    assert issuer.asked.count("/keys") == 1


async def test_an_issuer_that_is_down_is_believed_for_ten_minutes(made: Services, issuer: LocalIssuer) -> None:
    here = node(made, made.database, (issuer.url,))
    _, rule = await allow(here, issuer)
    await here.exchange(rule, issuer.sign(**here.claims()))
    issuer.answers["/keys"] = lambda request: send(request, {}, 503)
    made.clock.advance(300)
    await here.exchange(rule, issuer.sign(**here.claims()))
    made.clock.advance(301)
    assert await here.reason(rule, issuer.sign(**here.claims())) == (Reason.KEYS_UNAVAILABLE, "status")
    del issuer.answers["/keys"]
    made.clock.advance(60)
    await here.exchange(rule, issuer.sign(**here.claims()))


async def test_polling_pauses_after_ten_failures_and_goes_on_when_told(made: Services, issuer: LocalIssuer) -> None:
    here = node(made, made.database, (issuer.url,))
    trusted, _ = await allow(here, issuer)
    issuer.answers["/keys"] = lambda request: send(request, {}, 500)
    waits: list[int] = []
    for _ in range(10):
        assert await here.poll() == 1
        polling = (await here.federation.issuers.get(MINE, trusted.id)).polling
        assert polling is not None
        if polling.next_poll_at is not None:
            waits.append(round((polling.next_poll_at - made.clock.now()) / 1e6))
            made.clock.advance(waits[-1])
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    polling = (await here.federation.issuers.get(MINE, trusted.id)).polling
    assert polling is not None
    assert (polling.consecutive_failures, polling.next_poll_at) == (10, None)
    assert polling.disabled_at == made.clock.now()
    made.clock.advance(100_000)
    assert await here.poll() == 0
    del issuer.answers["/keys"]
    await here.federation.issuers.update(MINE, trusted.id, IssuerChange(resume_polling=True), OPERATOR)
    assert await here.poll() == 1
    polling = (await here.federation.issuers.get(MINE, trusted.id)).polling
    assert polling is not None
    assert (polling.consecutive_failures, polling.disabled_at) == (0, None)
    assert polling.last_fetched_at == made.clock.now()


async def test_one_issuer_that_hangs_holds_up_no_other(made: Services, issuer: LocalIssuer, tmp_path: Path) -> None:
    other = LocalIssuer(tmp_path / "other")
    try:
        here = node(made, made.database, (issuer.url, other.url))
        issuer.answers["/keys"] = lambda _request: time.sleep(5)
        _, stuck = await allow(here, issuer)
        other.count += 100
        _, good = await allow(here, other)
        waiting = asyncio.create_task(here.reason(stuck, issuer.sign(**here.claims())))
        await here.exchange(good, other.sign(**here.claims()))
        await waiting
        reasons = {each.rule_id: each.reason for each in await here.history()}
        assert reasons == {stuck.id: Reason.KEYS_UNAVAILABLE, good.id: None}
    finally:
        other.close()


async def test_an_assertion_is_remembered_until_it_cannot_come_again(made: Services) -> None:
    here = node(made, made.database)
    signer = Signer()
    _, rule = await allow(here, signer)
    await here.exchange(rule, signer.sign(**here.claims()))
    made.clock.advance(629)
    await here.federation.exchange.history.sweep()
    assert await _count(made.database, federation_assertions) == 1
    made.clock.advance(1)
    await here.federation.exchange.history.sweep()
    assert await _count(made.database, federation_assertions) == 0


async def test_history_is_kept_for_its_days_and_rows(made: Services) -> None:
    here = node(made, made.database, keeping=Keeping(days=1, rows=3))
    signer = Signer()
    _, rule = await allow(here, signer)
    for _ in range(5):
        await here.exchange(rule, signer.sign(**here.claims()))
        made.clock.advance(1)
    newest = await here.history(3)
    await here.federation.exchange.history.sweep()
    assert await here.history() == newest
    made.clock.advance(86_400)
    await here.federation.exchange.history.sweep()
    assert await here.history() == ()


async def test_an_id_is_added_once(made: Services) -> None:
    seen = SqlSeen()
    async with made.database.begin() as unit:
        assert await seen.add(unit, MINE, ISSUER, b"1", 5)
        assert not await seen.add(unit, MINE, ISSUER, b"1", 9)
        assert await seen.add(unit, MINE, IssuerId("fdis_2"), b"1", 5)
        assert await seen.sweep_expired(unit, 5, 1) == 1
        assert await seen.sweep_expired(unit, 5, 10) == 1


async def test_a_fetch_is_claimed_by_one(made: Services, second: Database) -> None:
    keys = SqlKeys()

    async def claim(database: Database) -> bool:
        async with database.begin() as unit:
            return await keys.claim(unit, MINE, ISSUER, 100, 50)

    assert sum(await asyncio.gather(*(claim(each) for each in (made.database, second) * 5))) == 1


async def test_what_is_kept_of_keys_comes_back(made: Services) -> None:
    keys = SqlKeys()
    good = fetched([{"kid": "a"}], 7, 100, 110)
    async with made.database.begin() as unit:
        assert await keys.find(unit, MINE, ISSUER) is None
        await keys.claim(unit, MINE, ISSUER, 100, 50)
        await keys.settle(unit, MINE, ISSUER, good)
        assert await keys.find(unit, MINE, ISSUER) == good
        assert await keys.find(unit, THEIRS, ISSUER) is None
        bad = failed(good, 100, 120, "timeout")
        await keys.settle(unit, MINE, ISSUER, bad)
        assert await keys.find(unit, MINE, ISSUER) == bad
        assert bad.keys == good.keys
        found = await keys.several(unit, MINE, [ISSUER])
        assert found[ISSUER].consecutive_failures == 1
        assert await keys.sweep_due(unit, 119, 5) == []
        await keys.restart(unit, MINE, ISSUER, 130)
        assert await keys.sweep_due(unit, 130, 5) == [(MINE, ISSUER)]
        again = await keys.find(unit, MINE, ISSUER)
        assert again is not None
        assert (again.consecutive_failures, again.attempted_at, again.problem) == (0, 0, None)
        await keys.stop(unit, MINE, ISSUER)
        assert await keys.sweep_due(unit, 10**9, 5) == []
