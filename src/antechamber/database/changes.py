"""The change feed: how every node learns, within a second, that something it keeps in memory has changed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import select

from antechamber.base.errors import WireError
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection, own
from antechamber.database.feed import CHANNEL
from antechamber.database.tables import change_feed

if TYPE_CHECKING:
    import asyncpg

# what feeds a watch; a role or a workspace that changes what a credential opens counts as a change of credentials
CREDENTIALS: Final = "credentials"
LIMITS: Final = "limits"
# whom an exchange may believe, which no memory holds without asking for the version
FEDERATION: Final = "federation"
# what is put into the outbox of webhooks
WEBHOOKS: Final = "webhooks"
# where traces go to
TELEMETRY: Final = "telemetry"
# what was used is priced anew; nobody watches it, who keeps prices of then asks for the version
PRICES: Final = "prices"

_POLL_SECONDS: Final = 0.5
# built once: a look comes twice a second for as long as the server runs
_VERSIONS: Final = select(change_feed.c.name, change_feed.c.version)
_log = structlog.get_logger("changes")


def announce(unit: Unit, name: str) -> None:
    """Have the transaction say at its end that what `name` stands for has changed; one rolled back says nothing."""
    own(unit).changed.add(name)


class Changes:
    """Calls back when a name's version moves: woken by NOTIFY on PostgreSQL, by a look every half second otherwise.

    The look goes on beside NOTIFY, so that a lost listening connection delays nothing beyond its period.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outages: tuple[type[Exception], ...] = (OSError, *database.driver_errors)
        self._versions: dict[str, int] = {}
        self._callbacks: dict[str, list[Callable[[], Awaitable[None]]]] = {}
        self._wake = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._listener: asyncpg.Connection | None = None

    def watch(self, name: str, callback: Callable[[], Awaitable[None]]) -> None:
        """Call `callback` after each change of `name`."""
        self._callbacks.setdefault(name, []).append(callback)

    async def has_changed(self, name: str) -> bool:
        """Say whether `name` has ever changed, on whatever node."""
        return name in await self._read()

    async def start(self) -> None:
        """Take the present versions as known, and begin to watch."""
        self._versions = await self._read()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop watching."""
        self._stopped = True
        while self._task is not None and not self._task.done():
            # Drivers have been seen to swallow a cancellation: say it again.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_POLL_SECONDS)
        if self._listener is not None:
            with contextlib.suppress(*self._outages):
                await self._listener.close(timeout=1)

    async def look(self) -> None:
        """Compare versions now, and call back for those that moved."""
        versions = await self._read()
        moved = [name for name, version in versions.items() if self._versions.get(name) != version]
        for name in moved:
            for callback in self._callbacks.get(name, []):
                await callback()
        self._versions = versions

    async def _read(self) -> dict[str, int]:
        async with self._database.read() as unit:
            rows = await connection(unit).execute(_VERSIONS)
            return {row.name: row.version for row in rows}

    async def _run(self) -> None:
        while not self._stopped:
            await self._listen()
            # Python 3.11's wait_for can lose a cancellation that comes with the wake; timeout can't.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.look()
            except WireError as error:
                _log.warning("change feed not readable", note=error.note)
            except Exception:  # noqa: BLE001 - a feed that ended here would let revoked keys go on for ever
                _log.exception("a change could not be taken up; trying again")

    async def _listen(self) -> None:
        if self._database.is_sqlite or (self._listener is not None and not self._listener.is_closed()):
            return
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._listener = await _connect(url)
            await self._listener.add_listener(CHANNEL, lambda *_: self._wake.set())
        except self._outages as error:
            _log.warning("cannot listen for changes; looking every half second", note=repr(error))


async def _connect(url: str) -> "asyncpg.Connection":
    import asyncpg  # noqa: PLC0415 - not loaded beside SQLite

    return await asyncpg.connect(url, timeout=5)
