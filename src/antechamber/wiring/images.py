"""The base images of a data folder: listed, made of packages, taken from OCI images."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from antechamber.adapters.sandboxes.images.making import Maker, MakingFailed, Say, Source
from antechamber.adapters.sandboxes.images.profiles import PROFILES
from antechamber.adapters.sandboxes.images.trees import Tree, Trees
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.service.layers import replaced_before
from antechamber.settings import Loaded
from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.failures import OperationError, told
from antechamber.wiring.operator import ask_operator
from antechamber.wiring.registries import mirror_of, read_registries
from antechamber.wiring.sandboxes import drop_bases_apart

_CACHE: Final = "ANTE_CACHE"

NAMES: Final = tuple(PROFILES)


def list_images(loaded: Loaded) -> list[dict[str, Any]]:
    """Return every base that there is or could be."""
    found: list[dict[str, Any]] = msgspec.to_builtins(_trees(loaded).listing())
    return found


def build_image(loaded: Loaded, name: str, say: Say) -> Mapping[str, Any]:
    """Make a base of Debian packages; sandboxes that start from now on use it. OperationError."""
    maker = _maker(loaded, say)
    with _explained():
        return _show(maker.build(name))


def take_image(loaded: Loaded, name: str, image: str, say: Say) -> Mapping[str, Any]:
    """Make a base of an OCI image, as skopeo names it; OperationError."""
    maker = _maker(loaded, say)
    with _explained():
        return _show(maker.take(name, image))


def prune_images(loaded: Loaded, unused_days: int, *, is_trial: bool) -> Mapping[str, Any]:
    """Remove bases that were replaced and that nothing stands on, through the running server or without one."""
    with told(), _explained():
        return asyncio.run(_prune(loaded, unused_days, is_trial=is_trial))


async def _prune(loaded: Loaded, unused_days: int, *, is_trial: bool) -> Mapping[str, Any]:
    asked = {"unused_days": unused_days, "is_trial": is_trial}
    try:
        answer = await ask_operator(DataFolder(loaded.settings.data).operator_socket, "prune_bases", **asked)
    except OSError:
        return await drop_bases_apart(loaded, replaced_before(SystemClock().now(), unused_days), is_trial=is_trial)
    if "error" in answer:
        raise OperationError(answer["error"])
    result: Mapping[str, Any] = answer["result"]
    return result


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (MakingFailed, SandboxError, OSError) as error:
        raise OperationError(str(error)) from error


def _show(tree: Tree) -> Mapping[str, Any]:
    return {"name": tree.name, "digest": tree.digest, "managers": list(tree.managers), "size_bytes": tree.size_bytes}


def _trees(loaded: Loaded) -> Trees:
    return Trees(loaded.settings.data / "sandboxes" / "rootfs")


def _maker(loaded: Loaded, say: Say) -> Maker:
    with told():
        registries, mirror = read_registries(loaded), mirror_of(loaded)
    bundle = loaded.catalogue.get("registries", {}).get("ca_file")
    authorities = None if bundle is None else Path(bundle).expanduser()
    cache = Path(loaded.environment.get(_CACHE) or "~/.cache/antechamber").expanduser()
    source = Source(mirror=mirror, environment=registries.environment(), authorities=authorities)
    return Maker(_trees(loaded), cache / "bases", say, source)
