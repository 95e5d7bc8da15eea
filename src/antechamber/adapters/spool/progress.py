"""Progress files: a slot for each open request in memory that outlives the process.

A slot is `sequence, half in force, 8 counters, 8 counters` as 64-bit words of the machine. Counters are written to the
half that is not in force, then that half is put in force by one store: a kill at any moment leaves a whole state.
"""

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Final

from antechamber.features.usage.model import TokenUsage, clean_number

_COUNTERS: Final = struct.Struct("@8Q")
_WORDS: Final = 18
_WORD_BYTES: Final = 8
_FIRST_HALF: Final = 2 * _WORD_BYTES
_SLOT_BYTES: Final = _WORDS * _WORD_BYTES
_NAMES: Final = tuple(field.name for field in fields(TokenUsage))
_OUTPUT: Final = _FIRST_HALF // _WORD_BYTES + _NAMES.index("output")


class Slot:
    """Where one open request notes what it has used."""

    __slots__ = ("_memory", "_second", "_start", "_word", "_words")

    def __init__(self, memory: mmap.mmap, words: memoryview, index: int) -> None:
        self._memory = memory
        self._words = words
        self._word = index * _WORDS
        self._start = index * _SLOT_BYTES + _FIRST_HALF
        self._second = False

    def bind(self, sequence: int) -> None:
        """Give the slot to a request that has not used anything yet."""
        self._words[self._word + 1] = 0
        self._words[self._word] = sequence

    def note(self, usage: TokenUsage) -> None:
        """Put counters in force."""
        second = self._second = not self._second
        start = self._start + _COUNTERS.size if second else self._start
        try:
            _COUNTERS.pack_into(
                self._memory, start, usage.uncached_input, usage.cache_write_5m, usage.cache_write_1h, usage.cache_read,
                usage.output, usage.web_search_requests, usage.web_fetch_requests, usage.code_execution_requests,
            )  # fmt: skip
        except struct.error:
            counters = [clean_number(getattr(usage, name)) for name in _NAMES]
            _COUNTERS.pack_into(self._memory, start, *counters)
        self._words[self._word + 1] = 2 if second else 1

    def note_output(self, tokens: int) -> None:
        """Change that counter alone, in the half that is in force: one store, so a whole state too."""
        self._words[self._word + (_OUTPUT + len(_NAMES) if self._second else _OUTPUT)] = tokens


class ProgressFile:
    """A file of slots, allocated on the disk before it is used."""

    def __init__(self, path: Path, slots: int) -> None:
        self.path = path
        size = slots * _SLOT_BYTES
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(self.descriptor, 0, size)
            self._memory = mmap.mmap(self.descriptor, size)
        except OSError:
            os.close(self.descriptor)
            path.unlink(missing_ok=True)
            raise
        self._words = memoryview(self._memory).cast("Q")
        self._numbers = iter(range(slots))

    def take(self, most: int) -> list[Slot]:
        """Return slots that nobody has had, as many as there are up to `most`."""
        return [Slot(self._memory, self._words, number) for number in islice(self._numbers, most)]

    def close(self) -> None:
        """Let go of the memory and the file; slots can't be used any more."""
        self._words.release()
        self._memory.close()
        os.close(self.descriptor)


def read_slots(data: bytes) -> Iterator[tuple[int, TokenUsage]]:
    """Read the slots of a file in which something was noted: sequence and counters."""
    words = memoryview(data[: len(data) - len(data) % _SLOT_BYTES]).cast("Q")
    for word in range(0, len(words), _WORDS):
        sequence, half = words[word], words[word + 1]
        if sequence and half in {1, 2}:
            first = word + 2 + (half - 1) * len(_NAMES)
            yield sequence, TokenUsage(*(clean_number(count) for count in words[first : first + len(_NAMES)]))
