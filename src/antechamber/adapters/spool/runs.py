"""Runs: each start of a server writes a numbered folder of its own in the folder of its node."""

import os
from pathlib import Path

from antechamber.adapters.spool import lock


class Runs:
    """The runs in the folder of a node, whose lock the caller holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def old(self) -> list[Path]:
        """Return the folders of earlier runs, oldest first."""
        return sorted(path for path in self._folder.glob("g*") if path.is_dir())

    def begin(self) -> Path:
        """Make the folder of a new run."""
        folder = self._next()
        folder.mkdir(mode=0o700)
        return folder

    def adopt_neighbours(self) -> None:
        """Move here what nodes have left whose lock nobody holds."""
        for node in sorted(self._folder.parent.iterdir()):
            theirs = Runs(node).old() if node != self._folder and node.is_dir() else []
            held = lock.try_to_take(node) if theirs else None
            if held is None:
                continue
            for run in theirs:
                run.rename(self._next())
            os.close(held)

    def _next(self) -> Path:
        numbers = [int(path.name[1:]) for path in self.old() if path.name[1:].isdecimal()]
        return self._folder / f"g{max(numbers, default=0) + 1:08d}"
