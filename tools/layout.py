"""The layout rules: names, lengths, and who may read the clock, chance and the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_SOURCE = 400
FEATURE_FILES = frozenset({"__init__", "model", "ports", "service", "wire", "routes", "sql"})
WITH_PAGES = frozenset({"accounts", "apikeys", "oauth"})
SHARED_PARTS = frozenset({"model", "ports", "service"})
REFUSED_NAMES = re.compile(r"^(utils?|helpers?|common|misc|.*_?manager|base_.*)$")

CLOCK = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.gmtime",
        "time.localtime",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.time",
        "time.time_ns",
    }
)
CHANCE = frozenset({"os.urandom", "random", "secrets", "uuid.uuid1", "uuid.uuid4", "uuid.uuid7"})
ENVIRONMENT = frozenset({"os.environ", "os.environb", "os.getenv", "os.getenvb"})
OWNERS = (
    (CLOCK, ("base/clock",)),
    (CHANCE, ("base/chance",)),
    (ENVIRONMENT, ("settings", "client/environment")),
)


def lengths(package: Path) -> list[str]:
    """Return the sources that should be folders: `path: lines`."""
    counted = ((path, len(path.read_text(encoding="utf-8").splitlines())) for path in sorted(package.rglob("*.py")))
    return [f"{path.relative_to(package)}: {lines} lines" for path, lines in counted if lines > LONGEST_SOURCE]


def strange_names(package: Path) -> list[str]:
    """Return the modules and folders whose names say nothing, and what a feature may not contain."""
    found = [
        str(path.relative_to(package))
        for path in sorted([*package.rglob("*.py"), *(each for each in package.rglob("*") if each.is_dir())])
        if REFUSED_NAMES.match(path.stem)
    ]
    for feature in sorted(path for path in (package / "features").iterdir() if path.is_dir()):
        if feature.name == "__pycache__":
            continue
        allowed = FEATURE_FILES | ({"pages"} if feature.name in WITH_PAGES else set())
        members = [path for path in sorted(feature.iterdir()) if path.name != "__pycache__"]
        found += [str(path.relative_to(package)) for path in members if path.stem not in allowed]
        names = [path.stem for path in members]
        found += [f"features/{feature.name}/{name} twice" for name in sorted(set(names)) if names.count(name) > 1]
    return found


def _aliases(tree: ast.Module) -> dict[str, str]:
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return known


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return [*inner, node.attr] if inner else []
    return []


def mentions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield every imported name that a module mentions, in full (`datetime.datetime.now`), with its line."""
    known = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            parts = _dotted(node)
            if parts and parts[0] in known:
                yield node.lineno, ".".join([known[parts[0]], *parts[1:]])
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _is_one_of(name: str, banned: frozenset[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in banned)


def stray_reads(package: Path) -> list[str]:
    """Return where the clock, chance or the environment is read outside its owner: `path:line name`."""
    found = set()
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).with_suffix("").as_posix()
        named = list(mentions(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))))
        for banned, owners in OWNERS:
            if not any(place == owner or place.startswith(f"{owner}/") for owner in owners):
                found |= {f"{place}.py:{line} {name}" for line, name in named if _is_one_of(name, banned)}
    return sorted(found)


def stray_neighbours(package: Path) -> list[str]:
    """Return where a feature uses more of another than its model, ports and service: `path:line name`."""
    found = set()
    for path in sorted((package / "features").rglob("*.py")):
        own = path.relative_to(package / "features").parts[0]
        for line, name in mentions(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            parts = name.split(".")
            if parts[:2] != ["antechamber", "features"] or len(parts) < 4:  # noqa: PLR2004 - antechamber.features.X.Y
                continue
            if parts[2] != own and parts[3] not in SHARED_PARTS:
                found.add(f"{path.relative_to(package)}:{line} {name}")
    return sorted(found)
