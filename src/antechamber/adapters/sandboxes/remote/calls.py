"""What can be called, by the protocols of features/environments/ports/sandboxes.py; msgpack on the way."""

from collections.abc import Mapping
from typing import Final

import msgspec

from antechamber.features.environments.model.sandbox import Command, SandboxSpec


class Describe(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.capabilities -> Capabilities."""


class Bases(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.bases -> list[Base]."""


class Create(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.create -> None."""

    spec: SandboxSpec


class Find(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.find -> bool."""

    id: str


class List(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.listing -> list[SandboxInfo]."""

    labels: Mapping[str, str] | None


class Remove(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.remove -> None."""

    id: str


class Seal(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.seal -> Layer."""

    id: str
    digest: str


class Layers(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.layers -> list[Layer]."""

    organization_id: str | None


class DropLayer(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.drop_layer -> bool."""

    organization_id: str
    digest: str


class DropBases(msgspec.Struct, tag=True, frozen=True):
    """Sandboxes.drop_bases -> list[ReplacedBase]."""

    before: int
    is_trial: bool


class Execute(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.execute -> None, then the program's frames."""

    id: str
    command: Command


class Read(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.read -> DATA, END."""

    id: str
    path: str
    offset: int
    limit: int | None


class Write(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.write, after DATA and END of the caller -> None."""

    id: str
    path: str
    mode: int


class Entries(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.listing -> list[Entry]."""

    id: str
    path: str


class Measure(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.stats -> Stats."""

    id: str


class Snapshot(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.snapshot -> str."""

    id: str


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.stop -> None."""

    id: str


class Destroy(msgspec.Struct, tag=True, frozen=True):
    """Sandbox.destroy -> None."""

    id: str


OnAll = Describe | Bases | Create | Find | List | Remove | Seal | Layers | DropLayer | DropBases
OnOne = Entries | Measure | Snapshot | Stop | Destroy
Simple = OnAll | OnOne
Call = Simple | Execute | Read | Write

encode: Final = msgspec.msgpack.encode
decode_call: Final = msgspec.msgpack.Decoder(Call).decode
