"""The seccomp profile of the OCI runtime's bundle, in the engines' spelling."""

import json
from importlib import resources


def profile(architecture: str) -> str:
    """Return it for an architecture (as uname names it), as `security-opt` takes it; none for one that it lacks."""
    place = resources.files("antechamber.adapters.sandboxes") / "oci" / "seccomp.json"
    kept = json.loads(place.read_text(encoding="utf-8"))
    if (own := kept.get(architecture)) is None:
        return ""
    told = {name: kept[name] for name in ("defaultAction", "defaultErrnoRet")}
    return json.dumps({**told, "architectures": own["architectures"], "syscalls": kept["syscalls"] + own["syscalls"]})
