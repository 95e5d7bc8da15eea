"""Sandboxes on an OCI runtime: crun by default, runc or another by one setting, on overlay layers.

`sandboxes` is the way in. A sandbox is a bundle (`bundle`, `seccomp.json`) on an overlay (`mounts`, `disks`, `ids`)
that the runtime starts (`runtime`); programs in it are `programs`, its files are read by programs inside (`files`).
Lives in the supervisor's process, which has a mount namespace of its own and takes orphans in (`children` reaps them).
"""

from antechamber.adapters.sandboxes.oci.options import Network, OciOptions, Snapshots
from antechamber.adapters.sandboxes.oci.sandboxes import OciSandboxes

__all__ = ["Network", "OciOptions", "OciSandboxes", "Snapshots"]
