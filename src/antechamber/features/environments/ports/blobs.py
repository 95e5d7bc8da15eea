"""Where large things lie that are written once: snapshots of sandboxes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


class NoBlob(Exception):
    """There is no blob of this name."""


@dataclass(frozen=True, slots=True)
class Blob:
    """What lies there; times in µs UTC."""

    name: str
    size: int
    modified_at: int


class Blobs(Protocol):
    """Names are parts of letters, digits, dots, hyphens and underscores, with slashes between them."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Write a blob whole, over an older one, and return its size; if `chunks` fails there is nothing new."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Read a blob; NoBlob."""

    async def delete(self, name: str) -> None:
        """Remove a blob; nothing happens if there is none."""

    async def listing(self, prefix: str) -> list[Blob]:
        """Return the blobs below a folder, by name."""
