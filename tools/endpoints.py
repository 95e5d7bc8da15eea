"""The endpoint tables: what packages say of their routes in their docstrings."""

import ast
import re
from pathlib import Path

HEADER = re.compile(r"^\|\s*method\s*\|\s*path\s*\|\s*permission\s*\|\s*$", re.IGNORECASE)
ROW = re.compile(r"^\|\s*(?P<method>[A-Z]+)\s*\|\s*(?P<path>/\S*)\s*\|\s*(?P<permission>[^|]+?)\s*\|\s*$")

Endpoint = tuple[str, str, str]


def docstring(path: Path) -> str:
    """Return a module's docstring, or nothing."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def has_table(text: str) -> bool:
    """Whether a docstring has the table's head: `| method | path | permission |`."""
    return any(HEADER.match(line) for line in text.splitlines())


def table(text: str) -> list[Endpoint]:
    """Return the rows of a docstring's table as (method, path, permission)."""
    rows = (ROW.match(line) for line in text.splitlines())
    return [(row["method"], row["path"], row["permission"]) for row in rows if row]


def declared(package: Path) -> list[Endpoint]:
    """Return the endpoints that features, and modules of `http`, `console` and `wiring`, say they have, sorted."""
    places = [
        *package.glob("features/*/__init__.py"),
        *(path for folder in ("http", "console", "wiring") for path in package.glob(f"{folder}/**/*.py")),
    ]
    return sorted(row for place in places for row in table(docstring(place)))
