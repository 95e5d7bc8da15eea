"""What answers are made of, kept for as long as nothing has gone into what it was made from."""

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

Value = TypeVar("Value")
_DIGEST_BYTES: Final = 16


class Kept(Generic[Value]):
    """Values by name, each with the mark of what it was made from and a size; the longest unused are let go first."""

    def __init__(self, room: int) -> None:
        self._left = room
        self._kept: OrderedDict[Hashable, tuple[Any, Value, int]] = OrderedDict()

    def find(self, name: Hashable, mark: object) -> Value | None:
        """Return what is kept by that name, None if it isn't or was made from something else."""
        there = self._kept.get(name)
        if there is None or there[0] != mark:
            return None
        self._kept.move_to_end(name)
        return there[1]

    def keep(self, name: Hashable, mark: object, value: Value, size: int) -> None:
        """Keep a value in the place of what has its name, as far as there is room; its size is its entry's, too."""
        if name in self._kept:
            self._left += self._kept.pop(name)[2]
        self._kept[name] = mark, value, size
        self._left -= size
        while self._left < 0:
            self._left += self._kept.popitem(last=False)[1][2]


def digest(question: object) -> bytes:
    """Return what tells a question from others, by its `repr`: filters may be longer than what they leave."""
    return hashlib.blake2b(repr(question).encode(), digest_size=_DIGEST_BYTES).digest()
