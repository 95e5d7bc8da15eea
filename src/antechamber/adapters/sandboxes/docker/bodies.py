"""What an engine is asked for: the body of each container, made from what a sandbox is to be; nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from antechamber.adapters.sandboxes import hardening
from antechamber.adapters.sandboxes.network.inside import RESOLVER
from antechamber.features.environments.model.sandbox import MEBIBYTE, WORKING_FOLDER, Command, SandboxSpec

FOLDER: Final = "/.antechamber"
INIT: Final = f"{FOLDER}/init"
REAPER: Final = f"{FOLDER}/reaper"
MARK: Final = "ANTECHAMBER_PROCESS"

OWNER: Final = "antechamber.owner"
SANDBOX: Final = "antechamber.sandbox"
ORGANIZATION: Final = "antechamber.organization"
BASE: Final = "antechamber.base"
LAYERS: Final = "antechamber.layers"
DIGEST: Final = "antechamber.digest"
# of an image of a base its own name; what is made of it carries that too, layers and containers
GROUND: Final = "antechamber.ground"
GROUND_NAME: Final = "antechamber.ground.name"
GROUND_DIGEST: Final = "antechamber.ground.digest"
LABEL: Final = "antechamber.label."

# the engine always mounts /sys, and shows this machine's devices and the cgroups in it
MASKED: Final = (*hardening.MASKED, "/sys")
_TEMPORARY: Final = 256 * MEBIBYTE
_SHARED: Final = 64 * MEBIBYTE
_NANO: Final = 1_000_000_000
_SIZED: Final = 'stty rows "$1" cols "$2"; shift 2; exec "$@"'


@dataclass(frozen=True, slots=True)
class Image:
    """What a container starts from: the engine's name of it, and folders of this machine shown inside read-only."""

    name: str
    binds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class House:
    """What all containers of an installation have: its name, the engine's runtime, the seccomp profile as JSON."""

    owner: str
    runtime: str = ""
    seccomp: str = ""


def container(spec: SandboxSpec, image: Image, house: House) -> dict[str, Any]:
    """Return the body of `POST /containers/create`."""
    return {
        "Image": image.name,
        "Hostname": spec.hostname,
        "Entrypoint": [INIT, "-P"],
        "Cmd": [],
        "User": "0:0",
        # a layer that is made of it would have them too: programs are given theirs one by one
        "Env": [],
        "WorkingDir": WORKING_FOLDER,
        "Labels": labels(spec, house),
        "HostConfig": _held(spec, image, house),
    }


def labels(spec: SandboxSpec, house: House) -> dict[str, str]:
    """Return what tells a container's sandbox, so that it is known after a restart."""
    return {
        OWNER: house.owner,
        SANDBOX: spec.id,
        ORGANIZATION: spec.organization_id,
        BASE: spec.base,
        LAYERS: ",".join(spec.layers),
        **{LABEL + name: value for name, value in spec.labels.items()},
    }


def own_labels(told: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that the caller gave."""
    return {name.removeprefix(LABEL): value for name, value in told.items() if name.startswith(LABEL)}


def execution(command: Command, mark: str, told: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of `POST /containers/{id}/exec`; by `mark` its processes are found again.

    `told` are the variables of the sandbox, for every program.
    """
    terminal = {"TERM": "xterm-256color"} if command.tty else {}
    environment = {**terminal, **told, **command.environment, MARK: mark}
    return {
        "Cmd": [REAPER, "-s", "--", *_sized(command), *command.argv],
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "WorkingDir": command.cwd,
        "User": command.user,
        "Tty": command.tty,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
    }


def _sized(command: Command) -> Sequence[str]:
    # asked for in another call, its size would come when the program runs already, and old engines know no other way
    if not command.tty:
        return ()
    return ("/bin/sh", "-c", _SIZED, "terminal", str(command.rows), str(command.columns))


def _held(spec: SandboxSpec, image: Image, house: House) -> dict[str, Any]:
    limits = spec.limits
    temporary = min(_TEMPORARY, limits.memory_bytes // 2) if limits.memory_bytes else _TEMPORARY
    return {
        "NetworkMode": "none",
        # the resolver inside, whether or not this sandbox may ask it: never that of the engine's machine
        "Dns": [RESOLVER],
        "DnsOptions": ["timeout:5", "attempts:2"],
        "DnsSearch": ["."],
        "ExtraHosts": [f"{spec.hostname}:127.0.0.1"],
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "CapDrop": ["ALL"],
        "CapAdd": list(hardening.CAPABILITIES),
        "SecurityOpt": ["no-new-privileges", *([f"seccomp={house.seccomp}"] if house.seccomp else [])],
        "MaskedPaths": list(MASKED),
        "ReadonlyPaths": list(hardening.READ_ONLY),
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": round(limits.cpus * _NANO),
        "PidsLimit": limits.pids or None,
        "Ulimits": _ulimits(spec),
        "ShmSize": _SHARED,
        "Tmpfs": {
            "/tmp": f"exec,nosuid,nodev,mode=1777,size={temporary}",  # noqa: S108 - the sandbox's own
        },
        "Binds": [f"{shown}:{place}:ro" for shown, place in image.binds],
        "LogConfig": {"Type": "none"},
        "Runtime": house.runtime,
    }


def _ulimits(spec: SandboxSpec) -> Sequence[dict[str, Any]]:
    told = {"nofile": spec.limits.open_files, "fsize": spec.limits.file_bytes}
    held = [{"Name": name, "Soft": value, "Hard": value} for name, value in told.items() if value]
    return [*held, {"Name": "core", "Soft": 0, "Hard": 0}]
