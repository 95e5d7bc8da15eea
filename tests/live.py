"""Servers as people run them: `ante serve` and `ante simulate`, each a process of its own on loopback."""

import contextlib
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.founding import found_organization

_START_SECONDS = 60
_STOP_SECONDS = 30
_PAUSE_SECONDS = 0.05
_OK = 200
# below those that the system gives to connections, so that none of them takes a port that a server is about to take
_PORTS = range(10_000, 32_000)
_ANTE = (sys.executable, "-m", "antechamber")
_BELONGS_TO_THE_CALLER = re.compile(r"(ANTE_(?!CACHE)|ANTHROPIC_|OPENAI_|(?i:.*_proxy$))")
_SIMULATED = re.compile(r"http://[0-9.]+:\d+")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment less what would point programs at other servers, and then `extra`."""
    kept = {name: value for name, value in os.environ.items() if not _BELONGS_TO_THE_CALLER.match(name)}
    return {**kept, **(extra or {})}


class Program:
    """A program that runs until it is stopped; its output is appended to `log_path`."""

    def __init__(self, arguments: list[str], log_path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.arguments = arguments
        self.log_path = log_path
        self.environment = clean_environment(environment)
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*_ANTE, *self.arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def stop(self) -> int:
        """End it as an operator does (SIGTERM) and return its exit code; killed if it does not obey."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut does (SIGKILL)."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.is_running():
            self.process.send_signal(number)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class LiveServer(Program):
    """A founded server: its address stays the same over stops and starts, and so do its keys."""

    def __init__(
        self, folder: Path, *, config: str = "", environment: Mapping[str, str] | None = None, host: str = "127.0.0.1"
    ) -> None:
        """Found an organisation in `folder`; `config` is TOML."""
        self.data = folder / "data"
        self.host = host
        self.port = free_port(host)
        self.base_url = f"http://{host}:{self.port}"
        places = ["--data", str(self.data)]
        path = None
        if config:
            path = self.config = folder / "config.toml"
            self.config.write_text(config, encoding="utf-8")
            places += ["--config", str(self.config)]
        arguments = ["serve", *places, "--host", host, "--port", str(self.port)]
        super().__init__(arguments, folder / "serve.log", environment)
        founded = found_organization(self.data, path, self.environment, "Acme", "admin@example.com")
        self.organization_id: str = founded["organization_id"]
        self.workspace_id: str = founded["workspace_id"]
        self.admin_email: str = founded["admin_email"]
        self.admin_key: str = founded["admin_key"]
        self.api_key: str = founded["api_key"]
        self.setup_token: str = founded["setup_url"].partition("=")[2]

    def start(self) -> "LiveServer":
        """Serve, and return once the server says that it is ready."""
        self.launch()
        until = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if not self.is_running() or time.monotonic() > until:
                self.kill()
                message = f"the server did not start:\n{self.log()}"
                raise RuntimeError(message)
            time.sleep(_PAUSE_SECONDS)
        return self

    def is_ready(self) -> bool:
        try:
            return self.ask("GET", "/health/ready").status == _OK
        except OSError:
            return False

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | str | None = None
    ) -> "Answer":
        """Send one request with these headers and no others that matter, and return the whole answer."""
        return ask(self.host, self.port, method, path, headers, body)

    @contextlib.contextmanager
    def begin(self, method: str, path: str, headers: Mapping[str, str], body: bytes | str) -> Iterator[None]:
        """Hold a request open from the answer's head until the block ends; what follows the head is not read."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_START_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            with contextlib.closing(connection.getresponse()):
                yield
        finally:
            connection.close()


class SimulatedUpstream(Program):
    """`ante simulate` by itself; what it really produced is in `truth_path`, one JSON object a line."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.truth_path = folder / "truth.jsonl"
        self.url = ""
        super().__init__(
            ["simulate", "--port", "0", "--truth", str(self.truth_path), *arguments], folder / "simulate.log"
        )

    def start(self) -> "SimulatedUpstream":
        self.launch()
        until = time.monotonic() + _START_SECONDS
        while (found := _SIMULATED.search(self.log())) is None:
            if not self.is_running() or time.monotonic() > until:
                self.kill()
                message = f"the simulated upstream did not start:\n{self.log()}"
                raise RuntimeError(message)
            time.sleep(_PAUSE_SECONDS)
        self.url = found[0]
        return self

    def truth(self) -> list[dict[str, Any]]:
        """Return what has been written so far."""
        return [json.loads(line) for line in self.truth_path.read_text(encoding="utf-8").splitlines()]


class Answer:
    """An answer over plain HTTP; header names in lower case."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return json.loads(self.body)


def ask(
    host: str,
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
) -> Answer:
    """Send one request on a connection of its own, and return the whole answer; OSError if there is none."""
    connection = http.client.HTTPConnection(host, port, timeout=_START_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        return Answer(connection.getresponse())
    except http.client.HTTPException as error:
        raise ConnectionError(repr(error)) from error
    finally:
        connection.close()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on which nobody listens, and that the system gives to nobody until a server takes it."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, secrets.choice(_PORTS)))
            return int(probe.getsockname()[1])
