"""Images of an engine: our base trees, brought in as they are, and sealed layers over them."""

import asyncio
import hashlib
import json
import os
import tarfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from antechamber.adapters.sandboxes.docker import bodies, engine
from antechamber.adapters.sandboxes.docker.calls import Calls, EngineError
from antechamber.adapters.sandboxes.images.trees import Tree, Trees
from antechamber.base.clock import Clock
from antechamber.features.environments.model.sandbox import Layer, ReplacedBase, SandboxError, SandboxSpec

_CHUNK: Final = 1 << 18
_SIZE: Final = "antechamber.size"
_CREATED: Final = "antechamber.created"
# changes with what is put into an image beside its tree
_REVISION: Final = "2"
_MICROSECONDS: Final = 1_000_000
# of a digest in the name of what was replaced, as folders of trees have it
_SHOWN: Final = 16


class Images:
    """What containers start from. `programs` are the two static programs that every image gets: init and reaper."""

    def __init__(self, calls: Calls, trees: Trees, owner: str, folder: Path, clock: Clock) -> None:
        self._calls = calls
        self._trees = trees
        self._owner = owner
        self._used = folder / "used"
        self._clock = clock
        self._importing = asyncio.Lock()
        self.programs = (Path("/usr/bin/catatonit"), Path("/usr/bin/tini-static"))

    async def choose(self, spec: SandboxSpec) -> bodies.Image:
        """Return the image of a sandbox, bringing its base in if the engine lacks it; SandboxError."""
        tree = await asyncio.to_thread(self._trees.find, spec.base)
        if tree is None:
            hint = next((base.hint for base in self._trees.listing() if base.name == spec.base), None)
            message = f"the base {spec.base} is not there" + (f"; make it: {hint}" if hint else "")
            raise SandboxError(message)
        binds = tuple((str(shown), place) for shown, place in tree.binds)
        if not spec.layers:
            return bodies.Image(await self._bring(tree), binds)
        digest = spec.layers[-1]
        name = self._layer_name(spec.organization_id, digest)
        if await self._inspect(name) is None:
            message = f"the layer {digest} is not there"
            raise SandboxError(message)
        await asyncio.to_thread(self._touch, spec.organization_id, digest)
        return bodies.Image(name, binds)

    async def seal(self, told: Mapping[str, Any], digest: str) -> Layer:
        """Keep what an ended container (as the engine tells of it) wrote as a layer; one that is there stays."""
        its = told["Config"]["Labels"]
        organization_id = its[bodies.ORGANIZATION]
        name = self._layer_name(organization_id, digest)
        if (there := await self._inspect(name)) is not None:
            return self._layer(there["Config"]["Labels"])
        labels = {
            bodies.OWNER: self._owner,
            bodies.ORGANIZATION: organization_id,
            bodies.DIGEST: digest,
            bodies.GROUND: its.get(bodies.GROUND, ""),
            _SIZE: str(told.get("SizeRw", 0)),
            _CREATED: str(self._clock.now()),
        }
        repository, _, tag = name.partition(":")
        query = {"container": told["Id"], "repo": repository, "tag": tag}
        await self._calls.json("POST", "/commit", {"Labels": labels}, query=query)
        return self._layer(labels)

    async def layers(self, organization_id: str | None) -> list[Layer]:
        """Return the layers of an organisation, or all."""
        wanted = [f"{bodies.OWNER}={self._owner}", bodies.DIGEST]
        if organization_id is not None:
            wanted.append(f"{bodies.ORGANIZATION}={organization_id}")
        found = await self._calls.json("GET", "/images/json", query={"filters": engine.filtered(label=wanted)})
        return sorted((self._layer(image["Labels"]) for image in found), key=lambda layer: layer.digest)

    async def drop(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no container and no other layer stands on."""
        name = self._layer_name(organization_id, digest)
        filters = engine.filtered(ancestor=[name])
        try:
            if await self._calls.json("GET", "/containers/json", query={"all": "true", "filters": filters}):
                return False
            await self._calls.json("DELETE", f"/images/{name}")
        except EngineError as error:
            if error.status in {engine.NOT_FOUND, engine.CONFLICT}:
                return False
            raise
        return True

    async def drop_replaced(self, before: int, *, is_trial: bool) -> list[ReplacedBase]:
        """Remove images of bases that were replaced before `before` (µs) and that no container or layer stands on."""
        wanted = engine.filtered(label=[f"{bodies.OWNER}={self._owner}", bodies.GROUND_DIGEST])
        dropped = []
        async with self._importing:
            bases = await asyncio.to_thread(self._trees.listing)
            current = {self._base_name(base.name, base.digest) for base in bases if base.digest is not None}
            for image in await self._calls.json("GET", "/images/json", query={"filters": wanted}):
                its = image["Labels"]
                if bodies.DIGEST in its or its[bodies.GROUND] in current:
                    continue
                name, digest = its[bodies.GROUND_NAME], its[bodies.GROUND_DIGEST]
                since = self._trees.replaced_at(name) or image["Created"] * _MICROSECONDS
                if since < before and await self._drop_ground(its[bodies.GROUND], is_trial=is_trial):
                    dropped.append(ReplacedBase(f"{name}-{digest[:_SHOWN]}", image["Size"], since))
        return dropped

    async def _drop_ground(self, name: str, *, is_trial: bool) -> bool:
        """Remove the image of a base, and return whether nothing stands on it."""
        stands = [f"{bodies.GROUND}={name}"]
        on_it = {"all": "true", "filters": engine.filtered(label=stands)}
        layers = {"filters": engine.filtered(label=[*stands, bodies.DIGEST])}
        if await self._calls.json("GET", "/containers/json", query=on_it) or await self._calls.json(
            "GET", "/images/json", query=layers
        ):
            return False
        try:
            if not is_trial:
                await self._calls.json("DELETE", f"/images/{name}")
        except EngineError as error:
            if error.status in {engine.NOT_FOUND, engine.CONFLICT}:
                return False
            raise
        return True

    def _base_name(self, name: str, digest: str) -> str:
        told = f"{_REVISION}\n{self._owner}\n{name}\n{digest}".encode()
        return f"antechamber/base:{hashlib.sha256(told).hexdigest()[:40]}"

    def _layer_name(self, organization_id: str, digest: str) -> str:
        told = f"{self._owner}\n{organization_id}\n{digest}".encode()
        return f"antechamber/layer:{hashlib.sha256(told).hexdigest()[:40]}"

    def _layer(self, labels: dict[str, str]) -> Layer:
        organization_id, digest, created = (labels[name] for name in (bodies.ORGANIZATION, bodies.DIGEST, _CREATED))
        return Layer(organization_id, digest, int(labels[_SIZE]), int(created), self._used_at(labels))

    def _used_at(self, labels: dict[str, str]) -> int:
        path = self._used / labels[bodies.ORGANIZATION] / labels[bodies.DIGEST]
        created = int(labels[_CREATED])
        try:
            return max(created, path.stat().st_mtime_ns // 1000)
        except FileNotFoundError:
            return created

    def _touch(self, organization_id: str, digest: str) -> None:
        path = self._used / organization_id / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        now = self._clock.now() * 1000
        os.utime(path, ns=(now, now))

    async def _bring(self, tree: Tree) -> str:
        name = self._base_name(tree.name, tree.digest)
        async with self._importing:
            if await self._inspect(name) is None:
                repository, _, tag = name.partition(":")
                labels = {
                    bodies.OWNER: self._owner,
                    bodies.GROUND: name,
                    bodies.GROUND_NAME: tree.name,
                    bodies.GROUND_DIGEST: tree.digest,
                }
                change = "LABEL " + " ".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
                query = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": change}
                body = _packed(tree, self.programs)
                async with self._calls.stream("POST", "/images/create", body, query=query) as answer:
                    told = await answer.read()
                if b'"error"' in told:
                    message = f"the engine does not take the base {tree.name}: {told.decode(errors='replace')}"
                    raise SandboxError(message)
        return name

    async def _inspect(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._calls.json("GET", f"/images/{name}/json")
        except EngineError as error:
            if error.status == engine.NOT_FOUND:
                return None
            raise
        return found


async def _packed(tree: Tree, programs: tuple[Path, Path]) -> AsyncIterator[bytes]:
    """Yield a tree as a tar, written by a thread while it is sent."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source:
        packing = asyncio.ensure_future(asyncio.to_thread(_pack, tree, programs, os.fdopen(writing, "wb")))
        try:
            while chunk := await asyncio.to_thread(source.read, _CHUNK):
                yield chunk
        finally:
            source.close()
            await asyncio.gather(packing, return_exceptions=True)
        await packing


def _pack(tree: Tree, programs: tuple[Path, Path], target: BinaryIO) -> None:
    with target, tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(os.listdir(tree.folder)):  # noqa: PTH208 - of a tree with any names
            archive.add(tree.folder / name, arcname=name, filter=_from_root)
        for place, program in zip((bodies.INIT, bodies.REAPER), programs, strict=True):
            info = archive.gettarinfo(program, place.removeprefix("/"))
            info.uid, info.gid, info.mode, info.uname, info.gname = 0, 0, 0o755, "", ""
            with program.open("rb") as content:
                archive.addfile(info, content)


def _from_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    # names would be looked up in the image, and win over the numbers
    info.uname = info.gname = ""
    return info
