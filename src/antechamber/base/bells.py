"""Waking, within a process, those who wait for something to be stored; another process rings no bell here."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Bells:
    """One bell for each key, as long as somebody listens for it."""

    def __init__(self) -> None:
        self._listening: dict[Hashable, set[asyncio.Event]] = {}

    @contextmanager
    def listen(self, key: Hashable) -> Iterator[asyncio.Event]:
        """Return what is set when the key's bell rings; to be begun before the look that finds nothing yet."""
        bell = asyncio.Event()
        self._listening.setdefault(key, set()).add(bell)
        try:
            yield bell
        finally:
            heard = self._listening[key]
            heard.discard(bell)
            if not heard:
                del self._listening[key]

    def ring(self, key: Hashable) -> None:
        """Wake whoever listens for a key."""
        for bell in self._listening.get(key, ()):
            bell.set()
