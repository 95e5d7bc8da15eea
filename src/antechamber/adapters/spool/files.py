"""The spool of one server: intents, ends and progress of its requests, in the folder of this run."""

import contextlib
import errno
import os
import shutil
import threading
from collections import deque
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

import structlog

from antechamber.adapters.spool import lock
from antechamber.adapters.spool.estate import PROGRESS_SUFFIX, Estate
from antechamber.adapters.spool.keeper import Keeper
from antechamber.adapters.spool.progress import ProgressFile, Slot
from antechamber.adapters.spool.records import (
    END,
    INTENT,
    LONGEST_OUTCOME,
    LONGEST_RECORD,
    OVERHEAD,
    decode_end,
    encode_end,
    encode_intent,
    seal,
    walk,
)
from antechamber.adapters.spool.runs import Runs
from antechamber.adapters.spool.segments import Segment
from antechamber.base.errors import Overloaded
from antechamber.features.usage.model import Intent, Outcome, TokenUsage, UsageRow

_CHUNK_BYTES: Final = 256 * 1024
_SLOTS: Final = 4096
# made when they are wanted: most servers never have so many requests open
_SLOTS_AT_ONCE: Final = 64
# an open request may hold a drained segment back this long, then its intent moves to the newest
_SEGMENTS_BEHIND: Final = 2
_log = structlog.get_logger("spool")


class Entry:
    """An intent on the spool that waits for its outcome."""

    __slots__ = ("end_bytes", "payload", "segment", "sequence", "settled", "slot", "spool")

    def __init__(self, spool: "FileSpool", sequence: int, payload: bytes, segment: Segment, slot: Slot) -> None:
        self.spool = spool
        self.sequence = sequence
        self.payload = payload
        self.segment = segment
        self.slot = slot
        self.end_bytes = len(payload) + _END_BYTES
        self.settled = False

    def progress(self, usage: TokenUsage) -> None:
        """Note what has been used so far; to be called before what it counts goes to the caller."""
        if not self.settled:
            self.slot.note(usage)

    def grow(self, output: int) -> None:
        """Note that nothing but the output has changed since the last progress."""
        if not self.settled:
            self.slot.note_output(output)

    def settle(self, outcome: Outcome) -> None:
        """Note the outcome; the first call wins, later ones do nothing."""
        if not self.settled:
            record = seal(END, self.sequence, encode_end(self.payload, outcome))
            self.settled = True
            self.spool.end(self, record)


_END_BYTES: Final = OVERHEAD + LONGEST_OUTCOME


class FileSpool:
    """A spool in `folder`, whose parent holds the spools of other nodes; SpoolInUseError when it has a writer.

    Written from one thread. `segment_bytes` is the unit of allocation, `quota_bytes` bounds all segments of this run,
    `sync_seconds` is the pause between two syncs while something is written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = 4 * 1024 * 1024,
        quota_bytes: int = 8 * 1024 * 1024 * 1024,
        sync_seconds: float = 0.02,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock.take(folder)
        lock.sign(self._lock)
        runs = Runs(folder)
        runs.adopt_neighbours()
        self._estates = [Estate(run) for run in runs.old()]
        self._folder = runs.begin()
        self._segment_bytes = segment_bytes
        self._usable = segment_bytes - LONGEST_RECORD
        self._most_segments = max(2, quota_bytes // segment_bytes)
        self._numbers = count(1)
        self._sequences = count(1)
        # in the order of writing: drained ones, those to be read with the current one last, those not begun
        self._drained: list[Segment] = []
        self._written: deque[Segment] = deque()
        self._spares: deque[Segment] = deque()
        self._open: dict[int, Entry] = {}
        self._reserved = 0
        self._unwritten: deque[tuple[Entry, bytes]] = deque()
        self._progress: list[ProgressFile] = []
        self._slots: list[Slot] = []
        self._offset = 0
        self._pending: list[UsageRow] = []
        self._pending_end = (0, 0)
        self._rotated: deque[Segment] = deque()
        self._buried: deque[Segment] = deque()
        self._allocating = threading.Lock()
        self._syncing = threading.Lock()
        self._sync_error: OSError | None = None
        self._unsynced_names = True
        self._closed = False
        self.settled_count = 0
        with contextlib.suppress(OSError):
            # the first request should not pay for it; on a full disk it is refused
            self._allocate()
            self._add_slots()
        self._keeper = Keeper(self._keep, sync_seconds)
        self._keeper.wake()

    @property
    def open_count(self) -> int:
        """How many entries wait for their outcome."""
        return len(self._open)

    def estates(self) -> Sequence[Estate]:
        """Return what earlier runs and nodes that are gone have left."""
        return self._estates

    def begin(self, intent: Intent) -> Entry:
        """Append an intent and keep room for its end; Overloaded when that can't be promised."""
        payload = encode_intent(intent)
        size = len(payload) + OVERHEAD
        if (
            self._unwritten
            or self._sync_error is not None
            or not self._slots
            or self._room() < size + len(payload) + _END_BYTES
        ):
            self._make_room(size + len(payload) + _END_BYTES)
        sequence = next(self._sequences)
        try:
            segment = self._append(seal(INTENT, sequence, payload))
        except OSError as error:
            raise _overloaded(error) from error
        slot = self._slots.pop()
        slot.bind(sequence)
        entry = Entry(self, sequence, payload, segment, slot)
        segment.pins += 1
        self._reserved += entry.end_bytes
        self._open[sequence] = entry
        return entry

    def end(self, entry: Entry, record: bytes) -> None:
        """Append the end of an entry; what the disk refuses now is tried again before any new intent."""
        try:
            self._append(record)
        except OSError as error:
            _log.error("the spool can't be written; no new requests until it can", note=repr(error))
            self._unwritten.append((entry, record))
        else:
            self._forget(entry)

    def read(self, limit: int) -> Sequence[UsageRow]:
        """Return the next settled rows after those that were confirmed; OSError when the disk can't be read."""
        if self._pending:
            return self._pending
        self._write_unwritten()
        rows: list[UsageRow] = []
        passed, offset = 0, self._offset
        for segment in self._written:
            offset = _read_ends(segment, offset, limit, rows)
            if len(rows) == limit or segment is self._written[-1]:
                break
            passed, offset = passed + 1, 0
        self._pending, self._pending_end = rows, (passed, offset)
        return rows

    def confirm(self) -> None:
        """Say that the rows read last are in the database."""
        passed, self._offset = self._pending_end
        for _ in range(passed):
            self._drained.append(self._written.popleft())
        self._pending, self._pending_end = [], (0, self._offset)
        if passed or self._drained:
            self._move_late_intents()

    @property
    def releasable(self) -> bool:
        """Whether there is something to release."""
        return any(not segment.pins for segment in self._drained)

    def release(self) -> None:
        """Remove what is confirmed; to be called when the database would outlive a loss of power with it."""
        self._buried.extend(segment for segment in self._drained if not segment.pins)
        self._drained = [segment for segment in self._drained if segment.pins]
        self._keeper.wake()

    def sync(self) -> None:
        """Return when everything written so far would outlive a loss of power; OSError when it would not."""
        with self._syncing:
            # in this order: what is buried was rotated before, and what rotates meanwhile is synced twice
            buried = [self._buried.popleft() for _ in range(len(self._buried))]
            segments = [self._written[-1]] if self._written else []
            segments += [self._rotated.popleft() for _ in range(len(self._rotated))]
            try:
                for segment in segments:
                    os.fdatasync(segment.descriptor)
                self._sync_names()
            except OSError as error:
                self._sync_error = error
                self._rotated.extend(segments[1:])
                self._buried.extend(buried)
                raise
            self._sync_error = None
            for segment in buried:
                segment.remove()

    def close(self, *, durable: bool) -> None:
        """Give the folder free.

        What is not confirmed stays for the next server; when all is, and the database is durable, nothing stays.
        """
        if self._closed:
            return
        self._closed = True
        self._keeper.stop()
        try:
            self.sync()
        except OSError as error:
            _log.error("the spool could not be synced", note=repr(error))
        settled = not self._open and not self._unwritten and not self._pending and len(self._written) <= 1
        empty = settled and (not self._written or self._offset == self._written[-1].position)
        # from here on entries do nothing: their numbers of files may soon be others'
        self._sync_error = OSError(errno.EBADF, "the spool is closed")
        for entry in self._open.values():
            entry.settled = True
        self._unwritten.clear()
        for segment in (*self._drained, *self._written, *self._spares):
            os.close(segment.descriptor)
        for file in self._progress:
            file.close()
        if empty and durable:
            shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    def _room(self) -> int:
        # a segment is left when a record doesn't fit, so up to one record's length of each may stay unused
        left = max(0, self._written[-1].left - LONGEST_RECORD) if self._written else 0
        return len(self._spares) * self._usable + left - self._reserved

    def _make_room(self, size: int) -> None:
        if self._sync_error is not None:
            raise _overloaded(self._sync_error)
        self._write_unwritten()
        if self._unwritten:
            raise _overloaded(None)
        try:
            while self._room() < size:
                self._allocate()
            if not self._slots:
                self._add_slots()
        except OSError as error:
            raise _overloaded(error) from error

    def _add_slots(self) -> None:
        found = self._progress[-1].take(_SLOTS_AT_ONCE) if self._progress else []
        if not found:
            path = self._folder / f"{len(self._progress):06d}{PROGRESS_SUFFIX}"
            self._progress.append(ProgressFile(path, _SLOTS))
            found = self._progress[-1].take(_SLOTS_AT_ONCE)
        self._slots.extend(reversed(found))

    def _allocate(self) -> None:
        # the lock keeps the numbers in the order in which segments are written
        with self._allocating:
            if len(self._drained) + len(self._written) + len(self._spares) >= self._most_segments:
                raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(self._folder))
            self._spares.append(Segment(self._folder, next(self._numbers), self._segment_bytes))
            self._unsynced_names = True

    def _sync_names(self) -> None:
        if not self._unsynced_names:
            return
        self._unsynced_names = False
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError:
            self._unsynced_names = True
            raise
        finally:
            os.close(descriptor)

    def _append(self, record: bytes) -> Segment:
        written = self._written
        if not written or written[-1].left < len(record):
            if not self._spares:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))
            if written:
                self._rotated.append(written[-1])
            written.append(self._spares.popleft())
        segment = written[-1]
        segment.append(record)
        self._keeper.wake()
        return segment

    def _forget(self, entry: Entry) -> None:
        del self._open[entry.sequence]
        self._reserved -= entry.end_bytes
        entry.segment.pins -= 1
        self._slots.append(entry.slot)
        self.settled_count += 1

    def _write_unwritten(self) -> None:
        while self._unwritten:
            entry, record = self._unwritten[0]
            try:
                self._append(record)
            except OSError:
                return
            self._unwritten.popleft()
            self._forget(entry)

    def _move_late_intents(self) -> None:
        newest = self._written[-1].number
        late = {segment for segment in self._drained if segment.pins and newest - segment.number > _SEGMENTS_BEHIND}
        if not late:
            return
        for entry in [entry for entry in self._open.values() if entry.segment in late]:
            if self._room() < len(entry.payload) + OVERHEAD:
                return
            try:
                segment = self._append(seal(INTENT, entry.sequence, entry.payload))
            except OSError:
                return
            entry.segment.pins -= 1
            entry.segment = segment
            segment.pins += 1

    def _keep(self) -> None:
        try:
            self.sync()
            if self._room() < self._usable // 2:
                self._allocate()
        except OSError as error:
            if self._sync_error is not None:
                _log.error("the spool can't be synced; no new requests until it can", note=repr(error))
                self._keeper.wake()


def _read_ends(segment: Segment, offset: int, limit: int, rows: list[UsageRow]) -> int:
    """Add a segment's ends from `offset` to `rows` until they are `limit`; returns the offset behind them."""
    while offset < segment.position and len(rows) < limit:
        behind = 0
        for record in walk(memoryview(segment.read(offset, _CHUNK_BYTES))):
            behind = record.next_offset
            if record.kind == END:
                rows.append(decode_end(record.payload))
                if len(rows) == limit:
                    break
        if not behind:
            raise OSError(errno.EIO, "no whole record where one was written", str(segment.path))
        offset += behind
    return offset


def _overloaded(error: OSError | None) -> Overloaded:
    message = "The usage ledger has no room to meter this request; it was not sent to a model."
    return Overloaded(message, note=repr(error), retry_after=1)
