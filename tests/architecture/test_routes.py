"""What is registered, what is documented and what was reviewed are the same routes."""

from collections.abc import Callable, Iterable
from pathlib import Path

from antechamber import wiring
from antechamber.base.permissions import Permission, matrix
from tools import endpoints


def _columns(rows: Iterable[tuple[str, ...]]) -> str:
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def test_every_feature_says_what_it_owns_and_lists_its_endpoints(package: Path) -> None:
    features = sorted((package / "features").glob("*/__init__.py"))
    assert features
    silent = [path.parent.name for path in features if not endpoints.has_table(endpoints.docstring(path))]
    assert silent == []


def test_a_feature_package_is_a_docstring_only(package: Path) -> None:
    for path in sorted((package / "features").glob("*/__init__.py")):
        text = path.read_text(encoding="utf-8").strip()
        assert text.startswith('"""'), path
        assert text.count('"""') == len(('"""', '"""')), path
        assert text.endswith('"""'), path


def test_the_endpoint_tables_are_the_registered_routes(package: Path) -> None:
    registered = sorted((route.method, route.path, str(route.permission)) for route in wiring.routes())
    assert endpoints.declared(package) == registered


def test_no_route_is_registered_twice() -> None:
    registered = [(route.method, route.path) for route in wiring.routes()]
    assert sorted(registered) == sorted(set(registered))


def test_the_routes_are_those_that_were_reviewed(golden: Callable[[str, str], None]) -> None:
    rows = sorted((route.path, route.method, str(route.permission), ", ".join(route.who)) for route in wiring.routes())
    golden("routes.txt", _columns((method, path, permission, who) for path, method, permission, who in rows))


def test_the_permissions_are_those_that_were_reviewed(golden: Callable[[str, str], None]) -> None:
    head = ("", *(str(permission) for permission in sorted(Permission)))
    rows = [
        (name, *("yes" if permission in held else "-" for permission in sorted(Permission)))
        for name, held in matrix().items()
    ]
    golden("permissions.txt", _columns([head, *rows]))


def test_permissions_stand_in_alphabetical_order() -> None:
    assert list(Permission) == sorted(Permission)
