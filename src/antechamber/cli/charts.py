"""Charts of a terminal: sparklines and bars, in block characters."""

from collections.abc import Sequence
from typing import Final

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"


def sparkline(values: Sequence[float]) -> str:
    """Return one character a value, by its part of the greatest; nothing at all is the lowest line."""
    top = max(values, default=0)
    if top <= 0:
        return _LEVELS[0] * len(values)
    return "".join(_LEVELS[min(len(_LEVELS) - 1, int(value / top * len(_LEVELS)))] for value in values)


def bar(value: float, top: float, width: int) -> str:
    """Return a bar as long as a value's part of the greatest; whatever is more than nothing shows a sliver."""
    if top <= 0 or value <= 0:
        return ""
    eighths = max(1, round(value / top * width * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
