"""The seccomp profile of the OCI runtime's bundle, in the engines' spelling."""

import json
from importlib import resources
from typing import Any, Final

# Engines before 23.0 know no `defaultErrnoRet`, and answer EPERM where the profile says nothing. Of these, libraries
# must learn that the kernel lacks them, or they try nothing else: without clone3 there would be no thread.
_LACKING: Final = (
    "clone3",
    "getxattrat",
    "io_pgetevents",
    "listmount",
    "listxattrat",
    "lsm_get_self_attr",
    "lsm_list_modules",
    "lsm_set_self_attr",
    "removexattrat",
    "set_mempolicy_home_node",
    "setxattrat",
    "statmount",
)


def profile(architecture: str) -> str:
    """Return it for an architecture (as uname names it), as `security-opt` takes it; none for one that it lacks."""
    place = resources.files("antechamber.adapters.sandboxes") / "oci" / "seccomp.json"
    kept = json.loads(place.read_text(encoding="utf-8"))
    if (own := kept.get(architecture)) is None:
        return ""
    told = {name: kept[name] for name in ("defaultAction", "defaultErrnoRet")}
    lacking = {"names": _LACKING, "action": kept["defaultAction"], "errnoRet": kept["defaultErrnoRet"]}
    calls: list[dict[str, Any]] = [*kept["syscalls"], *own["syscalls"], lacking]
    return json.dumps({**told, "architectures": own["architectures"], "syscalls": calls})
