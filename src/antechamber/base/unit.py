"""One transaction, as the features see it: opaque, handed from service to store."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Unit(Protocol):
    """A running transaction; only the storage toolkit knows what is inside."""

    open: bool


class Units(Protocol):
    """Where transactions begin."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one that may write: committed when the block ends, rolled back when it raises."""
        ...

    def read(self) -> AbstractAsyncContextManager[Unit]:
        """Begin one that only reads."""
        ...
