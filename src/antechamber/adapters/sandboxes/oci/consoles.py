"""The terminal of a program: the runtime makes it inside and sends its other end over a socket."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.children import Child
from antechamber.features.environments.model.sandbox import SandboxError

_SECONDS: Final = 10.0


class Console:
    """A socket that waits for one terminal; `path` is for the runtime."""

    def __init__(self, listener: socket.socket, path: str) -> None:
        self._listener = listener
        self.path = path

    async def receive(self, child: Child) -> int:
        """Return the terminal, which does not block; SandboxError if the runtime ends without giving one."""
        loop = asyncio.get_running_loop()
        come = loop.create_future()

        def tell(_: object = None) -> None:
            if not come.done():
                come.set_result(None)

        loop.add_reader(self._listener, tell)
        stop = child.when_ended(tell)
        try:
            async with asyncio.timeout(_SECONDS):
                await come
            # It may have ended and given one before.
            sender, _ = self._listener.accept()
        except (TimeoutError, BlockingIOError) as error:
            message = "the runtime gave no terminal to the program"
            raise SandboxError(message) from error
        finally:
            stop()
            loop.remove_reader(self._listener)
        return _received(sender)


def _received(sender: socket.socket) -> int:
    with sender:
        sender.settimeout(_SECONDS)
        _, descriptors, _, _ = socket.recv_fds(sender, 256, 1)
    if not descriptors:
        message = "the runtime gave no terminal to the program"
        raise SandboxError(message)
    os.set_inheritable(descriptors[0], False)
    os.set_blocking(descriptors[0], False)
    return descriptors[0]


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[Console]:
    """Listen at a path of any length, for as long as the block runs."""
    folder = os.open(path.parent, os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX)
    try:
        # A path of a socket has room for 107 bytes; by way of the descriptor it always fits.
        short = f"/proc/{os.getpid()}/fd/{folder}/{path.name}"
        listener.bind(short)
        listener.listen(1)
        listener.setblocking(False)
        yield Console(listener, short)
    finally:
        listener.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - a socket's name, in no time
        os.close(folder)
