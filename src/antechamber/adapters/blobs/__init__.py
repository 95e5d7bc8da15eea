"""Blobs by obstore: a folder of this machine, or memory; object stores of a cloud later behind the same calls."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, MemoryStore, ObjectStore

from antechamber.features.environments.ports.blobs import Blob, Blobs, NoBlob

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_PART: Final = 8 << 20


class StoredBlobs(Blobs):
    """Blobs of any store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Write a blob whole, over an older one; if `chunks` fails there is nothing new."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                size += len(chunk)
                yield chunk

        await self._store.put_async(_checked(name), counted(), chunk_size=_PART)
        return size

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """Read a blob; NoBlob."""
        try:
            result = await self._store.get_async(_checked(name))
            async for chunk in result.stream():
                yield bytes(chunk)
        except (NotFoundError, FileNotFoundError) as error:
            raise NoBlob(name) from error

    async def delete(self, name: str) -> None:
        """Remove a blob, if there is one."""
        try:
            await self._store.delete_async(_checked(name))
        except (NotFoundError, FileNotFoundError):
            return

    async def listing(self, prefix: str) -> list[Blob]:
        """Return the blobs below a folder, by name."""
        found = [
            Blob(each["path"], each["size"], int(each["last_modified"].timestamp() * 1e6))
            for each in await self._store.list(_checked(prefix)).collect_async()
        ]
        return sorted(found, key=lambda blob: blob.name)


def local_blobs(folder: Path) -> Blobs:
    """Return the blobs of a folder, which is made, for the owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return StoredBlobs(LocalStore(folder, automatic_cleanup=True))


def memory_blobs() -> Blobs:
    """Return blobs that end with this process."""
    return StoredBlobs(MemoryStore())


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"not a name of a blob: {name!r}"
        raise ValueError(message)
    return name
