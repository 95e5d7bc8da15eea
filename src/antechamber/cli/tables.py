"""Tables for people, at most as wide as the terminal."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_GAP: Final = "  "
_CODE: Final = re.compile(r"[a-z_]+")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5,8}")
_TEXT: Final = re.compile(r".*")
_FIRST: Final = re.compile(r"^")
_DAY: Final = len("2026-01-31")
# what gives way first, and down to which width; an id that is cut can't be copied into the next command
_STEPS: Final = (
    (_TEXT, 14),
    (_CODE, 30),
    (_MOMENT, _DAY),
    (_TEXT, 10),
    (_CODE, 14),
    (_TEXT, 4),
    (_CODE, 4),
    (_FIRST, 4),
)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, width: int = 80) -> str:
    """Lay out rows under headings; numbers stand right with thousands apart.

    What is too long is cut with an ellipsis, text first, then codes, and the first column, which names the row, last;
    instants keep their day, and numbers are never cut, as they would lie.
    """
    cells = [[_shown(value) for value in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(headings))]
    kinds = [None if right[at] else _kind([row[at] for row in cells]) for at in range(len(headings))]
    if not right[0]:
        kinds[0] = _FIRST
    widths = [max(cell_width(line[at]) for line in (headings, *cells)) for at in range(len(headings))]
    for kind, narrowest in _STEPS:
        excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        columns = [at for at, found in enumerate(kinds) if found is kind and widths[at] > narrowest]
        if kind is _MOMENT and excess > 0:
            for at in columns:
                cells = [[*row[:at], row[at][:_DAY], *row[at + 1 :]] for row in cells]
                widths[at] = _DAY
        else:
            _narrow(widths, columns, excess, narrowest)
    lines = [list(headings), *cells]
    return "\n".join(
        _GAP.join(_fitted(cell, widths[at], right=right[at]) for at, cell in enumerate(line)).rstrip() for line in lines
    )


def _kind(column: Sequence[str]) -> re.Pattern[str]:
    """Return what all cells of a column are, empty ones apart."""
    told = [cell for cell in column if cell != "-"]
    return next((kind for kind in (_CODE, _MOMENT) if told and all(map(kind.fullmatch, told))), _TEXT)


def _narrow(widths: list[int], columns: Sequence[int], excess: int, narrowest: int) -> None:
    """Take the excess from the widest of these columns, again and again."""
    while excess > 0 and any(widths[at] > narrowest for at in columns):
        widest = max(columns, key=widths.__getitem__)
        widths[widest] -= 1
        excess -= 1


def cell_width(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def _fitted(text: str, width: int, *, right: bool) -> str:
    if cell_width(text) > width:
        kept = ""
        for letter in text:
            if cell_width(kept) + _columns(letter) > width - 1:
                break
            kept += letter
        text = kept + "…"
    padding = " " * (width - cell_width(text))
    return padding + text if right else text + padding
