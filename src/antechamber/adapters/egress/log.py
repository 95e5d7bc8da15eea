"""Reads what the egress proxy decided: implements the environments' EgressLog on a folder of files."""

import asyncio
import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class FolderEgressLog:
    """The logs of all sandboxes of this server."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder

    async def read(self, sandbox_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Mapping[str, object]]:
        """Return decisions with a sequence number above `after`, oldest first; none of a sandbox that has no log."""
        return await asyncio.to_thread(self._read, sandbox_id, after, limit)

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox's log."""
        for file in (log_file(self._folder, sandbox_id), older_file(self._folder, sandbox_id)):
            await asyncio.to_thread(file.unlink, missing_ok=True)

    def _read(self, sandbox_id: str, after: int, limit: int) -> Sequence[Mapping[str, object]]:
        found: list[Mapping[str, object]] = []
        for line in _lines(self._folder, sandbox_id):
            if len(found) >= limit:
                break
            if line.get("sequence", 0) > after:
                found.append(line)
        return found


def log_file(folder: Path, sandbox_id: str) -> Path:
    """Return where a sandbox's log is; ValueError for an id that is no plain name."""
    if not _NAME.fullmatch(sandbox_id):
        message = f"{sandbox_id!r} is no id of a sandbox"
        raise ValueError(message)
    return folder / f"{sandbox_id}.jsonl"


def older_file(folder: Path, sandbox_id: str) -> Path:
    """Return where the part is that was written before the file was full."""
    return log_file(folder, sandbox_id).with_suffix(".jsonl.1")


def last_sequence(folder: Path, sandbox_id: str) -> int:
    """Return the number of the last decision, 0 if there is none."""
    return max((line.get("sequence", 0) for line in _lines(folder, sandbox_id)), default=0)


def sweep(folder: Path, kept: Collection[str], before: int) -> None:
    """Remove the logs that were last written before an instant (µs UTC), but not those of the sandboxes in `kept`."""
    for file in folder.glob("*.jsonl*"):
        name = file.name.removesuffix(".1").removesuffix(".jsonl")
        with contextlib.suppress(OSError):
            if name not in kept and file.stat().st_mtime_ns // 1000 < before:
                file.unlink()


def _lines(folder: Path, sandbox_id: str) -> Iterator[Mapping[str, Any]]:
    for file in (older_file(folder, sandbox_id), log_file(folder, sandbox_id)):
        try:
            with file.open("rb") as lines:
                for line in lines:
                    # the last one may be half written, by a proxy that was killed
                    if line.endswith(b"\n") and line.startswith(b"{"):
                        try:
                            yield msgspec.json.decode(line, type=dict[str, Any])
                        except msgspec.DecodeError:
                            continue
        except FileNotFoundError:
            continue
