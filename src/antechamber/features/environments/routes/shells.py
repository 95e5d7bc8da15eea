"""The WebSocket of a shell in a fresh container."""

from typing import Annotated

from fastapi import APIRouter, Response

from antechamber.base.ids import EnvironmentId
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.environments.model.sandbox import ExitStatus
from antechamber.features.environments.model.shells import Input, Output
from antechamber.features.environments.ports.shells import CallerGone
from antechamber.features.environments.service.shells import Shells
from antechamber.features.environments.wire import shells as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.needs import Acting, Opened
from antechamber.http.sockets import SWITCHING, Socket, SocketClosed

Writer = Annotated[Tenant, ManagedAgents(Permission.SESSIONS_WRITE)]


class _Channel:
    """A socket as the service sees it."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    async def prepared(self, sandbox_id: str) -> None:
        """Say that the container is there."""
        await self._send(wire.show_started(sandbox_id))

    async def show(self, output: Output, data: bytes) -> None:
        """Show output."""
        await self._send(wire.show_output(output, data))

    async def take(self) -> Input:
        """Return what was typed."""
        try:
            return wire.read_input(await self._socket.receive())
        except SocketClosed as error:
            raise CallerGone from error

    async def ended(self, status: ExitStatus) -> None:
        """Say how the program ended."""
        await self._send(wire.show_exit(status))

    async def _send(self, message: bytes | str) -> None:
        try:
            await self._socket.send(message)
        except SocketClosed as error:
            raise CallerGone from error


def shell_routes(shells: Shells) -> APIRouter:
    """Return the route over the service."""
    routes = APIRouter()

    @routes.get("/v1/environments/{environment_id}/shell", summary="A shell in a fresh container, by WebSocket")
    async def shell(environment_id: str, caller: Writer, by: Acting, socket: Opened) -> Response:
        environment = await shells.find(caller.organization_id, caller.workspace_id, EnvironmentId(environment_id))
        try:
            await socket.accept()
            start = wire.read_start(await socket.receive())
            await shells.run(environment, start, _Channel(socket), by)
        except (SocketClosed, CallerGone):
            pass
        return Response(status_code=SWITCHING)

    return routes
