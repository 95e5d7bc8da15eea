"""Ends what an earlier supervisor left running; what was written stays."""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.runtime import Runtime

_SECONDS: Final = 10.0
_PAUSE: Final = 0.005


async def end_leftovers(runtime: Runtime, *, rootless: bool) -> None:
    """Kill the first process of every sandbox that the runtime knows, wait until it is gone, and forget it."""
    for sandbox_id in runtime.known():
        pid = _first_process(runtime.state / sandbox_id / "status")
        if pid is not None:
            await _kill(pid, rootless=rootless)
        await runtime.delete(sandbox_id, force=not rootless)


def _first_process(status: Path) -> int | None:
    """Return the process that the runtime noted, if that number is still its own."""
    try:
        noted = json.loads(status.read_text(encoding="utf-8"))
        started = Path(f"/proc/{noted['pid']}/stat").read_bytes().rpartition(b") ")[2].split()[19]
    except (OSError, ValueError, KeyError, IndexError):
        return None
    return int(noted["pid"]) if int(started) == int(noted.get("process-start-time", started)) else None


async def _kill(pid: int, *, rootless: bool) -> None:
    with suppress(ProcessLookupError):
        if rootless:
            # Ours is another user namespace than its was: only who has its very id may end it.
            killed = await asyncio.create_subprocess_exec(
                "/bin/kill", "-9", str(pid), user=1, group=1, extra_groups=[], stdin=asyncio.subprocess.PIPE
            )
            await killed.wait()
        else:
            os.kill(pid, 9)
    with suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while Path(f"/proc/{pid}").exists():
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                await asyncio.sleep(_PAUSE)
