"""The Go driver, built once: the official Go SDK, which `ant` is built on, with a Go that comes as a wheel."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.environments import HERE, _folder, _once, _run, python_environment
from tests.live import clean_environment

_SOURCE = HERE / "drivers" / "go"
_SECONDS = 90


def go_driver() -> Path:
    """Return the program that drivers/go describes; built if it is not there (a minute or two)."""
    sources = sorted(_SOURCE.iterdir())
    folder = _folder("go-driver", b"".join(path.read_bytes() for path in [*sources, HERE / "requirements-go.txt"]))
    program = folder / "driver"

    def make() -> None:
        go = python_environment("go").with_name("go")
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            own = {
                "CGO_ENABLED": "0",
                "GOCACHE": f"{work}/build",
                "GOFLAGS": "-mod=readonly -modcacherw",
                "GOMODCACHE": f"{work}/modules",
                "GOTOOLCHAIN": "local",
            }
            _run(str(go), "build", "-trimpath", "-o", str(program), ".", cwd=_SOURCE, environment={**os.environ, **own})

    _once(folder, make)
    return program


def run_go(environment: Mapping[str, str]) -> dict[str, Any]:
    """Run the driver with these variables, and return what it printed."""
    done = subprocess.run(
        [str(go_driver())],
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if done.returncode:
        message = f"the driver ended with {done.returncode}:\n{done.stderr}"
        raise RuntimeError(message)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
