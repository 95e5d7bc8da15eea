"""What a sandbox is made of, told, and says of itself; shared by every runtime (sandbox.md section 10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

HOST: Final = "host"
WORKING_FOLDER: Final = "/workspace"
# where a sandbox finds the certificate of those hosts whose TLS the proxy ends
AUTHORITY_FILE: Final = "/etc/antechamber/egress-ca.pem"
MEBIBYTE: Final = 1 << 20


class SandboxError(Exception):
    """The runtime could not do it; the message says what and, where somebody can mend it, how."""


class SandboxGone(SandboxError):
    """The sandbox is not there, or its first process has ended; a new one can start on what is left of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sandbox may take; sizes in bytes, times in seconds, `cpus` in cores; 0: no limit."""

    memory_bytes: int = 2048 * MEBIBYTE
    cpus: float = 2.0
    pids: int = 1024
    disk_bytes: int = 10240 * MEBIBYTE
    open_files: int = 4096
    file_bytes: int = 0
    wall_seconds: int = 0


class NetworkMode(StrEnum):
    """What of the network a sandbox reaches."""

    LIMITED = "limited"
    NONE = "none"
    UNRESTRICTED = "unrestricted"


@dataclass(frozen=True, slots=True)
class HostRule:
    """A host that may be reached: exact, or `*.suffix` for its subdomains, and why (`allowed_hosts`, `pip`, ...)."""

    host: str
    reason: str
    ports: tuple[int, ...] = (443,)


@dataclass(frozen=True, slots=True)
class Injection:
    """A header that the proxy sets on requests to a host, whose TLS it ends for that; never seen inside.

    `ports` are those it goes to; `reads_only`: it goes with GET and HEAD alone, so that nothing is changed by it.
    """

    host: str
    header: str
    value: str = field(repr=False)
    ports: tuple[int, ...] = (443,)
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What a sandbox may reach; `blocked` is the operator's list, and holds in every mode.

    `answer_seconds` is how long a host may take until it is connected to, and again until its first byte; 0: as long
    as anybody waits.
    """

    mode: NetworkMode = NetworkMode.NONE
    allowed: tuple[HostRule, ...] = ()
    blocked: tuple[str, ...] = ()
    injections: tuple[Injection, ...] = ()
    answer_seconds: float = 0


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """How a sandbox is made: base profile, layers over it (digests, lowest first), limits, network, environment.

    `id` is the caller's (a session's, a build's); making one that is there already is SandboxError. An upper layer
    kept from before under this id is taken up again; `restore` names a snapshot that it is filled from.
    """

    id: str
    organization_id: str
    base: str = HOST
    layers: tuple[str, ...] = ()
    limits: Limits = Limits()
    network: NetworkPolicy = NetworkPolicy()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    hostname: str = "sandbox"
    labels: Mapping[str, str] = field(default_factory=dict)
    restore: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run: `argv` as it is, never through a shell; `timeout_seconds` 0: as long as it takes."""

    argv: tuple[str, ...]
    cwd: str = WORKING_FOLDER
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = "root"
    tty: bool = False
    rows: int = 24
    columns: int = 80
    timeout_seconds: float = 0


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a program ended; `code` is 128 + `signal` for one ended by a signal."""

    code: int
    signal: int | None = None
    oom: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside a sandbox; `kind` is file, folder, link or other, `modified_at` is in µs UTC."""

    name: str
    kind: str
    size: int
    mode: int
    modified_at: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What a sandbox takes now; None where the machine cannot tell."""

    memory_bytes: int | None
    memory_peak_bytes: int | None
    cpu_microseconds: int | None
    pids: int | None
    disk_bytes: int | None
    oom_kills: int | None


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox as lists show it; `state` is running or stopped (its upper layer is kept).

    `ended_for` is the limit that stopped it, `time` or `disk`; None where nothing of the kind did.
    """

    id: str
    organization_id: str
    state: str
    base: str
    layers: tuple[str, ...]
    created_at: int
    labels: Mapping[str, str]
    ended_for: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A sealed layer; `used_at` is when a sandbox last started on it, `base_digest` what it was made over."""

    organization_id: str
    digest: str
    size_bytes: int
    created_at: int
    used_at: int
    base_digest: str = ""


@dataclass(frozen=True, slots=True)
class ReplacedBase:
    """A base of this machine that another has taken the place of; `replaced_at` is when, in µs UTC."""

    name: str
    size_bytes: int
    replaced_at: int


@dataclass(frozen=True, slots=True)
class Base:
    """A base profile of this machine: `state` is ready, missing or building; `hint` is the command that makes it."""

    name: str
    state: str
    digest: str | None
    size_bytes: int | None
    managers: tuple[str, ...]
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a runtime can enforce on this machine; `missing` names each limit it cannot, with the reason."""

    runtime: str
    version: str
    isolation: str
    rootless: bool
    memory_limit: bool
    cpu_limit: bool
    pids_limit: bool
    disk_limit: bool
    transparent_network: bool
    snapshots: bool
    missing: tuple[str, ...] = ()
