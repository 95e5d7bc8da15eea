"""Sealing: how a secret that must be used again is stored, where one that is only compared is a keyed hash."""

from typing import Protocol

from antechamber.base.secret import Secret


class SealError(Exception):
    """What is stored can't be opened: another key sealed it, or for another place, or it was changed."""


class Seals(Protocol):
    """Seals texts under the server's master key."""

    def seal(self, text: str, place: str) -> bytes:
        """Return a text sealed for a place, such as table, column and id: nowhere else can it be opened."""
        ...

    def open(self, sealed: bytes, place: str) -> Secret:
        """Return the text that was sealed for that place; SealError."""
        ...
