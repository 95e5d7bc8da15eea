"""Lengths of time as people write them."""

import re
from typing import Final

import click

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM: Final = re.compile(r"(\d{1,6})([smhd]?)")


class Duration(click.ParamType[int]):
    """`30m`, `1h`, `7d` or a bare number of seconds; the value is in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds."""
        if isinstance(value, int):
            return value
        found = _FORM.fullmatch(str(value))
        if not found:
            self.fail("write a number and a unit, as 30m, 1h or 7d", param, ctx)
        return int(found[1]) * _UNITS[found[2] or "s"]
