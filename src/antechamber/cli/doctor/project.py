"""Traps of SDK versions in the project around the current folder: its lock files, and the calls in its sources."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from antechamber.cli.doctor.findings import Check
from antechamber.cli.doctor.traps import TRAPS, Trap, read_version

_MOST_BYTES: Final = 1 << 20
_LARGEST_LOCK: Final = 64 << 20
_MOST_SOURCES: Final = 5_000
_MOST_SHOWN: Final = 5
_PINNED: Final = re.compile(r"^\s*([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*==\s*([0-9][^\s;\\]*)", re.MULTILINE)
_YARN: Final = re.compile(r'^"?(@?[^@"\s]+)@[^\n]*:\n\s+version:? "?([0-9][^"\s]*)', re.MULTILINE)
_PNPM: Final = re.compile(r"^\s{2,4}'?/?(@?[^@'\s(]+)@([0-9][^'\s:(]*)", re.MULTILINE)
_SUFFIXES: Final = {
    "python": frozenset({".py", ".ipynb"}),
    "javascript": frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts"}),
}
_SKIPPED: Final = frozenset({"node_modules", "site-packages", "__pycache__", "dist", "build", "venv"})


def project_checks(folder: Path) -> Iterator[Check]:
    """Read the lock files of the project that the folder is in, and say which traps its versions fall into."""
    root = project_root(folder)
    locks = [(path, found) for path in sorted(root.iterdir()) if (found := read_lock(path))]
    if not locks:
        yield Check("project", "ok", f"no lock file in {root}")
        return
    sources: dict[str, list[Path]] = {}
    for path, (language, versions) in locks:
        known = {name: read_version(version) for name, version in versions.items()}
        shown = ", ".join(f"{name} {versions[name]}" for name in sorted(versions) if name in _WATCHED)
        if shown:
            yield Check("project", "ok", f"{path.name}: {shown}")
        for trap in TRAPS:
            if trap.language == language and trap.package in known and trap.holds(known[trap.package], known):
                if trap.call is not None and language not in sources:
                    sources[language] = list(_sources(root, _SUFFIXES[language]))
                yield from _trapped(trap, versions[trap.package], path, root, sources.get(language, []))


_WATCHED: Final = frozenset(trap.package for trap in TRAPS)


def project_root(folder: Path) -> Path:
    """Return the nearest folder upwards with a lock file, else with `.git`, else the folder itself."""
    above = (folder, *folder.parents)
    for found in above:
        if any((found / name).is_file() for name in _READERS) or (found / "requirements.txt").is_file():
            return found
    return next((found for found in above if (found / ".git").exists()), folder)


def read_lock(path: Path) -> tuple[str, Mapping[str, str]] | None:
    """Return language and versions by package of a lock file; None for another file, or one that cannot be read."""
    reader = _READERS.get(path.name)
    if reader is None and re.fullmatch(r"requirements.*\.txt", path.name):
        reader = ("python", _pinned)
    try:
        if reader is None or not path.is_file() or path.stat().st_size > _LARGEST_LOCK:
            return None
        return reader[0], reader[1](path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _pinned(text: str) -> Mapping[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in _PINNED.findall(text)}


def _toml(text: str) -> Mapping[str, str]:
    packages = tomllib.loads(text).get("package", [])
    return {str(each["name"]).lower(): str(each.get("version", "0")) for each in packages}


def _pipfile(text: str) -> Mapping[str, str]:
    default = json.loads(text).get("default", {})
    return {name.lower(): str(each["version"]).lstrip("=") for name, each in default.items() if "version" in each}


def _npm(text: str) -> Mapping[str, str]:
    packages = json.loads(text).get("packages", {})
    found = {}
    for place, each in packages.items():
        name = place.removeprefix("node_modules/")
        if place.startswith("node_modules/") and "node_modules/" not in name and "version" in each:
            found[name] = str(each["version"])
    return found


def _yarn(text: str) -> Mapping[str, str]:
    return dict(_YARN.findall(text))


def _pnpm(text: str) -> Mapping[str, str]:
    return dict(_PNPM.findall(text))


_READERS: Final[Mapping[str, tuple[str, Callable[[str], Mapping[str, str]]]]] = {
    "Pipfile.lock": ("python", _pipfile),
    "package-lock.json": ("javascript", _npm),
    "pdm.lock": ("python", _toml),
    "pnpm-lock.yaml": ("javascript", _pnpm),
    "poetry.lock": ("python", _toml),
    "uv.lock": ("python", _toml),
    "yarn.lock": ("javascript", _yarn),
}


def _trapped(trap: Trap, version: str, lock: Path, root: Path, sources: list[Path]) -> Iterator[Check]:
    name = f"{trap.package} {version} ({lock.name})"
    if trap.call is None:
        yield Check("project", "warning", f"{name}: {trap.what} [{trap.source}]", trap.remedy)
        return
    places = list(_calls(trap.call, root, sources))
    if places:
        shown = ", ".join(places[:_MOST_SHOWN]) + (
            f" and {len(places) - _MOST_SHOWN} more" if len(places) > _MOST_SHOWN else ""
        )
        yield Check("project", "failure", f"{name}: {trap.what}, and is called at {shown} [{trap.source}]", trap.remedy)


def _sources(root: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    waiting, seen = [root], 0
    while waiting:
        try:
            entries = sorted(waiting.pop().iterdir())
        except OSError:
            continue
        for path in entries:
            if path.is_symlink() or path.name.startswith(".") or path.name in _SKIPPED:
                continue
            if path.is_dir():
                waiting.append(path)
            elif path.suffix in suffixes:
                seen += 1
                if seen > _MOST_SOURCES:
                    return
                yield path


def _calls(call: re.Pattern[str], root: Path, sources: list[Path]) -> Iterator[str]:
    for path in sources:
        try:
            if path.stat().st_size > _MOST_BYTES:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if call.search(line):
                yield f"{path.relative_to(root)}:{number}"
