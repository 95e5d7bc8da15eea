"""The namespaces of a sandbox seen from outside, and the listeners that were opened there ahead."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from antechamber.adapters.egress.messages import Listener


@dataclass(slots=True)
class Doors:
    """`user` and `net` are paths of the namespaces, good for this process and its children.

    `opened` are listeners that are there already; whoever attaches the sandbox takes them, `close` lets go of the rest.
    `has_route` tells whether every address leads to them.
    """

    user: str
    net: str
    opened: Sequence[tuple[Listener, socket.socket]] = field(default_factory=tuple)
    has_route: bool = False

    @classmethod
    def of_process(cls, pid: int) -> Self:
        """Return those of a process, as this one sees its number."""
        return cls(f"/proc/{pid}/ns/user", f"/proc/{pid}/ns/net")

    def take(self) -> Sequence[tuple[Listener, socket.socket]]:
        """Return what was opened, once."""
        opened, self.opened = self.opened, ()
        return opened

    def close(self) -> None:
        """Close what nobody took."""
        for _, each in self.take():
            each.close()
