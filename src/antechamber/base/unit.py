"""One transaction, as the features see it: opaque, handed from service to store."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Unit(Protocol):
    """A running transaction; only the storage toolkit knows what is inside."""

    @property
    def open(self) -> bool:
        """Whether it has neither been committed nor rolled back."""
        ...


class Units(Protocol):
    """Where transactions begin."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Begin a transaction: committed when the block ends, rolled back when it raises."""
        ...
