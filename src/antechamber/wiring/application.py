"""The running server's parts, joined: settings to storage, ledger, gateway, routes and the shell around them."""

import asyncio
import contextlib

import structlog

from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.adapters.providers.upstreams import HttpUpstreams
from antechamber.adapters.spool import FileSpool
from antechamber.database.changes import CREDENTIALS, LIMITS, Changes
from antechamber.features.gateway.routes.data_plane import DataPlane
from antechamber.features.gateway.service import Gateway, Models
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.features.gateway.service.policy import ManagedSettings
from antechamber.features.gateway.wire.dialects import DIALECTS
from antechamber.features.gateway.wire.models import ModelReader
from antechamber.features.usage.service import Analytics, Ledger, UsageReports
from antechamber.features.usage.sql import SqlUsage
from antechamber.http.app import Shell
from antechamber.http.authenticate import Authenticator
from antechamber.http.log import AccessLog
from antechamber.http.metrics import Metrics
from antechamber.http.pace import Pace
from antechamber.http.proxies import TrustedProxies
from antechamber.http.system import System
from antechamber.settings import Loaded, SettingsError
from antechamber.wiring.admission import Admissions
from antechamber.wiring.auditing import RefusalCounting
from antechamber.wiring.catalogue import build_catalogue, open_pool
from antechamber.wiring.claude_code import metrics_intake
from antechamber.wiring.credentials import LastUseKeeping
from antechamber.wiring.egress import egress_configuration
from antechamber.wiring.endpoints import control_plane, description
from antechamber.wiring.limits import Limits
from antechamber.wiring.mail import open_mailing
from antechamber.wiring.oauth import Sweeping, adopt_clients, challenge_of
from antechamber.wiring.policy import read_policy
from antechamber.wiring.prices import open_prices, read_tables
from antechamber.wiring.registries import read_sources
from antechamber.wiring.reports import ReportedPeople
from antechamber.wiring.rooms import RoomServices
from antechamber.wiring.sandboxes import Sandboxing
from antechamber.wiring.storage import Storage, open_storage
from antechamber.wiring.telemetry import Telemetry
from antechamber.wiring.webhooks import WebhookServices

_log = structlog.get_logger("server")


class Application:
    """One server; `start` before the shell is called, `stop` after the last request."""

    def __init__(self, loaded: Loaded, storage: Storage | None = None) -> None:
        self.loaded = loaded
        self.settings = loaded.settings
        self.storage = storage or open_storage(self.settings)
        self.clock = self.storage.clock
        self.is_draining = False
        self._reloading = asyncio.Lock()
        adopt_clients(self.storage.oauth.clients, loaded)
        self.sweeping = Sweeping(self.storage.oauth.sweeper)
        self.sandboxing = Sandboxing(loaded, self.storage.clock)
        self.rooms = RoomServices(loaded, self.storage, self.sandboxing)
        self.containers = self.storage.agents.open_containers(
            self.storage.environments, self.rooms.rooms, self.sandboxing.egress_log
        )
        self._build_ledger()
        self._build_gateway()
        self._build_shell()
        self.mailing = open_mailing(self.storage, self.limits)

    def _build_ledger(self) -> None:
        storage, settings = self.storage, self.settings
        self.spool = FileSpool(storage.folder.spool(settings.node), segment_bytes=settings.spool_segment_bytes)
        self.usage_store = SqlUsage()
        self.prices = open_prices(self.loaded)
        self.ledger = Ledger(self.spool, self.usage_store, storage.database, storage.clock, self.prices)
        people = ReportedPeople(storage.members)
        self.reports = UsageReports(self.usage_store, storage.database, storage.clock, people)
        self.analytics = Analytics(self.usage_store, storage.database, storage.clock, people)

    def _build_gateway(self) -> None:
        storage = self.storage
        self.authenticator = Authenticator(storage.sources, storage.database, storage.clock, storage.pepper)
        self.last_uses = LastUseKeeping(storage, self.authenticator)
        self.changes = Changes(storage.database)
        self.changes.watch(CREDENTIALS, self.authenticator.reload)
        self.simulated = SimulatedUpstream(clock=storage.clock)
        self.simulated_url: str | None = None
        self.upstreams = HttpUpstreams(open_pool)
        self.limits = Limits(storage, self.usage_store, lambda: self.gateway.catalogue, lambda: self.models)
        self.changes.watch(LIMITS, self.limits.book.reload)
        self.webhooks = WebhookServices(storage, self.changes)
        self.telemetry = Telemetry(storage, self.ledger, self.changes)
        self.admission = Admissions(storage, self.ledger, self.usage_store, self.prices, self.limits.book)
        self.admission.events.on_crossed(self.webhooks.budget_crossed)
        self.gateway = Gateway(
            catalogue=build_catalogue(self.loaded, None),
            upstreams=self.upstreams,
            dialects=DIALECTS,
            admission=self.admission.requests,
            ledger=self.ledger,
            clock=storage.clock,
        )
        self.models = Models(lambda: self.gateway.catalogue, self.upstreams, ModelReader(), storage.clock)
        self.policy = ManagedSettings(read_policy(self.loaded))
        self.limits.adopt(self.loaded, self.gateway.catalogue)

    def _build_shell(self) -> None:
        storage, settings = self.storage, self.settings
        self.metrics = Metrics(storage.clock)
        self._register_gauges()
        self.access_log = AccessLog(storage.clock)
        self.refusals = RefusalCounting(storage.database, storage.clock, storage.organizations)
        storage.failed_logins.bind(self.refusals.refusals)
        system = System(
            checks={"database": storage.probe, "drain": self._probe_drain},
            details={"sandboxes": self.sandboxing.state},
            metrics=self.metrics,
            describe=lambda: description(self),
        )
        self.raw = [
            *DataPlane(self.gateway, self.models, self.authenticator, settings.max_body_bytes).routes(),
            *metrics_intake(storage, self.authenticator),
            *system.routes(),
        ]
        self.control = control_plane(self)
        self.shell = Shell(
            control=self.control,
            raw=self.raw,
            authenticator=self.authenticator,
            clock=storage.clock,
            chance=storage.chance,
            proxies=TrustedProxies(settings.trusted_proxies),
            log=self.access_log,
            observe=self.metrics.observe,
            refused=self.refusals.note,
            challenge=challenge_of(settings.base_url()),
            pace=Pace(settings.admin_requests_per_minute, storage.clock),
        )

    def _register_gauges(self) -> None:
        ledger, gauge = self.ledger, self.metrics.gauge
        self.admission.register_gauges(self.metrics)
        self.webhooks.register_gauges(self.metrics)
        self.telemetry.register_gauges(self.metrics)
        gauge("ledger_backlog", "Settled requests not in the database yet", lambda: ledger.backlog)
        gauge("ledger_oldest_seconds", "Age of the oldest of them", lambda: ledger.oldest_undrained_seconds)
        gauge("ledger_drained", "Requests brought into the database since start", lambda: ledger.drained_count)
        gauge("ledger_failures", "Attempts at it that failed since start", lambda: ledger.failed_count)

    async def _probe_drain(self) -> str | None:
        return "the server is stopping" if self.is_draining else None

    async def start(self) -> None:
        """Recover the ledger, read the credentials, and take up the catalogue."""
        if self.settings.simulated != "off":
            port = await self.simulated.start()
            self.simulated_url = f"http://127.0.0.1:{port}"
        self.gateway.adopt(build_catalogue(self.loaded, self.simulated_url))
        self.limits.adopt(self.loaded, self.gateway.catalogue)
        await self.telemetry.prepare()
        await self.ledger.recover()
        self._draining = asyncio.create_task(self.ledger.run())
        self._mailing = asyncio.create_task(self.mailing.run())
        self.refusals.start()
        self.last_uses.start()
        self.sweeping.start()
        self.storage.federation.exchange.poller.start()
        # In this order: a key revoked between the two is a change that the feed sees.
        await self.changes.start()
        await self.authenticator.reload()
        await self.limits.book.reload()
        self.admission.start()
        self.webhooks.delivering.start()
        await self.telemetry.start()
        self.sandboxing.start()
        await self.rooms.start()
        self.containers.start()

    async def reload(self) -> int:
        """Read the catalogue's file anew and take it up; a bad one changes nothing. Returns its providers."""
        async with self._reloading:
            return await self._reload()

    async def _reload(self) -> int:
        loaded = self.loaded.reread_catalogue()
        catalogue = build_catalogue(loaded, self.simulated_url)
        tables, policy, sources = read_tables(loaded), read_policy(loaded), read_sources(loaded)
        blocked = egress_configuration(loaded).blocked
        clients = self.storage.oauth.clients
        try:
            await self.sandboxing.adopt(loaded)
            adopt_clients(clients, loaded)
            self.limits.adopt(loaded, catalogue)
            self.gateway.adopt(catalogue)
        except (CatalogueError, SettingsError):
            # who refuses keeps what it had; those before it go back to that
            adopt_clients(clients, self.loaded)
            self.limits.adopt(self.loaded, self.gateway.catalogue)
            await self.sandboxing.adopt(self.loaded)
            raise
        self.loaded = loaded
        self.prices.adopt(*tables)
        self.policy.adopt(policy)
        self.rooms.adopt(sources, blocked)
        _log.info("catalogue reloaded", providers=[provider.name for provider in catalogue.providers])
        return len(catalogue.providers)

    async def stop(self) -> None:
        """Write what is left to the database, and close."""
        await self.changes.stop()
        for task in (self._draining, self._mailing):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.admission.stop()
        await self.webhooks.delivering.stop()
        await self.telemetry.stop()
        await self.ledger.close()
        await self.refusals.stop()
        await self.last_uses.stop()
        await self.sweeping.stop()
        await self.storage.federation.exchange.poller.stop()
        await self.containers.stop()
        await self.rooms.stop()
        await self.sandboxing.stop()
        await self.upstreams.close()
        await self.simulated.stop()
        self.access_log.flush()
        await self.storage.database.close()
