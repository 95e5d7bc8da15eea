"""An egress server, and a supervisor's connection to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from antechamber.adapters.egress.channel import Channel
from antechamber.adapters.egress.configuration import EgressConfiguration
from antechamber.adapters.egress.server import EgressServer


@contextlib.asynccontextmanager
async def serving(configuration: EgressConfiguration) -> AsyncIterator[tuple[EgressServer, Channel]]:
    """Serve as configured for as long as the block runs."""
    server = EgressServer(configuration)
    await server.start()
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, configuration.socket)
        channel = Channel(connection)
        try:
            yield server, channel
        finally:
            channel.close()
    finally:
        await server.stop()
