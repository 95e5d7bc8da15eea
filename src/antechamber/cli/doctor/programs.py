"""Which Pythons, Nodes and SDKs a shell would find, and which of them `ante`, `anthropic` and `openai` resolve to."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from antechamber.cli.doctor.findings import Check
from antechamber.client.environment import Environment

_SECONDS: Final = 5
_PACKAGES: Final = ("anthropic", "openai", "antechamber")
_MODULES: Final = ("@anthropic-ai/sdk", "@anthropic-ai/claude-code", "openai", "@qwen-code/qwen-code")
_NEWEST_NODE_NEEDED: Final = 22
# isolated, so that a module of the current folder is not run
_ASK: Final = """
import importlib.metadata as m, json, platform, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        pass
print(json.dumps({"version": platform.python_version(), "packages": found}))
"""


def program_checks(environment: Environment, folder: Path) -> Iterator[Check]:
    """Say which programs the search path leads to, first ones first."""
    yield from _pythons(environment, folder)
    yield from _nodes(environment, folder)
    yield from _itself(environment)


def on_path(environment: Environment, *names: str) -> list[Path]:
    """Return the executables of these names in the order of PATH, each real file once."""
    found: dict[Path, Path] = {}
    suffixes = (".exe", ".cmd", "") if environment.windows else ("",)
    for entry in (environment.get("PATH") or "").split(os.pathsep):
        for name in names:
            for suffix in suffixes:
                path = Path(entry or ".") / f"{name}{suffix}"
                if path.is_file() and os.access(path, os.X_OK):
                    found.setdefault(path.resolve(), path)
    return list(found.values())


def _run(*words: str) -> str | None:
    try:
        ran = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - programs that PATH leads to anyway, no shell
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.decode("utf-8", "replace")


def _pythons(environment: Environment, folder: Path) -> Iterator[Check]:
    own = [folder / name for name in (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe")]
    active = environment.get("VIRTUAL_ENV")
    pythons = on_path(environment, "python3", "python")
    pythons += [path for path in own if path.is_file() and path.resolve() not in {each.resolve() for each in pythons}]
    versions: dict[str, set[str]] = {}
    for at, path in enumerate(pythons):
        answer = _python(path)
        if answer is None:
            yield Check("python", "note", f"{path}: does not run")
            continue
        version, packages = answer
        for name, package in packages.items():
            versions.setdefault(name, set()).add(package)
        shown = ", ".join(f"{name} {found}" for name, found in packages.items()) or "none of the SDKs"
        first = " (the first on PATH)" if at == 0 else ""
        yield Check("python", "ok" if at == 0 else "note", f"{path}{first}: Python {version}, {shown}")
    for name, found in versions.items():
        if len(found) > 1:
            detail = f"{name} is installed in {len(found)} versions: {', '.join(sorted(found))}"
            advice = "a script gets that of the Python that runs it; make one environment and activate it"
            yield Check("python", "warning", detail, advice)
    if active and pythons and not pythons[0].is_relative_to(active):
        detail = f"VIRTUAL_ENV is {active}, but python3 on PATH is {pythons[0]}"
        yield Check("python", "warning", detail, fix=f". {active}/bin/activate")


def _python(path: Path) -> tuple[str, Mapping[str, str]] | None:
    text = _run(str(path), "-I", "-c", _ASK, *_PACKAGES)
    try:
        found = json.loads(text or "")
        return str(found["version"]), dict(found["packages"])
    except (ValueError, KeyError, TypeError):
        return None


def _nodes(environment: Environment, folder: Path) -> Iterator[Check]:
    for at, path in enumerate(on_path(environment, "node")):
        version = (_run(str(path), "--version") or "").strip()
        modules = _node_modules(path.resolve().parent.parent / "lib" / "node_modules")
        shown = ", ".join(f"{name} {found}" for name, found in modules.items())
        detail = f"{path}: Node {version or 'that does not run'}{', global ' + shown if shown else ''}"
        yield Check("node", "ok" if at == 0 else "note", detail)
        major = version.lstrip("v").partition(".")[0]
        if at == 0 and major.isdigit() and int(major) < _NEWEST_NODE_NEEDED:
            advice = f"Claude Code and Qwen Code ask for Node {_NEWEST_NODE_NEEDED} or newer"
            yield Check("node", "note", f"Node {version} is the first on PATH", advice)
    for above in (folder, *folder.parents):
        if modules := _node_modules(above / "node_modules"):
            shown = ", ".join(f"{name} {found}" for name, found in modules.items())
            yield Check("node", "ok", f"{above / 'node_modules'}: {shown}")
            break


def _node_modules(folder: Path) -> dict[str, str]:
    found = {}
    for name in _MODULES:
        try:
            found[name] = str(json.loads((folder / name / "package.json").read_bytes())["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _itself(environment: Environment) -> Iterator[Check]:
    found = on_path(environment, "ante")
    if len(found) > 1:
        shown = ", ".join(str(path) for path in found)
        yield Check(
            "ante", "warning", f"there are {len(found)}, and the first is run: {shown}", fix="hash -r; type -a ante"
        )
    elif found:
        yield Check("ante", "ok", str(found[0]))
