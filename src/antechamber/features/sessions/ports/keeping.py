"""Who makes containers what they should be."""

from typing import Protocol


class Keeper(Protocol):
    """The one of this node."""

    @property
    def node(self) -> str:
        """Where new containers are made."""
        ...

    def wake(self) -> None:
        """Let it look at what should be, as that has just changed."""
        ...
