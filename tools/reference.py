"""Writes docs/reference/ from the tables that the code runs on; with `--check` it shows which pages are stale."""

import dataclasses
import difflib
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from antechamber import wiring
from antechamber.base.permissions import HELD, Permission, matrix
from antechamber.cli import reference as cli
from antechamber.settings import PREFIX, Settings

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
NOTE: Final = "<!-- Written by `make docs`; change the code instead. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def endpoints() -> str:
    """Every route with the permission it declares and who holds it."""
    rows = sorted(
        (route.path, route.method, str(route.permission), holders(route.permission)) for route in wiring.routes()
    )
    listed = [(f"`{method} {path}`", permission, who) for path, method, permission, who in rows]
    return "# Endpoints\n\n" + table(("endpoint", "permission", "who holds it"), listed)


def holders(permission: str) -> str:
    """Say who holds a permission; a public one needs nobody."""
    if permission == Permission.PUBLIC:
        return "anyone"
    return ", ".join(str(kind) for kind in sorted(HELD) if permission in HELD[kind])


def permissions() -> str:
    """Each kind of principal, role and scope with the permissions it holds."""
    rows = [(name, ", ".join(f"`{permission}`" for permission in sorted(held))) for name, held in matrix().items()]
    return "# Permissions\n\n" + table(("who", "holds"), rows)


def settings() -> str:
    """Every setting of the server with its variable, its key in the file and its default."""
    rows = [
        (f"`{PREFIX}{field.name.upper()}`", f"`{field.name}`", shown(field.default), str(field.metadata["help"]))
        for field in dataclasses.fields(Settings)
    ]
    head = ("variable", "key in the file", "default", "what it does")
    order = (
        "A flag wins over the environment, the environment over the file (`--config`), the file over the default.\n"
        "`ante config show` prints every value with where it came from."
    )
    return f"# Settings of the server\n\n{order}\n\n{table(head, rows)}"


def shown(default: object) -> str:
    """Show a setting's default; what has none is unset."""
    return "" if default in {None, ""} else f"`{default}`"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "cli.md": cli.page,
    "endpoints.md": endpoints,
    "permissions.md": permissions,
    "settings.md": settings,
}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` show how they differ from what would be written."""
    check = "--check" in arguments
    stale = 0
    for name, render in PAGES.items():
        path = FOLDER / name
        text = f"{NOTE}\n\n{render()}"
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text == old:
            continue
        if check:
            stale += 1
            lines = difflib.unified_diff(old.splitlines(), text.splitlines(), str(path), "make docs", n=0, lineterm="")
            print("\n".join(lines))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/reference/{name}")
    if stale:
        print(f"{stale} page(s) of docs/reference are stale: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
