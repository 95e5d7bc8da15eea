"""Gives a sandbox its network: listeners inside its namespace, handed to the egress proxy with the policy.

Lives in the supervisor of the sandboxes. It keeps each sandbox's listeners, so that a proxy that was started anew gets
them again and a sandbox never learns of it.
"""

from pathlib import Path

from antechamber.adapters.sandboxes.network.inside import Preparation, prepare
from antechamber.features.environments.model.sandbox import NetworkPolicy, SandboxError


class NetworkError(SandboxError):
    """A sandbox cannot have the network of its policy on this machine; the message says why."""


class EgressClient:
    """The network of all sandboxes of one supervisor."""

    def __init__(self, socket_path: Path, *, nft: str = "nft") -> None:
        """`socket_path` is where the egress proxy listens; `nft` the program for sandboxes of unlimited network."""
        self._path = socket_path
        self._nft = nft

    async def start(self) -> None:
        """Start the helper that enters namespaces, in the namespaces of the caller."""

    async def stop(self) -> None:
        """End the helper, and let go of all listeners."""

    def prepare(self, sandbox_id: str, policy: NetworkPolicy) -> Preparation:
        """Return files and variables for a sandbox that is about to be made."""
        del sandbox_id
        return prepare(policy, None)

    async def attach(self, pid: int, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Give the network namespace of a process its network, before its program starts; NetworkError.

        `pid` is the sandbox's first process as this process sees it.
        """
        raise NotImplementedError

    async def detach(self, sandbox_id: str) -> None:
        """Cut a sandbox's connections and close its listeners; nothing happens if it has none."""
        raise NotImplementedError
