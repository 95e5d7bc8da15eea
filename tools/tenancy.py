"""The tenancy rule: a store method names its tenant first, so that fetching is authorising.

Every public async method of a class in `features/*/sql.py` (or in a folder `sql/`) takes, after `self` and after a
transaction called `unit`, an argument that is called or annotated as an organisation's or a workspace's id. `resolve_*`
(a secret becomes a principal) and `sweep_*` (the system's own jobs) may do without; those that do are listed in
tests/golden/untenanted.txt. How a person gets in is their own, whatever organisations they are in: in accounts the
person's id is the tenant, too.
"""

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

TENANTS = frozenset({"organization_id", "org", "workspace_id"})
TENANT_TYPES = frozenset({"OrganizationId", "WorkspaceId"})
PERSONAL = "accounts"
PERSON_TYPE = "UserId"
EXEMPT = ("resolve_", "sweep_")


@dataclass(frozen=True, slots=True)
class Method:
    """A public method of a store; `name` is `feature/sql.py Class.method`."""

    name: str
    line: int
    tenanted: bool
    exempt: bool


def _is_tenant(argument: ast.arg, types: AbstractSet[str]) -> bool:
    named = isinstance(argument.annotation, ast.Name) and argument.annotation.id in types
    return named or argument.arg in TENANTS


def _names_its_tenant(function: ast.AsyncFunctionDef, types: AbstractSet[str]) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args][1:]
    if arguments and arguments[0].arg == "unit":
        arguments = arguments[1:]
    # keyword-only arguments come in any order at the call, so the tenant may be any of them
    first = arguments[:1] or function.args.kwonlyargs
    return any(_is_tenant(argument, types) for argument in first)


def _methods(tree: ast.Module) -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for owner in ast.walk(tree):
        if isinstance(owner, ast.ClassDef):
            for member in owner.body:
                # what is not async cannot reach the database
                if isinstance(member, ast.AsyncFunctionDef) and not member.name.startswith("_"):
                    yield owner.name, member


def read(features: Path) -> list[Method]:
    """Return every public store method below a folder of features, in the order of their names."""
    found = []
    for path in sorted([*features.glob("*/sql.py"), *features.glob("*/sql/**/*.py")]):
        is_personal = path.relative_to(features).parts[0] == PERSONAL
        types = TENANT_TYPES | {PERSON_TYPE} if is_personal else TENANT_TYPES
        for owner, function in _methods(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            found.append(
                Method(
                    name=f"{path.relative_to(features).as_posix()} {owner}.{function.name}",
                    line=function.lineno,
                    tenanted=_names_its_tenant(function, types),
                    exempt=function.name.startswith(EXEMPT),
                )
            )
    return sorted(found, key=lambda method: method.name)


def breaches(methods: list[Method]) -> list[str]:
    """Return the methods that take no tenant and have no right to."""
    return [f"{method.name} (line {method.line})" for method in methods if not method.tenanted and not method.exempt]


def untenanted(methods: list[Method]) -> str:
    """Return the golden text: the methods that do without a tenant by their name's right, one a line."""
    return "".join(f"{method.name}\n" for method in methods if method.exempt and not method.tenanted)
