"""The base images of a data folder: listed, made of packages, taken from OCI images."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from antechamber.adapters.sandboxes.images.making import Maker, MakingFailed, Say, Source
from antechamber.adapters.sandboxes.images.profiles import PROFILES
from antechamber.adapters.sandboxes.images.trees import Tree, Trees
from antechamber.settings import Loaded
from antechamber.wiring.operations import OperationError, told
from antechamber.wiring.registries import mirror_of, read_registries

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


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (MakingFailed, OSError) as error:
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
