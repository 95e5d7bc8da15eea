"""The registries of package managers, from `[registries]` of the server's file: mirrors, hosts, authorities."""

import base64
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from antechamber.base.secret import Secret
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.registries import Registries, Registry
from antechamber.features.environments.model.sandbox import HostRule
from antechamber.settings import Loaded, SettingsError, resolve_reference

_CREDENTIALS: Final = ("username", "password", "token")
_COMMON: Final = ("hosts", "index_url", "environment", *_CREDENTIALS)
_OWN: Final[Mapping[Manager, tuple[str, ...]]] = {
    Manager.APT: ("sources",),
    Manager.GO: ("checksums",),
    Manager.PIP: ("extra_index_urls",),
}
_FOR_ALL: Final = ("ca_file",)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HOST: Final = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_ADDRESS: Final = re.compile(r"https?://[^\s,|\]]+")
# where distributions keep what they believe: Debian, Fedora, Alpine
_BUNDLES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_CARGO_FILE: Final = "/root/.cargo/config.toml"
_CARGO_PUBLIC: Final = '[source.crates-io]\nreplace-with = "operator"\n[source.operator]\nregistry = "sparse+{index}"\n'
# Where a registry's index says "auth-required", Cargo asks nothing of it without a token of its own (RFC 3139 of Rust).
# This one opens nothing: the egress proxy sets the real credential in its place.
_CARGO_PRIVATE: Final = (
    '[source.crates-io]\nreplace-with = "operator"\n[registries.operator]\nindex = "sparse+{index}"\n'
    'credential-provider = "cargo:token"\ntoken = "set-by-the-egress-proxy"\n'
)
_HTTPS: Final = 443
_HTTP: Final = 80


@dataclass(frozen=True, slots=True)
class Sources:
    """The registries as sessions have them, and as builds do, which alone open private ones."""

    of_sessions: Registries
    of_builds: Registries


def read_sources(loaded: Loaded) -> Sources:
    """Return both; SettingsError names what of `[registries]` is wrong."""
    return Sources(read_registries(loaded), read_registries(loaded, with_credentials=True))


def read_registries(loaded: Loaded, *, with_credentials: bool = False) -> Registries:
    """Return every registry: the operator's own, the public ones of managers that have none; SettingsError.

    `with_credentials`: with what opens private ones, which only builds are for.
    """
    table = _table(loaded.catalogue.get("registries", {}), "registries")
    for name in table:
        if name not in {*Manager, *_FOR_ALL}:
            message = f"registries.{name}: there is no such manager; there are: {', '.join(Manager)}"
            raise SettingsError(message)
    registries = tuple(_read(manager, table) for manager in Manager)
    if with_credentials:
        registries = tuple(_authorize(registry, table, loaded.environment) for registry in registries)
        _check_shared(registries)
    return Registries(registries, _authorities(table), _believed() if with_credentials else b"")


def mirror_of(loaded: Loaded) -> str | None:
    """Return the apt mirror that bases are built from; None: the tool's own."""
    apt = _table(_table(loaded.catalogue.get("registries", {}), "registries").get("apt", {}), "registries.apt")
    return _address(apt, "index_url", "registries.apt")


def authorities_of_registries(loaded: Loaded) -> str | None:
    """Return the file of `[registries] ca_file`, which whoever speaks to registries believes."""
    path = _text(_table(loaded.catalogue.get("registries", {}), "registries"), "ca_file", "registries")
    return None if path is None else str(Path(path).expanduser())


def _read(manager: Manager, table: Mapping[str, Any]) -> Registry:
    place = f"registries.{manager}"
    if manager not in table:
        return _shipped(manager)
    own = _table(table[manager], place)
    known = (*_COMMON, *_OWN.get(manager, ()))
    for name in own:
        if name not in known:
            message = f"{place}.{name}: there is no such setting; there are: {', '.join(known)}"
            raise SettingsError(message)
    environment, files, addresses = _told(manager, own, place)
    rules = [_rule(text, manager, f"{place}.hosts") for text in _texts(own, "hosts", place)]
    rules += [_rule_of(address, manager) for address in addresses]
    environment |= _environment(own, place)
    return Registry(manager, tuple(dict.fromkeys(rules)) or _shipped(manager).hosts, environment, files)


def _authorize(registry: Registry, table: Mapping[str, Any], environment: Mapping[str, str]) -> Registry:
    """Return a registry with its credential, if it has one; SettingsError."""
    place = f"registries.{registry.manager}"
    own = table.get(registry.manager, {})
    said = {name: text for name in _CREDENTIALS if (text := _text(own, name, place)) is not None}
    if not said:
        return registry
    if set(said) not in ({"username", "password"}, {"token"}):
        message = f"{place}: give username and password, or token"
        raise SettingsError(message)
    known = {name: resolve_reference(text, environment, f"{place}.{name}").reveal() for name, text in said.items()}
    if not all(text.isprintable() for text in known.values()):
        message = f"{place}: {', '.join(known)}: must be printable, and of one line"
        raise SettingsError(message)
    files = registry.files
    if registry.manager is Manager.CARGO and (index := _address(own, "index_url", place)) is not None:
        files = {**files, _CARGO_FILE: _CARGO_PRIVATE.format(index=index)}
    header = _header(registry.manager, known)
    return replace(registry, files=files, authorized=_authorized(own, place), authorization=header)


def _authorized(own: Mapping[str, Any], place: str) -> tuple[str, int]:
    """Return the one host that gets a credential: that of the index, or of apt's sources."""
    addresses = _ADDRESS.findall(_text(own, "index_url", place) or " ".join(_texts(own, "sources", place)))
    found = {_rule_of(address, Manager.PIP) for address in addresses}
    if len(found) != 1 or any(address.startswith("http:") for address in addresses):
        message = f"{place}: a credential goes to the host of index_url, which must be one https address"
        raise SettingsError(message)
    [rule] = found
    return rule.host, rule.ports[0]


def _header(manager: Manager, known: Mapping[str, str]) -> Secret:
    if "token" in known:
        # Cargo's registries take the token as it is (RFC 3139 of Rust), all others as a bearer's
        return Secret(known["token"] if manager is Manager.CARGO else f"Bearer {known['token']}")
    pair = f"{known['username']}:{known['password']}".encode()
    return Secret("Basic " + base64.b64encode(pair).decode())


def _check_shared(registries: Sequence[Registry]) -> None:
    known: dict[tuple[str, int], tuple[Manager, str]] = {}
    for registry in registries:
        if registry.authorized is not None and (secret := registry.authorization) is not None:
            value = secret.reveal()
            manager, other = known.setdefault(registry.authorized, (registry.manager, value))
            if other != value:
                message = f"registries.{registry.manager}: registries.{manager} has another credential for this host"
                raise SettingsError(message)


def _believed() -> bytes:
    """Return the authorities of this machine; none where they lie elsewhere."""
    found = (path for path in map(Path, _BUNDLES) if path.is_file())
    return next((path.read_bytes() for path in found), b"")


def _told(manager: Manager, own: Mapping[str, Any], place: str) -> tuple[dict[str, str], dict[str, str], Sequence[str]]:
    """Return a client's environment and files, and the addresses that it is told in them."""
    if manager is Manager.APT:
        sources = _texts(own, "sources", place)
        files = {"/etc/apt/sources.list": "".join(f"{line}\n" for line in sources)} if sources else {}
        return {}, files, [*_ADDRESS.findall(" ".join(sources)), *filter(None, [_address(own, "index_url", place)])]
    if manager is Manager.GO:
        proxies = _text(own, "index_url", place)
        sums = _text(own, "checksums", place)
        told = {name: value for name, value in (("GOPROXY", proxies), ("GOSUMDB", sums)) if value}
        return told, {}, [_bare(address, place) for address in _ADDRESS.findall(f"{proxies or ''} {sums or ''}")]
    return _told_index(manager, own, place)


def _told_index(
    manager: Manager, own: Mapping[str, Any], place: str
) -> tuple[dict[str, str], dict[str, str], Sequence[str]]:
    index = _address(own, "index_url", place)
    if manager is Manager.PIP:
        more = [_bare(address, place) for address in _texts(own, "extra_index_urls", place)]
        told = {"PIP_INDEX_URL": index or "", "PIP_EXTRA_INDEX_URL": " ".join(more)}
        # pip takes no package from a mirror without TLS unless that mirror is named again
        plain = [urlsplit(each).netloc for each in filter(None, [index, *more]) if each.startswith("http:")]
        told["PIP_TRUSTED_HOST"] = " ".join(dict.fromkeys(plain))
        return {name: text for name, text in told.items() if text}, {}, [*filter(None, [index]), *more]
    if index is None:
        return {}, {}, []
    if manager is Manager.NPM:
        return {"npm_config_registry": index}, {}, [index]
    if manager is Manager.GEM:
        return {}, {"/etc/gemrc": f"---\n:sources:\n- {index}\n"}, [index]
    return {}, {_CARGO_FILE: _CARGO_PUBLIC.format(index=index)}, [index]


@cache
def _shipped_table() -> Mapping[str, Any]:
    file = resources.files("antechamber.adapters.sandboxes.images") / "registries.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _shipped(manager: Manager) -> Registry:
    entry = _shipped_table()[manager]
    ports = tuple(entry.get("ports", (_HTTPS,)))
    return Registry(manager, tuple(HostRule(host, manager, ports) for host in entry["hosts"]))


def _rule(text: str, manager: Manager, place: str) -> HostRule:
    if not _HOST.fullmatch(text):
        message = f"{place}: {text!r} is not a host, such as mirror.example.com or mirror.example.com:8443"
        raise SettingsError(message)
    host, _, port = text.partition(":")
    return HostRule(host, manager, (int(port),) if port else (_HTTPS,))


def _rule_of(address: str, manager: Manager) -> HostRule:
    parts = urlsplit(address)
    port = parts.port or (_HTTP if parts.scheme == "http" else _HTTPS)
    return HostRule((parts.hostname or "").lower(), manager, (port,))


def _authorities(table: Mapping[str, Any]) -> bytes | None:
    path = _text(table, "ca_file", "registries")
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_bytes()
    except OSError as error:
        message = f"registries.ca_file: {path} cannot be read: {error.strerror}"
        raise SettingsError(message) from None
    if b"-----BEGIN CERTIFICATE-----" not in text:
        message = f"registries.ca_file: {path} holds no certificate (PEM)"
        raise SettingsError(message)
    return text


def _address(table: Mapping[str, Any], name: str, place: str) -> str | None:
    text = _text(table, name, place)
    return None if text is None else _bare(text, f"{place}.{name}")


def _bare(address: str, place: str) -> str:
    """Return an address as it is; SettingsError for one that is none, or that carries a password."""
    if not _ADDRESS.fullmatch(address):
        message = f"{place}: must be an http or https address"
        raise SettingsError(message)
    if "@" in urlsplit(address).netloc:
        message = f"{place}: must hold no user or password, which every program in a sandbox could read; set username"
        message += " and password, or token, beside it"
        raise SettingsError(message)
    return address


def _environment(table: Mapping[str, Any], place: str) -> dict[str, str]:
    given = _table(table.get("environment", {}), f"{place}.environment")
    for name, value in given.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str):
            message = f"{place}.environment: {name} must be a variable's name, with text"
            raise SettingsError(message)
    return dict(given)


def _texts(table: Mapping[str, Any], name: str, place: str) -> Sequence[str]:
    given = table.get(name, [])
    if not isinstance(given, list) or not all(isinstance(item, str) and "\n" not in item for item in given):
        message = f"{place}.{name}: must be a list of texts"
        raise SettingsError(message)
    return given


def _text(table: Mapping[str, Any], name: str, place: str) -> str | None:
    given = table.get(name)
    if given is not None and (not isinstance(given, str) or not given or "\n" in given):
        message = f"{place}.{name}: must be text"
        raise SettingsError(message)
    return given


def _table(given: object, place: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        message = f"{place}: must be a table"
        raise SettingsError(message)
    return given
