"""The base trees of this machine, as a runtime mounts them; one folder and one manifest each, put there by rename."""

import json
import os
import re
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.images import host
from antechamber.adapters.sandboxes.images.profiles import PROFILES
from antechamber.features.environments.model.sandbox import HOST, Base, ReplacedBase

_MANIFEST: Final = ".json"
# of an unpacked base: the files, in a folder that is this user's own
TREE: Final = "tree"
_SHOWN: Final = 16
_REPLACED: Final = re.compile(r"(?P<name>[^.].*?)-(?P<digest>[0-9a-f]{16})(?:-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Tree:
    """A base: `folder` is the lowest layer; each of `binds` is a folder of this machine, shown read-only at a path.

    The owners of its files count from `first_id` of the trees (0, or what a sandbox's root is outside).
    """

    name: str
    digest: str
    folder: Path
    managers: tuple[str, ...]
    size_bytes: int
    binds: tuple[tuple[Path, str], ...] = ()


class Trees:
    """The trees in a folder, then those in `shared`, which nothing is put into.

    `first_id` owns what `host` makes: 0 where mounts map ids, 1 in a rootless namespace.
    """

    def __init__(self, folder: Path, first_id: int = 0, shared: Path | None = None) -> None:
        self.folder = folder
        self._shared = shared
        self._first_id = first_id
        self._host: tuple[tuple[int, ...], Tree] | None = None
        self._making = threading.Lock()

    def find(self, name: str) -> Tree | None:
        """Return a base that is ready; `host` is made when it is first asked for. Blocks for some milliseconds."""
        if name == HOST:
            return self._find_host()
        return next((tree for place in self._places() if (tree := self._read(place / f"{name}{_MANIFEST}"))), None)

    def listing(self) -> list[Base]:
        """Return every base that there is or could be, `host` first."""
        found = {tree.name: tree for tree in self._all()}
        names = [HOST, *PROFILES, *sorted(set(found) - {HOST, *PROFILES})]
        return [_show(name, found.get(name)) for name in names]

    def keep(self, tree: Tree) -> None:
        """Make a tree the one of its name; its folder lies beside the others already."""
        manifest = {
            "name": tree.name,
            "digest": tree.digest,
            "folder": str(tree.folder.relative_to(self.folder)),
            "managers": list(tree.managers),
            "size_bytes": tree.size_bytes,
        }
        path = self.folder / f"{tree.name}{_MANIFEST}"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        fresh.replace(path)

    def find_older(self, name: str, digest: str) -> Tree | None:
        """Return a base as it was, the one that is current included; None if it is not there any more."""
        current = self.find(name)
        if current is not None and digest in {"", current.digest}:
            return current
        folder = self.folder / f"{name}-{digest[:_SHOWN]}" / TREE
        return Tree(name, digest, folder, (), 0) if folder.is_dir() else None

    def drop_replaced(
        self, before: int, used: Collection[str], discard: Callable[[Path], None], *, is_trial: bool
    ) -> list[ReplacedBase]:
        """Remove the trees that were replaced before `before` (µs), but those of digests in `used`; return them.

        `discard` removes a folder that nothing finds any more; with `is_trial` nothing is removed.
        """
        current = {tree.digest[:_SHOWN] for tree in self._all()}
        kept = current | {digest[:_SHOWN] for digest in used}
        found = [
            replaced
            for folder in self.folder.glob("*-*")
            if (of := _REPLACED.fullmatch(folder.name)) and of["digest"] not in kept
            if (replaced := self._replaced(folder, of["name"])).replaced_at < before
        ]
        for each in found if not is_trial else ():
            gone = self.folder / f".{each.name}.gone"
            (self.folder / each.name).rename(gone)
            discard(gone)
        return found

    def replaced_at(self, name: str) -> int | None:
        """Return since when (µs) older bases of a name are replaced; None: nothing is kept of when they were."""
        manifest = self.folder / f"{name}{_MANIFEST}"
        return manifest.stat().st_mtime_ns // 1000 if manifest.exists() else None

    def _replaced(self, folder: Path, name: str) -> ReplacedBase:
        # when its successor came; of one without a successor, when it was made
        since = self.replaced_at(name) or folder.stat().st_mtime_ns // 1000
        return ReplacedBase(folder.name, size_of(folder), since)

    def _find_host(self) -> Tree:
        # asked for on several threads at once, it is made by the first
        with self._making:
            now = host.mark()
            if self._host is None or self._host[0] != now or not self._host[1].folder.is_dir():
                made = host.make(self.folder, self._first_id)
                self._host = now, Tree(HOST, made.digest, made.folder, made.managers, made.size_bytes, made.binds)
            return self._host[1]

    def _all(self) -> Sequence[Tree]:
        names = sorted({path.stem for place in self._places() for path in place.glob(f"*{_MANIFEST}")})
        found = [self.find(HOST), *(self.find(name) for name in names)]
        return [tree for tree in found if tree is not None]

    def _places(self) -> tuple[Path, ...]:
        return (self.folder, self._shared) if self._shared else (self.folder,)

    def _read(self, manifest: Path) -> Tree | None:
        try:
            kept = json.loads(manifest.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        folder = manifest.parent / kept["folder"]
        if not folder.is_dir():
            return None
        return Tree(kept["name"], kept["digest"], folder, tuple(kept["managers"]), kept["size_bytes"])


def size_of(tree: Path) -> int:
    """Return what the files below a folder take."""
    total = 0
    for folder, _, files in os.walk(tree):
        for name in files:
            with suppress(OSError):
                total += os.lstat(Path(folder) / name).st_size
    return total


def _show(name: str, tree: Tree | None) -> Base:
    if tree is None:
        return Base(name, "missing", None, None, (), hint=f"ante sandboxes images build {name}")
    return Base(name, "ready", tree.digest, tree.size_bytes, tree.managers)
