"""The truth ledger: what the simulated models really produced, to hold an accounting against."""

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from antechamber.base.clock import Clock
from antechamber.base.tokens import estimate

KEPT_IN_MEMORY: Final = 200_000
Ending: TypeAlias = Literal["open", "complete", "disconnect", "error", "reset", "truncated", "hang"]


class TruthRecord(msgspec.Struct, kw_only=True):
    """One request. Times are microseconds since the epoch; `output_tokens` is the plan (null: without end).

    `produced` is what went to the socket, in tokens; a whole answer is produced when its first byte is written.
    `delivered_events` counts the streamed events that carried generated text.
    """

    id: str
    request_id: str | None
    at: int
    path: str
    model: str
    stream: bool = False
    status: int = 200
    dispatched: bool = True
    input_tokens: int = 0
    cache_read: int = 0
    cache_5m: int = 0
    cache_1h: int = 0
    output_tokens: int | None = 0
    produced: int = 0
    delivered_events: int = 0
    ended: Ending = "open"
    ended_at: int | None = None
    saw_disconnect: bool = False
    disconnect_at: int | None = None
    produced_bytes: int = 0


class TruthLedger:
    """Records by id, newest last: the newest 200,000 in memory, all of them in the file if there is one.

    The file is JSON lines, appended with single writes: a record with `ended: "open"` when a request is taken up, and
    the same id again when it has ended.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._records: OrderedDict[str, TruthRecord] = OrderedDict()
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._encode = msgspec.json.Encoder().encode

    @property
    def records(self) -> list[TruthRecord]:
        """Every record in memory, oldest first; those still open grow while they are looked at."""
        for record in self._records.values():
            record.produced = estimate(record.produced_bytes)
        return list(self._records.values())

    def open(self, record: TruthRecord) -> None:
        """Enter a request that has been taken up."""
        self._records[record.id] = record
        if len(self._records) > KEPT_IN_MEMORY:
            self._records.popitem(last=False)
        self._append(record)

    def end(self, record: TruthRecord, ended: Ending) -> None:
        """Enter how it ended; only the first time counts."""
        if record.ended != "open":
            return
        record.ended = ended
        record.produced = estimate(record.produced_bytes)
        record.ended_at = self._clock.now()
        self._append(record)

    def left(self, record: TruthRecord) -> None:
        """Note that the caller went away before the end."""
        if record.ended == "open" and not record.saw_disconnect:
            record.saw_disconnect = True
            record.disconnect_at = self._clock.now()

    def dump(self) -> bytes:
        """Every record in memory as `{"data": [...]}`."""
        return self._encode({"data": self.records})

    def clear(self) -> None:
        """Forget the records in memory and empty the file; requests still open are entered when they end."""
        self._records.clear()
        if self._file is not None:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, record: TruthRecord) -> None:
        if self._file is not None:
            os.write(self._file, self._encode(record) + b"\n")
