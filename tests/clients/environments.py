"""Isolated environments for other people's clients, made once under ANTE_CACHE and kept.

What goes in is pinned beside this file by hash, so a folder is named after its pins and never changes. New pins:
`uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -` with `anthropic[webhooks]==2.11.0` on
its stdin, and `npm install --omit-lockfile-registry-resolved`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.live import LiveServer, clean_environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_DRIVERS = HERE / "drivers"
_WHOLE = ".whole"
_DRIVER_SECONDS = 120


def python_environment(name: str) -> Path:
    """Return the interpreter of the environment that requirements-NAME.txt describes; made if it is not there."""
    pins = HERE / f"requirements-{name}.txt"
    folder = _folder(name, f"{sys.version_info[:2]} {sys.executable}".encode() + pins.read_bytes())
    python = folder / "bin" / "python"

    def make() -> None:
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        pip = (sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check")
        _run(*pip, "install", "--no-input", "--no-compile", "--require-hashes", "-r", str(pins))

    _once(folder, make)
    return python


def node_environment(name: str = "npm", place: Path = HERE) -> Path:
    """Return the folder that holds the node_modules of a place's package-lock.json; made if it is not there."""
    manifests = [place / "package.json", place / "package-lock.json"]
    folder = _folder(name, b"".join(path.read_bytes() for path in manifests))

    def make() -> None:
        folder.mkdir(parents=True)
        for path in manifests:
            shutil.copy(path, folder)
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)

    _once(folder, make)
    return folder


def run_python(
    name: str,
    driver: str,
    server: LiveServer,
    variables: Mapping[str, str] | None = None,
    seconds: float = _DRIVER_SECONDS,
) -> dict[str, Any]:
    """Run drivers/DRIVER.py in an environment, and return what it printed."""
    # -P: the drivers' folder would stand before the libraries otherwise
    command = [str(python_environment(name)), "-P", str(_DRIVERS / f"{driver}.py")]
    return _told(command, {**_address(server), "PYTHONPATH": str(ROOT), **(variables or {})}, seconds)


def run_node(driver: str, server: LiveServer, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run drivers/DRIVER.mjs beside the pinned node_modules, and return what it printed."""
    modules = node_environment() / "node_modules"
    with tempfile.TemporaryDirectory() as folder:
        # node looks for modules beside the program, wherever it is started from
        for path in _DRIVERS.glob("*.mjs"):
            shutil.copy(path, folder)
        (Path(folder) / "node_modules").symlink_to(modules)
        return _told(["node", str(Path(folder) / f"{driver}.mjs")], {**_address(server), **(variables or {})})


def _address(server: LiveServer) -> dict[str, str]:
    return {
        "ANTE_TEST_URL": server.base_url,
        "ANTE_TEST_KEY": server.api_key,
        "ANTE_TEST_ADMIN_KEY": server.admin_key,
    }


def _told(command: list[str], environment: Mapping[str, str], seconds: float = _DRIVER_SECONDS) -> dict[str, Any]:
    done = subprocess.run(
        command,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode:
        message = f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}"
        raise RuntimeError(message)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _folder(name: str, content: bytes) -> Path:
    cache = Path(os.environ.get("ANTE_CACHE") or "~/.cache/antechamber").expanduser()
    return cache / "clients" / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"


def _once(folder: Path, make: Callable[[], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / _WHOLE).exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        make()
        (folder / _WHOLE).touch()


def _run(*command: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)
