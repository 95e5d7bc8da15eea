"""The change feed between two nodes: what one changes the other learns of within a second."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from antechamber.base.actor import SYSTEM
from antechamber.base.clock import SystemClock
from antechamber.base.errors import AuthenticationFailed, Unavailable
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret
from antechamber.database import changes
from antechamber.database.changes import CREDENTIALS, Changes, announce
from antechamber.database.engine import Database, connection
from antechamber.database.tables import change_feed
from antechamber.features.apikeys.model import Change, Draft, Status
from antechamber.http.authenticate import Authenticator
from tests.contracts.tenants import MINE, NOON, PEPPER, services

SECONDS = 1.0


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def node(database: Database) -> AsyncIterator[tuple[Changes, list[str], Database]]:
    """Another node on the same database, and the names of which it has heard."""
    other = Database(database.url)
    feed, heard = Changes(other), list[str]()

    async def hear() -> None:
        heard.append("x")

    feed.watch("x", hear)
    await feed.start()
    try:
        yield feed, heard, other
    finally:
        await feed.stop()
        await other.close()


async def tell(database: Database, name: str = "x") -> None:
    async with database.begin() as unit:
        announce(unit, name)


async def test_another_node_hears_of_a_change_within_a_second(database: Database) -> None:
    await tell(database)
    async with node(database) as (_, heard, _):
        assert heard == []
        for count in (1, 2):
            await tell(database)
            await tell(database, "y")
            await until(lambda count=count: len(heard) == count)  # type: ignore[misc]


async def test_a_change_that_is_rolled_back_is_not_heard(database: Database) -> None:
    async with node(database) as (feed, heard, _):
        with contextlib.suppress(RuntimeError):
            async with database.begin() as unit:
                announce(unit, "x")
                raise RuntimeError
        await feed.look()
        assert heard == []


# On SQLite only one transaction that may write is open at a time.
@pytest.mark.parametrize("database_address", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_transactions_that_change_the_same_in_another_order_end_both(database: Database) -> None:
    async with node(database) as (feed, heard, _), asyncio.timeout(10):
        async with database.begin() as one, database.begin() as other:
            for unit, names in ((one, "xy"), (other, "yx")):
                for name in names:
                    announce(unit, name)
        await feed.look()
        assert heard


async def test_what_is_told_twice_in_one_transaction_counts_once(database: Database) -> None:
    async with database.begin() as unit:
        announce(unit, "x")
        announce(unit, "x")
    async with database.read() as unit:
        assert (await connection(unit).execute(select(change_feed.c.version))).scalars().all() == [1]


async def test_a_node_that_cannot_listen_looks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(changes, "_connect", refuse)
    async with node(database) as (_, heard, _):
        await tell(database)
        await until(lambda: bool(heard))


# SQLite has no NOTIFY.
@pytest.mark.parametrize("database_address", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_notify_wakes_a_node_that_would_look_only_much_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with node(database) as (feed, heard, _):
        await until(lambda: feed._listener is not None)
        monkeypatch.setattr(changes, "_POLL_SECONDS", 3600)
        await asyncio.sleep(0.6)
        await tell(database)
        await until(lambda: bool(heard))


@pytest.mark.parametrize("error", [Unavailable("away"), ValueError("a bug"), OSError("cut")])
async def test_a_callback_that_fails_is_called_again(database: Database, error: Exception) -> None:
    async with node(database) as (feed, heard, _):
        failures = [error, error]

        async def fail() -> None:
            if failures:
                raise failures.pop()
            heard.append("after")

        feed.watch("x", fail)
        await tell(database)
        await until(lambda: "after" in heard, 5)
        assert failures == []


async def test_a_rotated_away_secret_and_a_leavers_key_stop_on_another_node_within_a_second(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        await made.workspaces.create_default(unit, MINE)
        await made.members.join(unit, MINE, "stays@example.com", "S", OrganizationRole.USER, SYSTEM)
        leaver = await made.members.join(unit, MINE, "leaves@example.com", "L", OrganizationRole.DEVELOPER, SYSTEM)
    key, rotated = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    _, personal = await made.api_keys.create(MINE, Draft("p", user_id=leaver.id), SYSTEM)
    async with node(database) as (feed, _, other):
        authenticator = Authenticator([made.key_source], other, made.clock, PEPPER)
        feed.watch(CREDENTIALS, authenticator.reload)
        await authenticator.reload()

        async def refuses(secret: Secret) -> None:
            with contextlib.suppress(AuthenticationFailed):
                async with asyncio.timeout(SECONDS):
                    while True:
                        await authenticator.authenticate({b"x-api-key": secret.reveal().encode()})
                        await asyncio.sleep(0.01)

        await made.api_keys.rotate(MINE, key.id, NOON, SYSTEM)
        await refuses(rotated)
        await made.members.remove(MINE, leaver.id, SYSTEM)
        await refuses(personal)


async def test_a_revoked_key_stops_on_another_node_within_a_second(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        await made.workspaces.create_default(unit, MINE)
    key, secret = await made.api_keys.create(MINE, Draft("k"), SYSTEM)
    async with node(database) as (feed, _, other):
        authenticator = Authenticator([made.key_source], other, SystemClock(), PEPPER)
        feed.watch(CREDENTIALS, authenticator.reload)
        await authenticator.reload()
        headers = {b"x-api-key": secret.reveal().encode()}
        await authenticator.authenticate(headers)
        await made.api_keys.update(MINE, key.id, Change(status=Status.INACTIVE), SYSTEM)

        async def is_refused() -> bool:
            try:
                await authenticator.authenticate(headers)
            except AuthenticationFailed:
                return True
            return False

        async with asyncio.timeout(SECONDS):
            while not await is_refused():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await made.api_keys.update(MINE, key.id, Change(status=Status.ACTIVE), SYSTEM)
        async with asyncio.timeout(SECONDS):
            while await is_refused():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
