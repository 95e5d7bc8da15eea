"""Makes base trees: of Debian's packages with mmdebstrap, or of an OCI image with skopeo and umoci; root or not.

A tree of packages is made as an archive first, which a cache keeps under what it was made of, so that another folder,
or another user on the machine, only unpacks it. Without root, trees are unpacked in a user namespace of the user's
own subordinate ids, whose first is what a sandbox's root is outside.
"""

import hashlib
import io
import os
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.images.means import Source, laid_in
from antechamber.adapters.sandboxes.images.profiles import FILES, FOLDERS, PROFILES, Profile
from antechamber.adapters.sandboxes.images.trees import TREE, Tree, Trees, size_of

Say = Callable[[str], None]

_VERSION: Final = "1"
_LONGEST_SECONDS: Final = 3600
_PROGRAMS: Final = {"apt": "apt-get", "cargo": "cargo", "gem": "gem", "go": "go", "npm": "npm", "pip": "pip3"}
# where they are looked for, as a sandbox's PATH has it; official images have theirs in the last three
_BIN: Final = ("usr/bin", "usr/local/bin", "usr/local/go/bin", "usr/local/cargo/bin")
_WANTED: Final = {"mmdebstrap": "mmdebstrap", "skopeo": "skopeo", "umoci": "umoci", "newuidmap": "uidmap"}


class MakingFailed(Exception):
    """A base could not be made; the message says why, and how it can be mended."""


class Maker:
    """Makes trees in the folder of `trees`, archives in `cache`."""

    def __init__(self, trees: Trees, cache: Path, say: Say, source: Source) -> None:
        self._trees = trees
        self._cache = cache
        self._say = say
        self._source = source

    def build(self, name: str) -> Tree:
        """Make a profile anew and have it used from now on; MakingFailed."""
        profile = PROFILES.get(name)
        if profile is None:
            message = f"{name}: there is no such base; there are: {', '.join(PROFILES)}"
            raise MakingFailed(message)
        return self.unpack(name, self.archive(profile))

    def archive(self, profile: Profile) -> Path:
        """Return the archive of a profile, made if the cache has none of the same recipe; MakingFailed."""
        recipe = [
            _VERSION,
            self._source.suite,
            self._source.mirror or "",
            *profile.packages,
            *map(str, profile.commands),
        ]
        key = hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:16]
        path = self._cache / f"{profile.name}-{key}.tar"
        if path.is_file():
            self._say(f"taking {path}")
            return path
        _require("mmdebstrap")
        self._cache.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.tar")
        try:
            with laid_in(self._source) as (before, after):
                self._run(self._debstrap(profile, fresh, before, after))
            fresh.rename(path)
        finally:
            fresh.unlink(missing_ok=True)
        return path

    def take(self, name: str, image: str) -> Tree:
        """Make a tree of an OCI image: a folder (`oci:PATH:TAG`), an archive, or one to pull (`docker://...`)."""
        _require("skopeo", "umoci")
        work = self._trees.folder / f".import-{name}-{os.getpid()}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, mode=0o700)
        try:
            self._run(["skopeo", "copy", "--insecure-policy", "--quiet", image, f"oci:{work}/image:base"])
            # the ids inside must be able to write here
            work.chmod(0o777)
            self._inside(["umoci", "raw", "unpack", "--image", "image:base", "tree"], work)
            archive = work / "base.tar"
            archive.touch(0o666)
            archive.chmod(0o666)
            self._inside(["tar", "--create", "--numeric-owner", "--file=base.tar", "--directory=tree", "."], work)
            return self.unpack(name, archive)
        finally:
            self._inside(["rm", "-rf", "tree"], work)
            shutil.rmtree(work, ignore_errors=True)

    def _debstrap(self, profile: Profile, target: Path, before: Sequence[str], after: Sequence[str]) -> list[str]:
        line = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--include={','.join(profile.packages)}"]
        # a tree that is half made is thrown away, so nothing in it has to be on the disk
        line += [
            "--aptopt=Acquire::Retries=3",
            "--dpkgopt=force-unsafe-io",
            "--dpkgopt=path-exclude=/usr/share/man/*/*",
        ]
        line += ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright"]
        line += before
        told = ["HOME=/root", *(f"{name}={value}" for name, value in sorted(self._source.environment.items()))]
        line += [f'--customize-hook=chroot "$1" env {shlex.join([*told, *each])}' for each in profile.commands]
        line += ['--customize-hook=rm -rf "$1"/root/.npm "$1"/root/.cache', *after]
        line += [self._source.suite, str(target)]
        return line + ([self._source.mirror] if self._source.mirror else [])

    def unpack(self, name: str, archive: Path) -> Tree:
        """Unpack an archive beside the other trees, add what every base has, and have it used."""
        self._trees.folder.mkdir(parents=True, exist_ok=True)
        fresh = self._trees.folder / f".{name}-{os.getpid()}"
        self._remove(fresh)
        fresh.mkdir(mode=0o777)
        fresh.chmod(0o777)
        self._say(f"unpacking {name}")
        line = ["tar", "--extract", "--numeric-owner", "--preserve-permissions", "--xattrs", "--exclude=./dev/*"]
        # the folder around the tree is this user's own, and can be renamed; the tree is not
        line += [f"--directory={TREE}", "--file=-"]
        try:
            self._inside(["mkdir", TREE], fresh)
            with archive.open("rb") as file:
                self._inside(line, fresh, file.fileno())
            additions = io.BytesIO()
            _write_additions(additions)
            self._inside(line, fresh, additions.getvalue())
            digest = _digest(fresh / TREE, archive)
            fresh.chmod(0o755)
            folder = self._trees.folder / f"{name}-{digest[:16]}"
            if not folder.is_dir():
                fresh.rename(folder)
        finally:
            self._remove(fresh)
        root = folder / TREE
        managers = tuple(manager for manager, program in _PROGRAMS.items() if _has(root, program))
        tree = Tree(name, digest, root, managers, size_of(root))
        self._trees.keep(tree)
        self._say(f"{name} is ready: {tree.size_bytes >> 20} MiB, {', '.join(managers) or 'no package managers'}")
        return tree

    def _remove(self, folder: Path) -> None:
        if folder.exists():
            self._inside(["rm", "-rf", "--", folder.name], folder.parent, is_checked=False)
            shutil.rmtree(folder, ignore_errors=True)

    def _inside(self, argv: Sequence[str], folder: Path, given: bytes | int = b"", *, is_checked: bool = True) -> None:
        """Run a program in a folder as root of the ids that trees belong to."""
        stdin = given if isinstance(given, int) else None
        data = given if isinstance(given, bytes) else None
        ended = subprocess.run(  # noqa: S603 - programs and arguments are ours
            [*_as_root(), *argv], cwd=folder, stdin=stdin, input=data, capture_output=True, check=False,
            timeout=_LONGEST_SECONDS,
        )  # fmt: skip
        if is_checked and ended.returncode != 0:
            message = f"{argv[0]} ended with {ended.returncode}: {ended.stderr.decode(errors='replace').strip()[-500:]}"
            raise MakingFailed(message)

    def _run(self, argv: Sequence[str]) -> None:
        self._say(" ".join(argv))
        # what it mounts of this machine for a chroot is gone when it is, however it ends
        apart = ["unshare", "--mount", "--propagation", "private", "--"] if os.geteuid() == 0 else []
        process = subprocess.Popen(  # noqa: S603 - the same
            [*apart, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._source.outside,
            text=True,
            errors="replace",
        )
        last = ""
        with process:
            for line in process.stdout or ():
                last = line.strip() or last
                self._say(line.rstrip())
        if process.returncode != 0:
            message = f"{argv[0]} ended with {process.returncode}: {last}"
            raise MakingFailed(message)


def _require(*programs: str) -> None:
    missing = [_WANTED[name] for name in programs if shutil.which(name) is None]
    if missing:
        message = f"This needs programs that are not here; as root: apt-get install {' '.join(missing)}"
        raise MakingFailed(message)


def _as_root() -> list[str]:
    """Return how a program is run as root of a user namespace of this user's subordinate ids; nothing for root."""
    if os.geteuid() == 0:
        return []
    _require("newuidmap")
    first, count = subordinate_ids()
    span = f"{first},0,{count}"
    return ["unshare", "--user", f"--map-users={span}", f"--map-groups={span}", "--setuid=0", "--setgid=0", "--"]


def subordinate_ids() -> tuple[int, int]:
    """Return the first of this user's subordinate ids and how many sandboxes use; MakingFailed without enough."""
    import pwd  # noqa: PLC0415 - not on every system that loads this module

    user = pwd.getpwuid(os.geteuid())
    with Path("/etc/subuid").open(encoding="utf-8") as file:
        for line in file:
            owner, first, count = line.strip().split(":")
            if owner in {user.pw_name, str(user.pw_uid)} and int(count) >= _FEWEST_IDS:
                return int(first), _FEWEST_IDS
    message = f"{user.pw_name} has no subordinate ids; as root: usermod --add-subuids 100000-165535 {user.pw_name}"
    raise MakingFailed(message)


_FEWEST_IDS: Final = 65_535


def _write_additions(target: io.BytesIO) -> None:
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name in FOLDERS:
            entry = tarfile.TarInfo(f"./{name}")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, (text, mode) in FILES.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))


def _digest(tree: Path, archive: Path) -> str:
    """Return what names a tree's content: its packages and their versions, else its archive's bytes."""
    status = tree / "var/lib/dpkg/status"
    digest = hashlib.sha256(_VERSION.encode())
    if status.is_file():
        digest.update(status.read_bytes())
    else:
        with archive.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _has(tree: Path, program: str) -> bool:
    return any(os.path.lexists(tree / place / program) for place in _BIN)
