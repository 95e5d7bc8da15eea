"""The egress proxy's configuration: the file's table `[egress]`, and what this server itself must not be reached by."""

import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from antechamber.adapters.egress.addresses import read_rules
from antechamber.adapters.egress.configuration import EgressConfiguration, PrivateNetwork
from antechamber.adapters.egress.dialling import read_proxy
from antechamber.adapters.egress.hosts import is_address
from antechamber.adapters.egress.policy import split_blocked
from antechamber.settings import Loaded, SettingsError, resolve_reference
from antechamber.wiring.registries import authorities_of_registries

_NUMBERS: Final = ("most_connections", "connections_per_second", "log_bytes", "log_days")
_KEYS: Final = ("blocked", "private", "hosts", "proxy", "no_proxy", "ca_file", *_NUMBERS)
_PORTS: Final = {"http": 80, "https": 443}


def egress_configuration(loaded: Loaded) -> EgressConfiguration:
    """Return what the egress proxy is told; SettingsError names what of `[egress]` is wrong."""
    table = loaded.catalogue.get("egress", {})
    if not isinstance(table, dict) or set(table) - set(_KEYS):
        message = f"[egress]: may have {', '.join(_KEYS)}"
        raise SettingsError(message)
    folder = loaded.settings.data / "sandboxes"
    configuration = EgressConfiguration(
        socket=str(folder / "run" / "egress.sock"),
        log_folder=str(folder / "egress"),
        control_plane=control_plane(loaded),
        blocked=_texts(table, "blocked"),
        private=tuple(_private(item) for item in _items(table, "private")),
        proxy=_proxy(table, loaded.environment),
        no_proxy=_texts(table, "no_proxy"),
        hosts=_hosts(table),
        ca_file=_one(table, "ca_file"),
        registries_ca_file=authorities_of_registries(loaded),
        **{name: _number(table, name) for name in _NUMBERS if name in table},
    )
    _check(configuration)
    return configuration


def control_plane(loaded: Loaded) -> tuple[str, ...]:
    """Return the origins by which this server is reached, as `host:port`."""
    settings = loaded.settings
    parts = urlsplit(settings.base_url())
    public = f"{_bracketed(parts.hostname or '')}:{parts.port or _PORTS.get(parts.scheme, 443)}"
    listened = f"{_bracketed(settings.host)}:{settings.port}"
    return tuple(dict.fromkeys((public, listened)))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _check(configuration: EgressConfiguration) -> None:
    """Read as the proxy will, so that a mistake is told here and not by a process that does not begin."""
    try:
        _, networks = split_blocked(configuration.blocked)
        read_rules(configuration.private, networks)
        if configuration.proxy:
            read_proxy(configuration.proxy)
        if configuration.ca_file:
            ssl.create_default_context(cafile=configuration.ca_file)
        if configuration.registries_ca_file:
            ssl.create_default_context().load_verify_locations(configuration.registries_ca_file)
    except (ValueError, OSError) as error:
        message = f"[egress]: {error}"
        raise SettingsError(message) from None


def _items(table: Mapping[str, Any], name: str) -> list[Any]:
    found = table.get(name, [])
    if not isinstance(found, list):
        message = f"[egress] {name}: must be a list"
        raise SettingsError(message)
    return found


def _texts(table: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _items(table, name)
    if not all(isinstance(item, str) for item in found):
        message = f"[egress] {name}: must be a list of texts"
        raise SettingsError(message)
    return tuple(found)


def _one(table: Mapping[str, Any], name: str) -> str | None:
    found = table.get(name)
    if found is not None and not isinstance(found, str):
        message = f"[egress] {name}: must be text"
        raise SettingsError(message)
    return found


def _hosts(table: Mapping[str, Any]) -> dict[str, str]:
    found = table.get("hosts", {})
    if not isinstance(found, dict) or not all(isinstance(each, str) and is_address(each) for each in found.values()):
        message = '[egress] hosts: must be as { "registry.internal" = "10.1.2.3" }'
        raise SettingsError(message)
    return found


def _number(table: Mapping[str, Any], name: str) -> int:
    found = table[name]
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        message = f"[egress] {name}: must be a whole number above 0"
        raise SettingsError(message)
    return found


def _proxy(table: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    text = _one(table, "proxy")
    if text is None or text.startswith(("http://", "https://")):
        return text
    return resolve_reference(text, environment, "[egress] proxy").reveal()


def _private(item: object) -> PrivateNetwork:
    if isinstance(item, str):
        return PrivateNetwork(item)
    if isinstance(item, dict) and set(item) <= {"network", "host"} and all(isinstance(v, str) for v in item.values()):
        return PrivateNetwork(**item)
    message = '[egress] private: each must be a network, or { network = "10.1.0.0/16", host = "registry.internal" }'
    raise SettingsError(message)
