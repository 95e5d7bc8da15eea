"""The log of one sandbox: a JSON line per decision, in a file of its own, capped in size and rate."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from antechamber.adapters.egress.log import last_sequence, log_file, older_file
from antechamber.adapters.egress.policy import Denied
from antechamber.base.clock import Clock, to_rfc3339

_BURST: Final = 2000
_LINES_PER_SECOND: Final = 200
_LONGEST_HOST: Final = 260


class Journal:
    """Writes; what a sandbox causes beyond the cap is counted in the next line that is written (`suppressed`)."""

    def __init__(self, folder: Path, sandbox_id: str, clock: Clock, most_bytes: int) -> None:
        """Go on after what the file has."""
        self._folder = folder
        self._id = sandbox_id
        self._clock = clock
        self._most_bytes = most_bytes
        self._sequence = last_sequence(folder, sandbox_id)
        self._descriptor = self._open()
        self._size = os.fstat(self._descriptor).st_size
        self._room = float(_BURST)
        self._filled_at = clock.monotonic()
        self._suppressed = 0

    def allow(self, kind: str, host: str, port: int, rule: str, address: str | None = None) -> int:
        """Note that something was allowed, and return its number."""
        return self._write(
            {"decision": "allow", "kind": kind, "host": host, "port": port, "rule": rule, "address": address}
        )

    def deny(self, kind: str, host: str, port: int, denied: Denied) -> None:
        """Note that something was denied."""
        line = {"decision": "deny", "kind": kind, "host": host, "port": port, "rule": denied.rule}
        self._write(line | {"message": denied.message})

    def end(self, of: int, kind: str, host: str, port: int, sent: int, received: int, failure: str | None) -> None:
        """Note how much an allowed connection carried, and why it failed if it did."""
        line = {"decision": "end", "of": of, "kind": kind, "host": host, "port": port, "sent": sent}
        self._write(line | {"received": received, "failure": failure})

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, line: dict[str, object]) -> int:
        self._sequence += 1
        if not self._has_room() or self._descriptor < 0:
            self._suppressed += 1
            return self._sequence
        host = str(line["host"])[:_LONGEST_HOST]
        shown = {"sequence": self._sequence, "at": to_rfc3339(self._clock.now()), **line, "host": host}
        if self._suppressed:
            shown["suppressed"] = self._suppressed
        data = msgspec.json.encode({name: value for name, value in shown.items() if value is not None}) + b"\n"
        try:
            if self._size + len(data) > self._most_bytes // 2:
                self._turn()
            self._size += os.write(self._descriptor, data)
            self._suppressed = 0
        except OSError:
            # a full disk must not stop what is allowed, nor let through what is not
            self._suppressed += 1
        return self._sequence

    def _has_room(self) -> bool:
        now = self._clock.monotonic()
        self._room = min(_BURST, self._room + (now - self._filled_at) * _LINES_PER_SECOND)
        self._filled_at = now
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def _turn(self) -> None:
        log_file(self._folder, self._id).replace(older_file(self._folder, self._id))
        os.close(self._descriptor)
        self._descriptor = -1
        self._descriptor = self._open()
        self._size = 0

    def _open(self) -> int:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(log_file(self._folder, self._id), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


OpenJournal = Callable[[str], Journal]
