"""What managers say they have installed, read into exact versions, and packages pinned to those."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from antechamber.features.environments.model.builds import Installed
from antechamber.features.environments.model.packages import Manager, Packages

_CARGO: Final = re.compile(r"^([A-Za-z0-9_-]+) v([^\s:]+)", re.MULTILINE)
_GEM: Final = re.compile(r"^([A-Za-z0-9_.-]+) \((?:default: )?([^,\s)]+)", re.MULTILINE)
_NAME_ENDS: Final = re.compile(r"[<>=!~\[]")
_PIP_EXTRAS: Final = re.compile(r"\[[^\]]*\]")
_RUNS_OF_MARKS: Final = re.compile(r"[-_.]+")


def read_census(manager: Manager, text: str) -> frozenset[Installed]:
    """Return what a manager's own list names (`recipes.census`); nothing for what cannot be read."""
    try:
        return frozenset(Installed(manager, name, version) for name, version in _READERS[manager](text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return frozenset()


def pin(packages: Packages, installed: Iterable[Installed]) -> Packages:
    """Return the same packages in the same order, each at the version that is installed; as it is where none is."""
    known = {(one.manager, _plain(one.manager, one.name)): one.version for one in installed}
    pinned: dict[Manager, tuple[str, ...]] = {}
    for manager, named in packages.named.items():
        pinned[manager] = tuple(_pin(manager, text, known) for text in named)
    return Packages(pinned)


def name_of(manager: Manager, text: str) -> str:
    """Return the name in a package's specification, without version, extras or architecture."""
    if manager is Manager.APT:
        return re.split(r"[=/:]", text, maxsplit=1)[0]
    if manager is Manager.GEM:
        return text.partition(":")[0]
    if manager is Manager.NPM:
        scope, at, rest = text[:1], text[1:].partition("@")[1], text[1:].partition("@")[0]
        return scope + rest if at else text
    if manager is Manager.PIP:
        return _NAME_ENDS.split(text, maxsplit=1)[0]
    return text.partition("@")[0]


def _pin(manager: Manager, text: str, known: Mapping[tuple[Manager, str], str]) -> str:
    name = name_of(manager, text)
    version = known.get((manager, _plain(manager, name)))
    if version is None:
        return text
    if manager is Manager.PIP:
        extras = _PIP_EXTRAS.search(text)
        return f"{name}{extras.group() if extras else ''}=={version}"
    return f"{name}{_MARKS[manager]}{version}"


def _plain(manager: Manager, name: str) -> str:
    # PEP 503: the same project, however its name is written
    return _RUNS_OF_MARKS.sub("-", name).lower() if manager is Manager.PIP else name


def _apt(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, tab, version = line.partition("\t")
        if name and tab and version:
            yield name, version


def _cargo(text: str) -> Iterator[tuple[str, str]]:
    yield from _CARGO.findall(text)


def _gem(text: str) -> Iterator[tuple[str, str]]:
    yield from _GEM.findall(text)


def _go(text: str) -> Iterator[tuple[str, str]]:
    """Read the programs' own notes: `path` is the package, `mod` its module with a version."""
    path = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["path"] and len(words) > 1:
            path = words[1]
        elif words[:1] == ["mod"] and len(words) > 2 and path:  # noqa: PLR2004 - mod, module, version
            yield path, words[2]
            path = ""


def _npm(text: str) -> Iterator[tuple[str, str]]:
    for name, entry in json.loads(text).get("dependencies", {}).items():
        if "version" in entry:
            yield name, entry["version"]


def _pip(text: str) -> Iterator[tuple[str, str]]:
    for entry in json.loads(text):
        yield entry["name"], entry["version"]


_READERS: Final = {
    Manager.APT: _apt,
    Manager.CARGO: _cargo,
    Manager.GEM: _gem,
    Manager.GO: _go,
    Manager.NPM: _npm,
    Manager.PIP: _pip,
}
_MARKS: Final[Mapping[Manager, str]] = {
    Manager.APT: "=",
    Manager.CARGO: "@",
    Manager.GEM: ":",
    Manager.GO: "@",
    Manager.NPM: "@",
}
