"""What the doctor says: findings, and how a person reads them."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MARKS: Final = {"ok": "✓", "note": "·", "warning": "!", "failure": "✗", "skipped": "-"}
_NARROWEST: Final = 40


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `status` is `ok`, `note`, `warning`, `failure` or `skipped`.

    `advice` says what to do; `fix` is the command that mends it, empty where none can.
    """

    name: str
    status: str
    detail: str
    advice: str = ""
    fix: str = ""


def show(checks: Iterable[Check], width: int) -> str:
    """Lay findings out for a terminal: a mark and a name each, advice and the mending command below."""
    found = list(checks)
    column = max((len(check.name) for check in found), default=0)
    indent = " " * (column + 4)
    room = max(width - len(indent), _NARROWEST)
    lines: list[str] = []
    for check in found:
        first, *rest = textwrap.wrap(check.detail, room, break_on_hyphens=False) or [""]
        lines.append(f"{_MARKS[check.status]} {check.name:<{column}}  {first}".rstrip())
        lines += [indent + line for line in rest]
        if check.advice:
            lines += [indent + line for line in textwrap.wrap(check.advice, room, break_on_hyphens=False)]
        if check.fix:
            # never wrapped: it is there to be copied
            lines += [f"{indent}$ {line}" for line in check.fix.splitlines()]
    return "\n".join(lines)


def summary(checks: Iterable[Check]) -> str:
    """Return the closing line."""
    found = [check.status for check in checks]
    failures, warnings = found.count("failure"), found.count("warning")
    if not failures and not warnings:
        return "Nothing is wrong."
    counted = [_count(failures, "failure"), _count(warnings, "warning")]
    return ", ".join(part for part in counted if part) + "."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
