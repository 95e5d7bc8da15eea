"""Watches running sandboxes: their end, their time, and their disk where the kernel does not limit it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from antechamber.adapters.sandboxes.oci.sandbox import OciSandbox
from antechamber.features.environments.model.sandbox import Limits

_DISK_SECONDS: Final = 2.0


class Watching:
    """One task for each running sandbox."""

    def __init__(self, stop: Callable[[OciSandbox, str | None], Awaitable[None]]) -> None:
        """`stop` is called once, with the limit that was passed (`time`, `disk`), None where it ended by itself."""
        self._stop = stop
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, sandbox: OciSandbox, limits: Limits, disk: Callable[[], Awaitable[int]] | None) -> None:
        """Watch a sandbox; its `disk` is measured now and then if that is given."""
        self._tasks[sandbox.id] = asyncio.ensure_future(self._watch(sandbox, limits, disk))

    def end(self, sandbox_id: str) -> None:
        """Watch it no more."""
        task = self._tasks.pop(sandbox_id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def close(self) -> None:
        """Watch nothing more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, sandbox: OciSandbox, limits: Limits, disk: Callable[[], Awaitable[int]] | None) -> None:
        passed = None
        try:
            async with asyncio.timeout(limits.wall_seconds or None):
                if disk is None or not limits.disk_bytes:
                    await sandbox.first.wait()
                elif await _until_full(sandbox, limits.disk_bytes, disk):
                    passed = "disk"
        except TimeoutError:
            passed = "time"
        await self._stop(sandbox, passed)


async def _until_full(sandbox: OciSandbox, most: int, disk: Callable[[], Awaitable[int]]) -> bool:
    """Return whether it passed its limit, or False when it has ended."""
    while True:
        try:
            async with asyncio.timeout(_DISK_SECONDS):
                await sandbox.first.wait()
        except TimeoutError:
            if await disk() > most:
                return True
        else:
            return False
