"""The base `host`: folders of this machine's /usr, read-only, around a made-up skeleton of all else.

Nothing of /home, /root, /opt, /var or /usr/local shows, and of /etc only what programs need and nobody hides: the
list of certificate authorities, what stands for what (alternatives), and where libraries lie. /usr/local is a folder
of the skeleton, so that what is installed there lies in the sandbox's own layers.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_VERSION: Final = "1"
_SYSTEM: Final = ("bin", "include", "lib", "lib32", "lib64", "libexec", "libx32", "sbin", "share")
_ROOT_LINKS: Final = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_FOLDERS: Final = (
    "dev",
    "etc/alternatives",
    "etc/ssl/certs",
    "mnt/session/outputs",
    "mnt/session/uploads",
    "opt",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr",
    "usr/local/bin",
    "usr/local/lib",
    "usr/local/sbin",
    "usr/local/share",
    "var/cache",
    "var/lib",
    "var/log",
    "var/tmp",
    "workspace",
)
_OPEN: Final = ("tmp", "var/tmp")
# the names that most programs ask for; ids above are nobody's
_TEXTS: Final[Mapping[str, str]] = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n"
    "agent:x:1000:1000:agent:/workspace:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nstaff:x:50:\nwww-data:x:33:\nagent:x:1000:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/hostname": "sandbox\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n",
    "etc/host.conf": "multi on\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/profile": "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
}
_COPIED: Final = (
    "etc/ld.so.cache",
    "etc/os-release",
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/openssl.cnf",
    "etc/mime.types",
    "etc/protocols",
    "etc/services",
)
_COPIED_FOLDERS: Final = ("etc/ld.so.conf.d", "etc/python3*")
_PROGRAMS: Final = (("cargo", "cargo"), ("gem", "gem"), ("go", "go"), ("npm", "npm"), ("pip", "pip3"))


@dataclass(frozen=True, slots=True)
class HostTree:
    """The skeleton, and the folders of this machine to show over it."""

    digest: str
    folder: Path
    managers: tuple[str, ...]
    size_bytes: int
    binds: tuple[tuple[Path, str], ...]


def make(folder: Path, first_id: int, root: Path = Path("/")) -> HostTree:
    """Return the base as this machine is now, making its skeleton if its packages have changed since the last time."""
    digest = _digest(root)
    tree = folder / f"host-{digest[:16]}-{first_id}"
    if not tree.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        # no name by process: supervisors are the first of namespaces of their own, all of the same number
        fresh = Path(tempfile.mkdtemp(prefix=f".{tree.name}.", dir=folder))
        _build(fresh, first_id, root)
        # another process may have been faster
        with suppress(OSError):
            fresh.rename(tree)
        shutil.rmtree(fresh, ignore_errors=True)
    return HostTree(digest, tree, _managers(root), _size(tree), tuple(_binds(root)))


def mark(root: Path = Path("/")) -> tuple[int, ...]:
    """Return what changes when this machine's programs do, read in microseconds."""
    found = []
    for name in ("var/lib/dpkg/status", "usr/bin", "usr/lib"):
        with suppress(OSError):
            found.append((root / name).stat().st_mtime_ns)
    return tuple(found)


def _digest(root: Path) -> str:
    """Return what changes when programs of this machine do: the list of its packages, else its folders of programs."""
    digest = hashlib.sha256(_VERSION.encode())
    try:
        digest.update((root / "var/lib/dpkg/status").read_bytes())
    except OSError:
        for name in ("bin", "lib", "share"):
            digest.update(str((root / "usr" / name).stat().st_mtime_ns).encode())
    return digest.hexdigest()


def _build(fresh: Path, first_id: int, root: Path) -> None:
    shutil.rmtree(fresh, ignore_errors=True)
    for name in _FOLDERS:
        (fresh / name).mkdir(parents=True, exist_ok=True)
    for name in _OPEN:
        (fresh / name).chmod(0o1777)
    for name, text in _TEXTS.items():
        (fresh / name).write_text(text, encoding="utf-8")
    for _, inside in _binds(root):
        (fresh / inside.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for name in _ROOT_LINKS:
        if (root / name).is_symlink():
            (fresh / name).symlink_to((root / name).readlink())
    _copy(fresh, root)
    (fresh / "etc/mtab").symlink_to("../proc/self/mounts")
    if os.geteuid() == 0:
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, first_id, first_id, follow_symlinks=False)


def _copy(fresh: Path, root: Path) -> None:
    for name in _COPIED:
        with suppress(OSError):
            shutil.copyfile(root / name, fresh / name)
    for pattern in _COPIED_FOLDERS:
        for found in root.glob(pattern):
            shutil.copytree(found, fresh / found.relative_to(root), symlinks=True)
    for link in sorted((root / "etc/alternatives").glob("*")):
        if link.is_symlink():
            (fresh / "etc/alternatives" / link.name).symlink_to(link.readlink())


def _binds(root: Path) -> Iterator[tuple[Path, str]]:
    for name in _SYSTEM:
        if (root / "usr" / name).is_dir() and not (root / "usr" / name).is_symlink():
            yield root / "usr" / name, f"/usr/{name}"
    # machines whose /bin is not yet a link to /usr/bin
    for name in _ROOT_LINKS:
        if (root / name).is_dir() and not (root / name).is_symlink():
            yield root / name, f"/{name}"


def _managers(root: Path) -> tuple[str, ...]:
    """Name the managers of packages whose programs show inside."""
    found = []
    for manager, program in _PROGRAMS:
        path = root / "usr/bin" / program
        real = Path(os.path.realpath(path))
        seen = real.is_file() and real.is_relative_to(root / "usr") and not real.is_relative_to(root / "usr/local")
        if seen:
            found.append(manager)
    return tuple(found)


def _size(tree: Path) -> int:
    return sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file())
