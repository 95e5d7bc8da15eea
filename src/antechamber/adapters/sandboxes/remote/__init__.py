"""Sandboxes that another process has: frames over a unix socket, a connection for each call."""

from antechamber.adapters.sandboxes.remote.client import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.server import SandboxServer

__all__ = ["RemoteSandboxes", "SandboxServer"]
