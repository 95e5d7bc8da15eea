"""The real thing, in processes of their own: a simulated upstream and a server over it, which can be killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.founding import found_organization

_START_SECONDS = 60.0
_STOP_SECONDS = 40.0
_FOREIGN = ("ANTE_", "ANTHROPIC_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
UPSTREAM_KEY = "upstream-key-of-the-tests"


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Wait until something is so; AssertionError with what it was when the deadline has passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def clean_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would steer a server or a client."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(_FOREIGN)}
    return {**kept, **more}


class Process:
    """A command of ours, its output in a file."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.popen: subprocess.Popen[bytes] | None = None

    def spawn(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "antechamber", *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=dict(environment or clean_environment()),
            )

    @property
    def pid(self) -> int:
        assert self.popen is not None
        return self.popen.pid

    def signal(self, number: int) -> None:
        assert self.popen is not None
        self.popen.send_signal(number)

    def wait(self, seconds: float = _STOP_SECONDS) -> int:
        """Return the exit code."""
        assert self.popen is not None
        return self.popen.wait(seconds)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone; nothing happens when it is."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()

    def stop(self) -> int:
        """Stop it as its operator would, and return the exit code."""
        assert self.popen is not None
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def announced(self, pattern: str, behind: int) -> str:
        """Return the pattern's group once it stands in the output behind an offset."""
        found: list[str] = []

        def look() -> bool:
            assert self.popen is not None
            text = self.log.read_bytes()[behind:].decode(errors="replace")
            found[:] = re.findall(pattern, text)
            assert found or self.popen.poll() is None, f"ended with {self.popen.returncode}:\n{text[-3000:]}"
            return bool(found)

        wait_for(look, f"{pattern} in {self.log}", _START_SECONDS)
        return found[0]


class Upstream(Process):
    """The simulated models, and their truth."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "upstream.log")
        self.truth_file = folder / "truth.jsonl"
        self.spawn("simulate", "--port", "0", "--truth", str(self.truth_file))
        self.port = int(self.announced(r"http://127\.0\.0\.1:(\d+)", 0))
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        # it has nothing to finish
        self.signal(signal.SIGINT)
        return self.wait()

    def truth(self) -> dict[str, dict[str, Any]]:
        """Return the newest record of every request that the server sent, by the server's request id."""
        records: dict[str, dict[str, Any]] = {}
        for line in self.truth_file.read_bytes().splitlines():
            record = json.loads(line)
            if record["request_id"]:
                assert records.get(record["request_id"], record)["id"] == record["id"], "dispatched twice"
                records[record["request_id"]] = record
        return records

    def settled(self, seconds: float = 15.0) -> dict[str, dict[str, Any]]:
        """Return the records once none is open."""
        wait_for(lambda: all(row["ended"] != "open" for row in self.truth().values()), "the truth is settled", seconds)
        return self.truth()


class Server(Process):
    """Antechamber over its data folder; it can be killed and started again."""

    def __init__(self, folder: Path, config: str, **variables: str) -> None:
        super().__init__(folder / "server.log")
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "server.toml"
        self.config.write_text(config)
        self.environment = clean_environment(**variables)
        self.port = 0
        self.log.touch()
        founded = found_organization(self.data, self.config, self.environment, "Faults", "a@example.com")
        self.key: str = founded["api_key"]
        self.admin_key: str = founded["admin_key"]
        self.organization_id: str = founded["organization_id"]

    def run(self, *arguments: str, check: bool = True) -> str:
        """Run a command on the data folder beside the server and return what it printed."""
        command = [sys.executable, "-m", "antechamber", *arguments, "--data", str(self.data)]
        done = subprocess.run(
            [*command, "--config", str(self.config)],
            capture_output=True,
            text=True,
            env=self.environment,
            check=False,
            timeout=_START_SECONDS,
        )
        if check:
            assert done.returncode == 0, done.stderr
            return done.stdout
        return f"{done.returncode} {done.stderr}"

    def begin(self) -> int:
        """Start it without waiting; returns where its output begins."""
        behind = self.log.stat().st_size
        self.spawn(
            "serve", "--data", str(self.data), "--config", str(self.config), "--port", "0", environment=self.environment
        )
        return behind

    def start(self) -> None:
        """Start it, and return when it serves."""
        behind = self.begin()
        self.port = int(self.announced(r"Console   http://127\.0\.0\.1:(\d+)/", behind))

    def logged(self) -> str:
        """Return everything it has written."""
        return self.log.read_text(errors="replace")

    def resident_bytes(self) -> int:
        """Return how much memory it holds."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024


def provider(name: str, kind: str, url: str, models: list[str], **options: object) -> str:
    """Return a provider's table."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    table = ["[[providers]]", f'name = "{name}"', f'kind = "{kind}"', f'base_url = "{url}"']
    return "\n".join([*table, f'api_key = "{UPSTREAM_KEY}"', f"models = {json.dumps(models)}", *lines]) + "\n"


def over(url: str, *more: str, **settings: object) -> str:
    """Return a configuration with the simulated models in both dialects, and further tables.

    `sim-1` waits long for an answer, `claude-sim-1` only a second.
    """
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"simulated": "off", **settings}.items()]
    tables = [
        provider(f"{kind}-{name}", kind, url, models, read_seconds=seconds)
        for kind in ("anthropic", "openai")
        for name, models, seconds in (
            ("patient", ["sim-1", "sim-agent-1"], 60),
            ("hasty", ["claude-sim-1"], 1),
        )
    ]
    return "\n".join([*lines, "", *tables, *more])
