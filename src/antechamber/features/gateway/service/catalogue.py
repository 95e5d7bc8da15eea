"""Reading a catalogue from its tables: everything is checked before anything changes."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from antechamber.base.outbound import OutboundOptions
from antechamber.base.secret import Secret, is_ours
from antechamber.features.gateway.model import Catalogue, Provider, ProviderKind

_KEYS: Final = (
    "name",
    "kind",
    "base_url",
    "api_key",
    "models",
    "headers",
    "proxy",
    "ca_file",
    "http2",
    "connect_seconds",
    "read_seconds",
    "max_connections",
    "max_idle_per_host",
)
_OPTION_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "http2": (bool,),
    "connect_seconds": (int, float),
    "read_seconds": (int, float),
    "max_connections": (int,),
    "max_idle_per_host": (int,),
    "ca_file": (str,),
}
# RFC 9110 §5: a name is a token; a value that every hop carries is printable ASCII.
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_CONFIGURABLE: Final = (ProviderKind.ANTHROPIC, ProviderKind.OPENAI)

SIMULATED: Final = "simulated"

Resolve = Callable[[str, str], Secret]


class CatalogueError(Exception):
    """A catalogue can't be used; the message names the place."""


def read_catalogue(tables: Mapping[str, Any], resolve: Resolve, proxies: Mapping[str, str]) -> Catalogue:
    """Return the catalogue that `[[providers]]` and `[aliases]` describe.

    `resolve(text, place)` finds what an `api_key` stands for; `proxies` are those of the environment, which a
    provider's own `proxy` replaces (`proxy = ""`: a direct connection).
    """
    rows = tables.get("providers", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        message = "providers: must be an array of tables, written as [[providers]]"
        raise CatalogueError(message)
    providers = [_provider(row, f"providers[{index}]", resolve, proxies) for index, row in enumerate(rows)]
    names = [provider.name for provider in providers]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        message = f"providers: the name {twice[0]!r} is used twice"
        raise CatalogueError(message)
    return Catalogue(tuple(providers), _aliases(tables.get("aliases", {})))


def _provider(row: Mapping[str, Any], place: str, resolve: Resolve, proxies: Mapping[str, str]) -> Provider:
    for written in row:
        if written not in _KEYS:
            near = difflib.get_close_matches(written, _KEYS, n=1)
            message = f"{place}.{written}: there is no such key{f'; did you mean {near[0]}?' if near else ''}"
            raise CatalogueError(message)
    name = _text(row, "name", place)
    if name == SIMULATED:
        message = f"{place}.name: {name!r} is the name of the simulated models' provider; choose another"
        raise CatalogueError(message)
    kind = _text(row, "kind", place)
    if kind not in _CONFIGURABLE:
        message = f'{place}.kind: must be "anthropic" or "openai"'
        raise CatalogueError(message)
    key = row.get("api_key")
    return Provider(
        name=name,
        kind=ProviderKind(kind),
        base_url=_address(_text(row, "base_url", place), f"{place}.base_url"),
        api_key=None if key is None else _key(resolve(_text(row, "api_key", place), f"{place}.api_key"), place),
        models=_models(row.get("models", ["*"]), f"{place}.models"),
        headers=_headers(row.get("headers", {}), f"{place}.headers"),
        options=_options(row, place, proxies),
    )


def _text(row: Mapping[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        message = f"{place}.{key}: must be text and not empty"
        raise CatalogueError(message)
    return value.strip()


def _key(key: Secret, place: str) -> Secret:
    if is_ours(key.reveal()):
        message = f"{place}.api_key: this is a key of Antechamber's own, not one of the provider's"
        raise CatalogueError(message)
    return key


def _address(text: str, place: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "?" in text or "#" in text:
        message = f"{place}: must be an http or https address, without query"
        raise CatalogueError(message)
    # Written with or without the version, as OpenAI's base addresses are.
    return text.rstrip("/").removesuffix("/v1")


def _models(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        message = f'{place}: must be an array of names or globs, as ["claude-*"]'
        raise CatalogueError(message)
    return tuple(value)


def _headers(value: object, place: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
        message = f"{place}: must be a table of texts"
        raise CatalogueError(message)
    for name, item in value.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(item):
            message = f"{place}.{name}: is no header"
            raise CatalogueError(message)
    return tuple((str(name).lower(), str(item)) for name, item in value.items())


def _options(row: Mapping[str, Any], place: str, proxies: Mapping[str, str]) -> OutboundOptions:
    values: dict[str, Any] = {}
    for key, kinds in _OPTION_TYPES.items():
        value = row.get(key)
        if value is None:
            continue
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            message = f"{place}.{key}: must be {' or '.join(kind.__name__ for kind in kinds)}"
            raise CatalogueError(message)
        if isinstance(value, int | float) and not isinstance(value, bool) and value <= 0:
            message = f"{place}.{key}: must be more than 0"
            raise CatalogueError(message)
        values[key] = value
    return OutboundOptions(proxies=_proxies(row.get("proxy"), proxies, place), **values)


def _proxies(own: object, environment: Mapping[str, str], place: str) -> Mapping[str, str]:
    if own is None:
        return environment
    if not isinstance(own, str):
        message = f"{place}.proxy: must be an address, or empty for a direct connection"
        raise CatalogueError(message)
    return {"http": own, "https": own} if own else {}


def _aliases(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) and item for item in value.values()):
        message = "aliases: must be a table of model names"
        raise CatalogueError(message)
    for name, target in value.items():
        if target in value:
            message = f"aliases.{name}: {target} is itself an alias; name the model"
            raise CatalogueError(message)
    return dict(value)


def proxies_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY (either case) in the outbound port's words."""
    found: dict[str, str] = {}
    for scheme in ("http", "https", "all", "no"):
        variable = f"{scheme}_proxy"
        value = environment.get(variable) or environment.get(variable.upper())
        if value:
            found[scheme] = value
    return found


def merge(first: Sequence[Provider], rest: Sequence[Provider]) -> tuple[Provider, ...]:
    """Return both, the first ones' names winning."""
    taken = {provider.name for provider in first}
    return (*first, *(provider for provider in rest if provider.name not in taken))
