"""Running the server: the listener, signals, the operator's commands, and a stop that loses nothing."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server.embed import Server

from antechamber.base.errors import Unavailable
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.gateway.service.catalogue import CatalogueError
from antechamber.settings import Loaded, Settings, SettingsError
from antechamber.wiring.administration import bound_to
from antechamber.wiring.application import Application
from antechamber.wiring.operator import OperatorSocket
from antechamber.wiring.sandboxes import shown_replaced
from antechamber.wiring.storage import Storage

_BACKLOG: Final = 2048
_BACKPRESSURE: Final = 16_384
_POLL_SECONDS: Final = 0.05
_LAST_SECONDS: Final = 2.0
_log = structlog.get_logger("server")


class ListenError(Exception):
    """The address can't be listened on; the message says why."""


def claim_port(host: str, port: int) -> int:
    """Return the port, a free one for 0; ListenError when another process listens there.

    The server binds with SO_REUSEPORT, under which a second server would silently take half of the callers.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            message = f"{host}:{port}: cannot be listened on: {getattr(error, 'strerror', None) or error}"
            raise ListenError(message) from error
        return int(probe.getsockname()[1])


def _check_certificate(settings: Settings) -> None:
    if settings.tls_cert is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        message = f"tls_cert {settings.tls_cert}, tls_key {settings.tls_key}: cannot be used: {error}"
        raise ListenError(message) from error


def _listen_for_metrics(settings: Settings, application: Application) -> None:
    host, port = settings.metrics_host, settings.metrics_port
    try:
        application.metrics.listen(host, port)
    except (OSError, OverflowError) as error:
        message = f"metrics: {host}:{port}: cannot be listened on: {error}"
        raise ListenError(message) from error


class Serving:
    """A server from start to stop."""

    def __init__(self, loaded: Loaded, storage: Storage, announce: Callable[[Application], None]) -> None:
        self._loaded = loaded
        self._settings: Settings = loaded.settings
        self._storage = storage
        self._announce = announce
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._reloads: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until told to stop; the data folder is already locked and its schema current."""
        _check_certificate(self._settings)
        application = Application(self._loaded, self._storage)
        await application.start()
        operator = OperatorSocket(self._storage.folder.operator_socket, self._commands(application))
        await operator.start()
        if self._settings.metrics_port:
            _listen_for_metrics(self._settings, application)
        server = self._server(application)
        serving = asyncio.create_task(server.serve())
        self._take_signals(application)
        try:
            await self._until_listening(serving)
            self._announce(application)
            await self._stopping.wait()
            await self._drain(application)
        finally:
            server.stop()  # type: ignore[no-untyped-call] # granian annotates only part of itself
            # It waits for connections that callers keep open without a request, and need not.
            await asyncio.wait([serving], timeout=_LAST_SECONDS)
            serving.cancel()
            await operator.stop()
            await application.stop()
            self._storage.folder.unlock()

    def _server(self, application: Application) -> Server:
        settings = self._settings
        return Server(
            application.shell,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.auto,
            backlog=_BACKLOG,
            backpressure=_BACKPRESSURE,
            websockets=True,
            log_enabled=False,
            ssl_cert=settings.tls_cert,
            ssl_key=settings.tls_key,
            ssl_protocol_min=SSLProtocols.tls12,
        )

    def _take_signals(self, application: Application) -> None:
        """Stop on SIGTERM and SIGINT, reload on SIGHUP; the embedded HTTP server leaves signals to us."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stopping.set)
        self._loop.add_signal_handler(signal.SIGHUP, self._begin_reload, application)

    def _begin_reload(self, application: Application) -> None:
        task = asyncio.ensure_future(_reload_logged(application))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _until_listening(self, serving: "asyncio.Task[None]") -> None:
        host = self._settings.host
        target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        while not serving.done():
            try:
                _, writer = await asyncio.open_connection(target, self._settings.port)
            except OSError:
                await asyncio.sleep(_POLL_SECONDS)
            else:
                writer.close()
                return
        serving.result()

    async def _drain(self, application: Application) -> None:
        application.is_draining = True
        deadline = self._loop.time() + self._settings.drain_seconds
        while application.admission.open and self._loop.time() < deadline:  # noqa: ASYNC110 - the hot path sets no events
            await asyncio.sleep(_POLL_SECONDS)
        _log.info("stopping", cut_requests=application.admission.open)
        application.shell.cut()
        deadline = self._loop.time() + _LAST_SECONDS
        while application.admission.open and self._loop.time() < deadline:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_POLL_SECONDS)

    def _commands(self, application: Application) -> Mapping[str, Any]:
        async def reload(_: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"providers": await application.reload()}

        async def status(_: Mapping[str, Any]) -> Mapping[str, Any]:
            providers = [provider.name for provider in application.gateway.catalogue.providers]
            return {"base_url": self._settings.base_url(), "providers": providers,
                    "open_requests": application.admission.open}  # fmt: skip

        async def sandboxes(_: Mapping[str, Any]) -> Mapping[str, Any]:
            return await application.sandboxing.describe()

        async def prune_bases(asked: Mapping[str, Any]) -> Mapping[str, Any]:
            days, is_trial = int(asked.get("unused_days", 0)), bool(asked.get("is_trial"))
            layers = application.rooms.builds.layers
            try:
                return shown_replaced(await layers.collect_bases(unused_days=days, is_trial=is_trial))
            except SandboxError as error:
                raise Unavailable(str(error)) from error

        told = {"reload": reload, "status": status, "sandboxes": sandboxes, "prune_bases": prune_bases}
        return {**told, **bound_to(self._storage)}


async def _reload_logged(application: Application) -> None:
    try:
        await application.reload()
    except (CatalogueError, SettingsError) as error:
        _log.error("catalogue not reloaded, the old one stays", note=str(error))
