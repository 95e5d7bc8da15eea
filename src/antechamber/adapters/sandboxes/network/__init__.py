"""The network of a sandbox: nothing but listeners inside its namespace, whose other ends the egress proxy holds.

`EgressClient.open` may prepare namespaces ahead; `prepare` before a sandbox is made (files, variables), `attach` before
its first program starts, `detach` when it has ended.
"""

from antechamber.adapters.sandboxes.network.client import EgressClient, NetworkError, lacking
from antechamber.adapters.sandboxes.network.doors import Doors
from antechamber.adapters.sandboxes.network.inside import Preparation

__all__ = ["Doors", "EgressClient", "NetworkError", "Preparation", "lacking"]
