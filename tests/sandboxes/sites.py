"""A server whose one registry is a private one of the tests, and what it builds."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from tests.live import LiveServer
from tests.sandboxes.private import HOST, USER, Private

BETA = "managed-agents-2026-04-01"
SECONDS = 120
_CONFIG = """
[registries]
ca_file = "{bundle}"

[registries.pip]
index_url = "{address}/simple/"
username = "{user}"
password = "file:{password}"

[egress]
private = [{{ network = "127.0.0.0/8", host = "{host}" }}]
hosts = {{ "{host}" = "127.0.0.1" }}
"""


def config_of(origin: Private, bundle: object, password: object) -> str:
    """Return the file of a server that installs from this registry, with the password that lies in a file."""
    return _CONFIG.format(address=origin.address, bundle=bundle, password=password, user=USER, host=HOST)


class Site:
    """Such a server."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"x-api-key": self.server.api_key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
        answer = self.server.ask(method, path, headers, None if body is None else json.dumps(body))
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    def environment(self, package: str) -> str:
        """Make an environment of one package."""
        config = {"type": "cloud", "packages": {"pip": [package]}}
        return str(self.ask("POST", "/v1/environments", {"name": f"of-{package}", "config": config})["id"])

    def begin(self, environment: str) -> str:
        """Begin to build one, and return the build's id."""
        return str(self.ask("POST", f"/v1/environments/{environment}/build", {})["id"])

    def look(self, environment: str, build: str) -> dict[str, Any]:
        """Return a build as it is now."""
        return self.ask("GET", f"/v1/environments/{environment}/builds/{build}")

    def ended(self, environment: str, build: str) -> dict[str, Any]:
        """Return a build when it is over."""
        deadline = time.monotonic() + SECONDS
        while (found := self.look(environment, build))["ended_at"] is None:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def built(self, package: str) -> str:
        """Build an environment of one package, and return how that ended."""
        environment = self.environment(package)
        return str(self.ended(environment, self.begin(environment))["state"])


class Rotation(Site):
    """Such a server, told of changes."""

    def reload(self) -> subprocess.CompletedProcess[str]:
        places = ["--data", str(self.server.data), "--config", str(self.server.config)]
        command = [sys.executable, "-m", "antechamber", "config", "reload", *places]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.server.environment, timeout=SECONDS
        )

    def hang_up(self) -> None:
        """Send SIGHUP, and return when the server says that it has read its file."""
        assert self.server.process is not None
        before = self.server.log().count("catalogue reloaded")
        os.kill(self.server.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + SECONDS
        while self.server.log().count("catalogue reloaded") == before:
            assert time.monotonic() < deadline, self.server.log()[-2000:]
            time.sleep(0.05)
