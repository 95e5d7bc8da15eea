"""Segments: files of a fixed size that are allocated before a byte of them is promised, and only appended to."""

import os
from pathlib import Path
from typing import Final

SUFFIX: Final = ".log"


class Segment:
    """A segment that this server writes; `pins` counts the open entries whose intent lies in it."""

    __slots__ = ("descriptor", "number", "path", "pins", "position", "size")

    def __init__(self, folder: Path, number: int, size: int) -> None:
        self.number = number
        self.size = size
        self.path = folder / f"{number:010d}{SUFFIX}"
        self.position = 0
        self.pins = 0
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(self.descriptor, 0, size)
        except OSError:
            self.remove()
            raise

    @property
    def left(self) -> int:
        """How many bytes are still free."""
        return self.size - self.position

    def append(self, record: bytes) -> None:
        """Write at the end; OSError when not all of it could be, and then nothing counts as written."""
        written = os.pwrite(self.descriptor, record, self.position)
        if written != len(record):
            message = f"wrote {written} of {len(record)} bytes"
            raise OSError(message)
        self.position += written

    def read(self, offset: int, size: int) -> bytes:
        """Return at most `size` bytes of what was written, from `offset`."""
        return os.pread(self.descriptor, min(size, self.position - offset), offset)

    def remove(self) -> None:
        """Close and delete the file."""
        os.close(self.descriptor)
        self.path.unlink(missing_ok=True)
