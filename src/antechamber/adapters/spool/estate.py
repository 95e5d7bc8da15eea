"""Estates: what a server that no longer runs has left in the folder of its run."""

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from antechamber.adapters.spool.progress import read_slots
from antechamber.adapters.spool.records import END, INTENT, decode_end, decode_intent, walk
from antechamber.adapters.spool.segments import SUFFIX
from antechamber.features.usage.model import TokenUsage, UsageRow, lost

PROGRESS_SUFFIX: Final = ".progress"


class Estate:
    """Reads the settled rows of a dead run, then its unsettled intents as lost; goes away when all is confirmed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: Iterator[UsageRow] | None = None
        self._pending: list[UsageRow] = []
        self._exhausted = False

    def read(self, limit: int) -> Sequence[UsageRow]:
        """Return the next rows after those that were confirmed; OSError when the disk can't be read."""
        if self._pending or self._exhausted:
            return self._pending
        if self._rows is None:
            self._rows = self._scan()
        try:
            self._pending = list(islice(self._rows, limit))
        except OSError:
            # a generator that raised looks exhausted ever after: begin anew, doubles are the database's to refuse
            self._rows = None
            raise
        self._exhausted = not self._pending
        return self._pending

    def confirm(self) -> None:
        """Say that the rows read last are in the database."""
        self._pending = []

    @property
    def releasable(self) -> bool:
        """Whether all rows are confirmed."""
        return self._exhausted

    def release(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _scan(self) -> Iterator[UsageRow]:
        unsettled: dict[int, bytes] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            for record in walk(memoryview(path.read_bytes())):
                if record.kind == INTENT:
                    unsettled[record.sequence] = bytes(record.payload)
                elif record.kind == END:
                    unsettled.pop(record.sequence, None)
                    yield decode_end(record.payload)
        # an end may have gone with a drained segment while its intent stayed with another's: the database has that row
        seen = self._seen() if unsettled else {}
        for sequence, payload in unsettled.items():
            intent = decode_intent(payload)
            yield UsageRow(intent, lost(intent, seen.get(sequence)))

    def _seen(self) -> dict[int, TokenUsage]:
        files = sorted(self.folder.glob(f"*{PROGRESS_SUFFIX}"))
        return {sequence: usage for path in files for sequence, usage in read_slots(path.read_bytes())}
