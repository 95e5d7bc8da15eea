"""What a new sandbox stands on, made ahead: ids of its own, the namespaces that map them and wire it, a mounted disk.

All cost the kernel some milliseconds during which nothing else of a start can happen.
"""

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci import disks, kernel, mounts
from antechamber.adapters.sandboxes.oci.ids import Ranges
from antechamber.adapters.sandboxes.oci.spaces import Space, Spaces
from antechamber.features.environments.model.sandbox import SandboxError

_READY: Final = 4
_FILL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Slot:
    """A range of ids, its namespaces, and where an empty disk is mounted, with its image beside it (`.img`)."""

    first_id: int
    space: Space
    disk: Path | None


class Slots:
    """Slots for sandboxes of the sizes that were asked for last; others are made when they are asked for."""

    def __init__(self, folder: Path, ranges: Ranges, spaces: Spaces, workers: mounts.Workers) -> None:
        """`folder` is for disks that nobody has yet, and for templates."""
        self._folder = folder
        self._ranges = ranges
        self._spaces = spaces
        self._workers = workers
        self._numbers = itertools.count()
        self._ready: list[Slot] = []
        self._asked = 0, 0
        self._filling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Remove disks that an earlier process made ahead."""
        mounts.discard(self._folder / "ready")
        (self._folder / "ready").mkdir(parents=True)

    async def take(self, size: int, pids: int) -> Slot:
        """Return a slot with a disk of this many bytes (0: none), for so many processes (0: any); SandboxError."""
        asked = size, pids if self._spaces.limits else 0
        if asked != self._asked:
            self._asked = asked
            await self._drop_ready()
        slot = self._ready.pop() if self._ready else await self._make(*asked, is_ahead=False)
        if self._filling is None or self._filling.done():
            self._filling = asyncio.ensure_future(self._fill())
        return slot

    async def close(self) -> None:
        """Give back what nobody took."""
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        await self._drop_ready()

    async def _fill(self) -> None:
        # who took one is about to start a sandbox, and needs the processors now; its programs need them less
        await asyncio.sleep(_FILL_SECONDS)
        with suppress(SandboxError):
            while len(self._ready) < _READY:
                asked = self._asked
                slot = await asyncio.shield(self._make(*asked, is_ahead=True))
                if asked == self._asked:
                    self._ready.append(slot)
                else:
                    await self._drop(slot)

    async def _make(self, size: int, pids: int, *, is_ahead: bool) -> Slot:
        first_id = self._ranges.take()
        space: Space | None = None
        place = self._folder / "ready" / str(next(self._numbers)) if size else None
        try:
            space = await self._spaces.make(first_id, pids, is_ahead=is_ahead)
            if place is not None:
                await self._workers.run(lambda: _make_disk(place, size, self._folder / "disks"))
        except BaseException as error:
            self._ranges.release(first_id)
            if space is not None:
                space.close()
            if isinstance(error, OSError):
                message = f"the disk of a sandbox could not be made: {error.strerror or error}"
                raise SandboxError(message) from error
            raise
        return Slot(first_id, space, place)

    async def _drop_ready(self) -> None:
        dropped, self._ready = self._ready, []
        for slot in dropped:
            await self._drop(slot)

    async def _drop(self, slot: Slot) -> None:
        self._ranges.release(slot.first_id)
        slot.space.close()
        if slot.disk is not None:
            await self._workers.run(lambda: drop_disk(slot))


def drop_disk(slot: Slot) -> None:
    """Remove a disk that nobody took."""
    if slot.disk is not None:
        with suppress(OSError):
            kernel.unmount(str(slot.disk))
        slot.disk.with_suffix(".img").unlink(missing_ok=True)
        with suppress(OSError):
            slot.disk.rmdir()


def move_in(slot: Slot, folder: Path) -> None:
    """Give the disk of a slot to a sandbox's folder."""
    if slot.disk is not None:
        (folder / "disk").mkdir(exist_ok=True)
        slot.disk.with_suffix(".img").rename(folder / "disk.img")
        kernel.move(str(slot.disk), str(folder / "disk"))
        slot.disk.rmdir()


def _make_disk(place: Path, size: int, templates: Path) -> None:
    image = place.with_suffix(".img")
    place.mkdir()
    try:
        disks.make(image, size, templates)
        disks.attach(image, place)
    except BaseException:
        image.unlink(missing_ok=True)
        place.rmdir()
        raise
