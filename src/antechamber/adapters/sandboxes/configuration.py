"""What the supervisor of sandboxes is told at its start: one line of JSON on its standard input.

The end of that input is the end of the supervisor: who started it has gone. It answers with one line on its standard
output, `Ready` or `Refused`, and writes its log to standard error.
"""

import msgspec


class SupervisorConfiguration(msgspec.Struct, frozen=True):
    """All of it.

    `folder` is where sandboxes, layers and base images lie, `socket` where calls are answered (remote/frames.py),
    `blobs` the folder of snapshots, `cache` a folder for what can be made again. `egress` is the egress proxy's socket;
    None: sandboxes of NetworkMode.NONE only. `runtime` is crun, runc, runsc, the path of an OCI runtime, or docker;
    for that `docker_url` (unix:// or tcp://), `docker_tls` (a folder with ca.pem, cert.pem, key.pem), and
    `docker_runtime` (the engine's own word, such as runsc; empty: its default).
    """

    folder: str
    socket: str
    blobs: str
    cache: str
    egress: str | None = None
    runtime: str = "crun"
    docker_url: str = "unix:///var/run/docker.sock"
    docker_tls: str = ""
    docker_runtime: str = ""
    log_level: str = "info"


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Calls are taken now; `pid` is the supervisor's own process."""

    pid: int
    rootless: bool


class Refused(msgspec.Struct, frozen=True, tag=True):
    """This machine, or this user on it, cannot have sandboxes, and why; the process has ended."""

    reason: str


Answer = Ready | Refused
