"""Supervisors of sandboxes for tests, each of its own kind: on an OCI runtime as root or not, or on an engine."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dockerd import Dockerd

KINDS = ("oci-root", "docker")
END_SECONDS = 60


@contextmanager
def supervisor(kind: str) -> Iterator[Path]:
    """Start one, and yield the socket that answers for it."""
    if kind == "docker":
        engine = Dockerd().start()
        try:
            with _started(runtime="docker", docker_url=engine.url) as path:
                yield path
        finally:
            engine.stop()
    else:
        with _started(runtime="crun") as path:
            yield path


@contextmanager
def _started(**parts: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ante-room-"))
    for name in ("run", "blobs", "cache"):
        (folder / name).mkdir()
    path = folder / "run" / "socket"
    told = {"folder": folder, "socket": path, "blobs": folder / "blobs", "cache": folder / "cache", **parts}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "antechamber.adapters.sandboxes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={"PATH": os.environ["PATH"]},
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({name: str(value) for name, value in told.items()}).encode() + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert b"Ready" in answer, (answer, (folder / "log").read_text()[-3000:])
        yield path
    finally:
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)
