"""A server of its own for the scripts: `ante init`, then `ante serve`, both as a person runs them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)")
LONGEST_START_SECONDS = 30


@dataclass(frozen=True)
class LiveServer:
    base_url: str
    api_key: str
    admin_key: str


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("live")
    data = str(folder / "data")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANTE_", "ANTHROPIC_"))}
    ante = [sys.executable, "-m", "antechamber"]
    made = subprocess.run(
        [*ante, "init", "--organization", "Acme", "--admin-email", "admin@example.com", "--json", "--data", data],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    keys = json.loads(made.stdout)
    log = folder / "log"
    with log.open("w") as stderr:
        server = subprocess.Popen([*ante, "serve", "--data", data, "--port", "0"], env=environment, stderr=stderr)
    try:
        yield LiveServer(wait_for_address(log, server), keys["api_key"], keys["admin_key"])
    finally:
        server.terminate()
        server.wait(LONGEST_START_SECONDS)


def wait_for_address(log: Path, server: "subprocess.Popen[bytes]") -> str:
    until = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        if found := STARTED.search(log.read_text()):
            return found[0]
        time.sleep(0.05)
    pytest.fail(f"the server did not start:\n{log.read_text()}")
