"""What a container's network is asked of, and one for engines beside which no egress proxy runs."""

from typing import Protocol

from antechamber.adapters.sandboxes.network import Doors, NetworkError, Preparation
from antechamber.adapters.sandboxes.network.inside import prepare
from antechamber.features.environments.model.sandbox import NetworkPolicy


class Network(Protocol):
    """EgressClient, as far as it is used here."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Let go of all."""

    def prepare(self, sandbox_id: str, policy: NetworkPolicy) -> Preparation:
        """Return what a sandbox needs inside."""

    async def attach(self, doors: Doors, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Give a sandbox its network."""

    async def detach(self, sandbox_id: str) -> None:
        """Take it away."""


class NoNetwork:
    """Sandboxes of NetworkMode.NONE only."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """Let go of all."""

    def prepare(self, sandbox_id: str, policy: NetworkPolicy) -> Preparation:
        """Return what a sandbox needs inside."""
        del sandbox_id
        return prepare(policy, None)

    async def attach(self, doors: Doors, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Refuse."""
        del doors, policy
        message = f"the sandbox {sandbox_id} can have no network: no egress proxy runs"
        raise NetworkError(message)

    async def detach(self, sandbox_id: str) -> None:
        """Do nothing."""
