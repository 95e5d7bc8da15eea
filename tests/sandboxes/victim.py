"""A server that builds, and is killed at a moment of its build.

`python -m tests.sandboxes.victim SOCKET FOLDER MOMENT`, as test_builds_killed.py starts it.
"""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import connect
from antechamber.database.engine import Database, database_url
from antechamber.features.environments.model.sandbox import Command
from antechamber.features.environments.ports.sandboxes import Process, Sandbox, Sandboxes
from tests.contracts.tenants import settle
from tests.contracts.workshops import Shop
from tests.sandboxes import registries

# before there is a sandbox, before anything is installed, while the manager runs, when what came in is listed, when
# what is not kept is removed, when all of it has run, when all is sealed but not told
MOMENTS = ("create", "prepare", "install", "census", "sweep", "seal", "sealed")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Room:
    """A sandbox whose server dies when it installs."""

    def __init__(self, sandbox: Sandbox, moment: str) -> None:
        self._sandbox = sandbox
        self._moment = moment
        self._has_installed = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the sandbox's own
        return getattr(self._sandbox, name)

    async def execute(self, command: Command) -> Process:
        process = await self._sandbox.execute(command)
        if self._moment == self._phase(command.argv):
            die()
        return process

    def _phase(self, argv: tuple[str, ...]) -> str:
        if "install" in argv:
            self._has_installed = True
            return "install"
        if argv[0] == "find":
            return "sweep"
        return "census" if self._has_installed else "prepare"


class _Mortal:
    """Sandboxes whose server dies at a moment."""

    def __init__(self, sandboxes: Sandboxes, moment: str) -> None:
        self._sandboxes = sandboxes
        self._moment = moment

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the sandboxes' own
        return getattr(self._sandboxes, name)

    async def create(self, spec: Any) -> Any:  # noqa: ANN401 - the same
        if self._moment == "create":
            die()
        return _Room(await self._sandboxes.create(spec), self._moment)

    async def seal(self, sandbox_id: str, digest: str) -> Any:  # noqa: ANN401 - the same
        if self._moment == "seal":
            die()
        layer = await self._sandboxes.seal(sandbox_id, digest)
        if self._moment == "sealed":
            die()
        return layer


async def main(socket: str, folder: str, moment: str) -> None:
    database = Database(database_url(None, Path(folder)))
    sandboxes: Any = _Mortal(RemoteSandboxes(partial(connect, Path(socket))), moment)
    shop = Shop(await settle(database), Path(folder) / "builds", sandboxes, registries=registries.registries())
    shop.builds = shop.open(seconds=600)
    environment = await shop.environment(pip=("iniconfig",))
    print(environment.organization_id, environment.id, flush=True)
    await shop.builds.prepare(environment)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
