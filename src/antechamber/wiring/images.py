"""The base images of a data folder: listed, made of packages, taken from OCI images."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from antechamber.adapters.sandboxes.images.making import Maker, MakingFailed, Say
from antechamber.adapters.sandboxes.images.means import Source
from antechamber.adapters.sandboxes.images.profiles import PROFILES
from antechamber.adapters.sandboxes.images.trees import Tree, Trees
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.registries import Registry
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.service.layers import replaced_before
from antechamber.settings import Loaded, SettingsError
from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.egress import egress_configuration
from antechamber.wiring.failures import OperationError, told
from antechamber.wiring.operator import ask_operator
from antechamber.wiring.registries import mirror_of, read_registries
from antechamber.wiring.sandboxes import drop_bases_apart

_CACHE: Final = "ANTE_CACHE"
_HTTPS: Final = 443

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
    maker = _maker(loaded, say, with_logins=False)
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


def _maker(loaded: Loaded, say: Say, *, with_logins: bool = True) -> Maker:
    with told():
        registries, mirror = read_registries(loaded, with_credentials=with_logins), mirror_of(loaded)
        way_out = egress_configuration(loaded)
        logins = {path: text for one in registries.registries for path, text in _logins(one, mirror)}
    proxies = {} if way_out.proxy is None else dict.fromkeys(("http_proxy", "https_proxy"), way_out.proxy)
    if proxies and way_out.no_proxy:
        proxies["no_proxy"] = ",".join(way_out.no_proxy)
    cache = Path(loaded.environment.get(_CACHE) or "~/.cache/antechamber").expanduser()
    source = Source(
        mirror=mirror,
        environment=registries.environment(),
        authorities=registries.authorities,
        logins=logins,
        outside={**loaded.environment, **proxies},
    )
    return Maker(_trees(loaded), cache / "bases", say, source)


def _logins(registry: Registry, mirror: str | None) -> Iterator[tuple[str, bytes]]:
    """Yield the files by which the clients that make bases know a registry's credential; SettingsError."""
    if registry.authorized is None or registry.authorization is None:
        return
    host, port = registry.authorized
    place = host if port == _HTTPS else f"{host}:{port}"
    kind, _, given = registry.authorization.reveal().partition(" ")
    if registry.manager is Manager.NPM:
        name = "_auth" if kind == "Basic" else "_authToken"
        yield "/root/.npmrc", f"//{place}/:{name}={given}\n".encode()
    elif registry.manager is Manager.PIP or (registry.manager is Manager.APT and mirror is not None):
        user, _, password = base64.b64decode(given).decode().partition(":") if kind == "Basic" else ("", "", "")
        if not user or any(each.isspace() for each in user + password):
            message = f"registries.{registry.manager}: bases want a username and a password, without spaces in them"
            raise SettingsError(message)
        is_apt = registry.manager is Manager.APT
        machine = place if is_apt else host
        line = f"machine {machine} login {user} password {password}\n".encode()
        yield ("/etc/apt/auth.conf.d/00ante.conf" if is_apt else "/root/.netrc"), line
