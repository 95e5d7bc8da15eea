"""What a shell in a fresh container needs from outside."""

from typing import Protocol

from antechamber.features.environments.model.builds import Prepared
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.sandbox import ExitStatus
from antechamber.features.environments.model.shells import Input, Output


class CallerGone(Exception):
    """Nobody is at the other end any more."""


class Channel(Protocol):
    """The way to whoever sits at a shell; every method raises CallerGone."""

    async def prepared(self, sandbox_id: str) -> None:
        """Say that the container is there and the program begins."""

    async def show(self, output: Output, data: bytes) -> None:
        """Show what the program wrote."""

    async def take(self) -> Input:
        """Return what comes next from there; InvalidRequest for what means nothing."""

    async def ended(self, status: ExitStatus) -> None:
        """Say how the program ended."""


class Furnishing(Protocol):
    """What containers are made of."""

    async def prepare(self, environment: Environment) -> Prepared:
        """Return an environment's base and layers, after its packages are built; WireError if they cannot be."""
