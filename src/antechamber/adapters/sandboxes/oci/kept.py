"""What is kept of a sandbox while it runs and after: its folder, its state in a file, and the layers under it."""

import json
import re
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from antechamber.features.environments.model.sandbox import Layer, SandboxError, SandboxInfo, SandboxSpec

RUNNING: Final = "running"
STOPPED: Final = "stopped"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}")


@dataclass(frozen=True, slots=True)
class State:
    """A sandbox, as its state.json has it; `has_disk`: its upper layer lies in an image of its own."""

    id: str
    organization_id: str
    state: str
    base: str
    base_digest: str
    layers: tuple[str, ...]
    labels: dict[str, str]
    created_at: int
    first_id: int
    has_disk: bool
    ended_for: str | None = None

    def info(self) -> SandboxInfo:
        """Return what lists show."""
        return SandboxInfo(
            self.id,
            self.organization_id,
            self.state,
            self.base,
            self.layers,
            self.created_at,
            self.labels,
            self.ended_for,
        )


class Sessions:
    """The folders of sandboxes, one each, in DATA/sandboxes/sessions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._states: dict[str, State] = {}

    def load(self) -> None:
        """Read what earlier processes left; none of it runs."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.glob("*/state.json"):
            kept = json.loads(file.read_text(encoding="utf-8"))
            state = State(**{**kept, "layers": tuple(kept["layers"]), "state": STOPPED})
            self._states[state.id] = state

    def folder(self, sandbox_id: str) -> Path:
        """Return the folder of an id; SandboxError if it could be no folder's name."""
        return self._folder / checked(sandbox_id)

    def find(self, sandbox_id: str) -> State | None:
        """Return what is kept."""
        return self._states.get(sandbox_id)

    def all(self) -> list[State]:
        """Return all, oldest first."""
        return sorted(self._states.values(), key=lambda state: state.created_at)

    def keep(self, state: State) -> None:
        """Keep a state, replacing the one before."""
        file = self.folder(state.id) / "state.json"
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(state)), encoding="utf-8")
        fresh.replace(file)
        self._states[state.id] = state

    def turn(self, sandbox_id: str, state: str, ended_for: str | None = None) -> None:
        """Note that a sandbox runs, or has stopped, and for which limit."""
        known = self._states.get(sandbox_id)
        if known is not None and known.state != state:
            self.keep(replace(known, state=state, ended_for=ended_for))

    def forget(self, sandbox_id: str) -> None:
        """Keep nothing of it; its folder is the caller's."""
        self._states.pop(sandbox_id, None)

    def uses(self, organization_id: str, digest: str) -> bool:
        """Tell whether a sandbox, running or stopped, stands on a layer."""
        return any(
            state.organization_id == organization_id and digest in state.layers for state in self._states.values()
        )

    def bases(self) -> set[str]:
        """Return the digests of the bases that sandboxes, running or stopped, stand on."""
        return {state.base_digest for state in self._states.values()}


class Layers:
    """The sealed layers, in DATA/sandboxes/layers/ORGANIZATION/DIGEST/{fs,manifest.json}."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Remove what was being made or removed when an earlier process ended."""
        for half in self._folder.glob("*/.*"):
            shutil.rmtree(half, ignore_errors=True)

    def place(self, organization_id: str, digest: str) -> Path:
        """Return the folder of a layer, which need not be there; SandboxError for what can be no name."""
        return self._folder / checked(organization_id) / checked(digest)

    def tree(self, organization_id: str, digest: str) -> Path:
        """Return the files of a layer; SandboxError if it is not there."""
        found = self.place(organization_id, digest)
        if not (found / "manifest.json").exists():
            message = f"the layer {digest} is not there; build the environment again"
            raise SandboxError(message)
        return found / "fs"

    def find(self, organization_id: str, digest: str) -> Layer | None:
        """Return a layer."""
        return self._read(self.place(organization_id, digest))

    def all(self, organization_id: str | None) -> list[Layer]:
        """Return the layers of an organisation or of all, oldest first."""
        pattern = f"{checked(organization_id) if organization_id else '*'}/*/manifest.json"
        found = [
            self._read(manifest.parent) for manifest in self._folder.glob(pattern) if manifest.parent.name[0] != "."
        ]
        return sorted((layer for layer in found if layer), key=lambda layer: layer.created_at)

    def describe(self, folder: Path, layer: Layer) -> None:
        """Write the manifest of a layer that is about to be put in place."""
        (folder / "manifest.json").write_text(json.dumps(asdict(layer)), encoding="utf-8")

    def touch(self, organization_id: str, digest: str, now: int) -> None:
        """Note that a sandbox starts on it."""
        folder = self.place(organization_id, digest)
        (folder / "used").write_text(str(now), encoding="ascii")

    def _read(self, folder: Path) -> Layer | None:
        try:
            layer = Layer(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        try:
            return replace(layer, used_at=int((folder / "used").read_text(encoding="ascii")))
        except (FileNotFoundError, ValueError):
            return layer


def first_state(spec: SandboxSpec, base_digest: str, first_id: int, now: int, *, has_disk: bool) -> State:
    """Return the state of a sandbox that is about to start."""
    return State(
        spec.id,
        spec.organization_id,
        RUNNING,
        spec.base,
        base_digest,
        tuple(spec.layers),
        dict(spec.labels),
        now,
        first_id,
        has_disk,
    )


def checked(name: str) -> str:
    """Return a name that is one folder's and no other's; SandboxError."""
    if _NAME.fullmatch(name) is None:
        message = f"{name!r} is no name for a sandbox, an organization or a layer"
        raise SandboxError(message)
    return name
