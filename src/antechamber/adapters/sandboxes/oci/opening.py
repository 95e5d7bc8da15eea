"""Opens the runtime as the supervisor's configuration asks (adapters/sandboxes/configuration.py)."""

from pathlib import Path

from antechamber.adapters.blobs import local_blobs
from antechamber.adapters.sandboxes.configuration import SupervisorConfiguration
from antechamber.adapters.sandboxes.network import EgressClient
from antechamber.adapters.sandboxes.oci.options import OciOptions
from antechamber.adapters.sandboxes.oci.sandboxes import OciSandboxes
from antechamber.adapters.sandboxes.snapshots import Snapshots
from antechamber.base.chance import SystemChance


def open_oci(configuration: SupervisorConfiguration, *, rootless: bool) -> OciSandboxes:
    """Return the runtime, not started; SandboxError if its program is not installed."""
    options = OciOptions(Path(configuration.folder), configuration.runtime, rootless)
    network = None if configuration.egress is None else EgressClient(Path(configuration.egress))
    snapshots = Snapshots(local_blobs(Path(configuration.blobs)), SystemChance())
    return OciSandboxes(options, network=network, snapshots=snapshots)
