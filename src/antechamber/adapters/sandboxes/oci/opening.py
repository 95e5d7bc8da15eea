"""Opens the runtime as the supervisor's configuration asks (adapters/sandboxes/configuration.py)."""

from pathlib import Path

from antechamber.adapters.sandboxes.configuration import SupervisorConfiguration
from antechamber.adapters.sandboxes.network import EgressClient
from antechamber.adapters.sandboxes.oci.options import OciOptions
from antechamber.adapters.sandboxes.oci.sandboxes import OciSandboxes


def open_oci(configuration: SupervisorConfiguration, *, rootless: bool) -> OciSandboxes:
    """Return the runtime, not started; SandboxError if its program is not installed."""
    options = OciOptions(Path(configuration.folder), configuration.runtime, rootless)
    network = None if configuration.egress is None else EgressClient(Path(configuration.egress))
    return OciSandboxes(options, network=network)
