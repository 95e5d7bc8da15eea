"""The egress process for tests, and hosts on this machine's loopback that sandboxes may try to reach."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy
from tests.issuers import Authority
from tests.origins import Echo, Origin

ALLOWED, OTHER, REBINDING, ECHO = "good.example", "other.example", "rebinding.example", "echo.example"
BLOCKED, CONTROL_PLANE, FRONT = "bad.example", "ante.example:8443", "front.example"


@dataclass(slots=True)
class World:
    """What there is to reach, and what a sandbox may."""

    folder: Path
    authority: Authority
    origin: Origin
    echo: Echo
    abstract: str
    host_port: int
    front: Origin
    hosts: dict[str, str]

    @property
    def socket(self) -> Path:
        return self.folder / "egress.sock"

    @property
    def log_folder(self) -> Path:
        return self.folder / "egress"

    @property
    def configuration(self) -> dict[str, Any]:
        """What the egress process is told."""
        return {
            "socket": str(self.socket),
            "log_folder": str(self.log_folder),
            "control_plane": [CONTROL_PLANE],
            "blocked": [BLOCKED],
            "private": [{"network": each.network, "host": each.host} for each in self.private],
            "hosts": self.hosts,
        }

    @property
    def private(self) -> tuple[PrivateNetwork, ...]:
        return tuple(PrivateNetwork("127.0.0.0/8", host) for host in (ALLOWED, ECHO, FRONT))

    @property
    def limited(self) -> NetworkPolicy:
        rules = (HostRule(ALLOWED, "allowed_hosts", (443, self.origin.port)), HostRule(REBINDING, "allowed_hosts"))
        return NetworkPolicy(NetworkMode.LIMITED, rules)

    @property
    def unrestricted(self) -> NetworkPolicy:
        return NetworkPolicy(NetworkMode.UNRESTRICTED)

    def facts(self, numbers: list[str]) -> str:
        """Return the argument of the probes."""
        return json.dumps(
            {
                "numbers": numbers,
                "allowed": ALLOWED,
                "port": self.origin.port,
                "other": OTHER,
                "rebinding": REBINDING,
                "echo": ECHO,
                "echo_port": self.echo.port,
                "blocked": BLOCKED,
                "front": FRONT,
                "control_plane": CONTROL_PLANE,
                "pem": self.authority.pem,
                "host_port": self.host_port,
                "abstract": self.abstract,
            }
        )

    def log(self, sandbox_id: str) -> list[dict[str, Any]]:
        """Return what was decided for a sandbox."""
        lines = (self.log_folder / f"{sandbox_id}.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


@contextlib.contextmanager
def world() -> Iterator[World]:
    """Make one; its folder can be entered by every account of the machine."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-net-", ignore_cleanup_errors=True)))
        folder.chmod(0o755)
        authority = Authority()
        origin, echo = Origin(folder / "origin", authority, ALLOWED), Echo()
        stack.callback(origin.close)
        stack.callback(echo.close)
        service = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        name = f"ante-probe-{os.getpid()}-{folder.name}"
        abstract.bind("\0" + name)
        abstract.listen()
        # port 443 matters, so the address is one that no other process has
        address = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
        front = Origin(folder / "front", authority, BLOCKED, (address, 443))
        stack.callback(front.close)
        hosts = {**dict.fromkeys((ALLOWED, OTHER, REBINDING, ECHO), "127.0.0.1"), FRONT: address}
        yield World(folder, authority, origin, echo, name, service.getsockname()[1], front, hosts)


class EgressProcess:
    """The process itself, as a server starts it."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        self._configuration = configuration
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it listens."""
        process = subprocess.Popen(
            [sys.executable, "-m", "antechamber.adapters.egress"],
            stdin=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        self._process = process
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._configuration).encode() + b"\n")
        process.stdin.flush()
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(self._configuration["socket"]):
                assert process.poll() is None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill it."""
        assert self._process is not None
        self._process.kill()
        self._wait()

    def stop(self) -> int:
        """Let it read the end of its input, and return its exit code."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._wait()

    def _wait(self) -> int:
        assert self._process is not None
        assert self._process.stdin is not None
        code = self._process.wait(60)
        self._process.stdin.close()
        return code


@contextlib.contextmanager
def egress_process(configuration: dict[str, Any]) -> Iterator[EgressProcess]:
    """Run it."""
    process = EgressProcess(configuration)
    process.start()
    try:
        yield process
    finally:
        process.stop()


async def probe(*command: str) -> dict[str, str]:
    """Run probes by a command, and return their outcomes."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: dict[str, str] = json.loads(out)
    return found
