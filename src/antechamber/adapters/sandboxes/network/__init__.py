"""The network of a sandbox: nothing but listeners inside its namespace, whose other ends the egress proxy holds.

`EgressClient.prepare` before a sandbox is made (files, variables), `attach` between create and start, `detach` when it
has ended.
"""

from antechamber.adapters.sandboxes.network.client import EgressClient, NetworkError, lacking
from antechamber.adapters.sandboxes.network.inside import Preparation

__all__ = ["EgressClient", "NetworkError", "Preparation", "lacking"]
