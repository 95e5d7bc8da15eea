"""Logs of builds, one file each."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.base.ids import BuildId

LONGEST: Final = 16 << 20
_CUT: Final = b"\n==> the log ends here: it was getting too long\n"


class FolderLogs:
    """Logs as `FOLDER/<build id>.log`, readable for their owner alone; what does not fit on the disk is lost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[BuildId, int] = {}

    def append(self, build_id: BuildId, data: bytes) -> None:
        """Add to a log, up to 16 MiB of it."""
        size = self._sizes.get(build_id, 0)
        if size >= LONGEST:
            return
        whole = size + len(data) <= LONGEST
        kept = data if whole else data[: LONGEST - size] + _CUT
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._path(build_id)
            path.touch(mode=0o600)
            with path.open("ab") as file:
                file.write(kept)
        self._sizes[build_id] = size + len(data)

    def read(self, build_id: BuildId, offset: int, limit: int) -> bytes:
        """Return at most `limit` bytes from `offset` on; nothing of a log that is not there."""
        try:
            with self._path(build_id).open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except OSError:
            return b""

    def drop(self, build_id: BuildId) -> None:
        """Remove a log."""
        self._sizes.pop(build_id, None)
        with suppress(OSError):
            self._path(build_id).unlink()

    def _path(self, build_id: BuildId) -> Path:
        return self._folder / f"{build_id}.log"
