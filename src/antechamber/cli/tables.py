"""Tables for people, at most as wide as the terminal."""

import unicodedata
from collections.abc import Sequence
from typing import Final

_GAP: Final = "  "
_NARROWEST: Final = 4


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, width: int = 80) -> str:
    """Lay out rows under headings; numbers stand right with thousands apart, long text is cut with an ellipsis."""
    cells = [[_shown(value) for value in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(headings))]
    widths = [max(cell_width(line[at]) for line in (headings, *cells)) for at in range(len(headings))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width and max(widths) > _NARROWEST:
        # Numbers cut short would lie, so text gives way first.
        shrinkable = [size if not right[at] else 0 for at, size in enumerate(widths)]
        at = shrinkable.index(max(shrinkable))
        if shrinkable[at] <= _NARROWEST:
            break
        widths[at] -= 1
    lines = [list(headings), *cells]
    return "\n".join(
        _GAP.join(_fitted(cell, widths[at], right=right[at]) for at, cell in enumerate(line)).rstrip() for line in lines
    )


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
