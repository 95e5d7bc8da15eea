"""Reads the settings, once: a flag wins over the environment, that over the TOML file, that over the default."""

import dataclasses
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from antechamber.base.secret import Secret
from antechamber.settings.fields import Settings

PREFIX: Final = "ANTE_SERVER_"
_CATALOGUE_TABLES: Final = (
    "providers",
    "aliases",
    "prices",
    "fallback_price",
    "model_groups",
    "rate_limits",
    "oauth_clients",
    "registries",
    "egress",
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")
_POSITIVE: Final = (
    "workers",
    "session_idle_seconds",
    "session_absolute_seconds",
    "login_account_failures",
    "login_pair_failures",
    "login_address_failures",
    "login_longest_wait_seconds",
    "password_hashings",
    "sandbox_builds",
    "sandbox_build_seconds",
)
_FEWEST_CPUS: Final = 0.01
_SHORTEST_TOKEN: Final = 60
_LONGEST_TOKEN: Final = 86_400
_LONGEST_GRACE: Final = 600
_NODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DATABASES: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg", "sqlite", "sqlite+aiosqlite"})


class SettingsError(Exception):
    """A setting can't be used; the message names it and says what would do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each came from, and the catalogue's tables as they stand in the file."""

    settings: Settings
    origins: Mapping[str, str]
    catalogue: Mapping[str, Any]
    file: Path | None
    environment: Mapping[str, str]

    def reread_catalogue(self) -> "Loaded":
        """Return this with the catalogue's tables read anew; SettingsError if the file can't be read."""
        tables = {name: value for name, value in _read_file(self.file).items() if name in _CATALOGUE_TABLES}
        return dataclasses.replace(self, catalogue=tables, environment=dict(os.environ))


_FIELDS: Final = {item.name: item for item in dataclasses.fields(Settings)}


def load(flags: Mapping[str, object], file: Path | None = None) -> Loaded:
    """Read settings: a flag wins over the environment, the environment over the file, the file over the default."""
    environment = dict(os.environ)
    table = _read_file(file)
    catalogue: dict[str, Any] = {name: table.pop(name) for name in _CATALOGUE_TABLES if name in table}
    values: dict[str, object] = {}
    origins = dict.fromkeys(_FIELDS, "default")
    for name, value in table.items():
        _known(name, f"{file}: ")
        values[name] = _convert(name, value, f"{file}: {name}")
        origins[name] = str(file)
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            _known(name, "", variable)
            values[name] = _convert(name, text, variable)
            origins[name] = variable
    for name, value in flags.items():
        if value is not None:
            values[name] = _convert(name, value, f"--{name.replace('_', '-')}")
            origins[name] = f"--{name.replace('_', '-')}"
    settings = Settings(**values)  # type: ignore[arg-type] # converted field by field above
    settings = dataclasses.replace(settings, data=settings.data.expanduser().absolute())
    _check(settings)
    return Loaded(settings, origins, catalogue, file, environment)


def _check(settings: Settings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        message = "tls_cert and tls_key: give both or neither"
        raise SettingsError(message)
    if settings.workers > 1:
        message = "workers: more than one process needs PostgreSQL and shared counters, which this version has not"
        raise SettingsError(message)
    for name in _POSITIVE:
        if getattr(settings, name) < 1:
            message = f"{name}: must be at least 1"
            raise SettingsError(message)
    if 0 < settings.sandbox_cpus < _FEWEST_CPUS:
        message = f"sandbox_cpus: must be 0 or at least {_FEWEST_CPUS}, which is the least that Linux shares out"
        raise SettingsError(message)
    _check_tokens(settings)
    if not _NODE.fullmatch(settings.node):
        message = "node: must be a plain name of letters, digits, dots, hyphens and underscores"
        raise SettingsError(message)
    _check_addresses(settings)


def _check_tokens(settings: Settings) -> None:
    if not _SHORTEST_TOKEN <= settings.access_token_seconds <= _LONGEST_TOKEN:
        message = f"access_token_seconds: must be from {_SHORTEST_TOKEN} to {_LONGEST_TOKEN}"
        raise SettingsError(message)
    if not settings.access_token_seconds <= settings.refresh_token_idle_seconds <= settings.refresh_token_seconds:
        message = "refresh_token_idle_seconds: must be from access_token_seconds to refresh_token_seconds"
        raise SettingsError(message)
    if settings.refresh_grace_seconds > _LONGEST_GRACE:
        message = f"refresh_grace_seconds: must be at most {_LONGEST_GRACE}"
        raise SettingsError(message)


def _check_addresses(settings: Settings) -> None:
    if settings.public_url and not _is_address(settings.public_url, {"http", "https"}):
        message = "public_url: must be an http or https address, without query"
        raise SettingsError(message)
    try:
        for part in filter(None, (item.strip() for item in settings.trusted_proxies.split(","))):
            ip_network(part, strict=False)
    except ValueError as error:
        message = f"trusted_proxies: {error}"
        raise SettingsError(message) from None
    # The address itself is not shown: it carries a password.
    if settings.database_url and not _is_address(settings.database_url.reveal(), _DATABASES):
        message = "database_url: must be as postgresql://user:password@host/name"
        raise SettingsError(message)


def _is_address(text: str, schemes: AbstractSet[str]) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    web = parts.scheme in {"http", "https"}
    whole = bool(parts.hostname) and not parts.query and not parts.fragment if web else "://" in text
    return parts.scheme in schemes and whole and port != 0


def _read_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{file}: cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{file}: not valid TOML: {error}"
        raise SettingsError(message) from error


def _known(name: str, place: str, shown: str | None = None) -> None:
    if name in _FIELDS:
        return
    names = [*_FIELDS, *(() if shown else _CATALOGUE_TABLES)]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    as_shown = (PREFIX + near[0].upper() if shown else near[0]) if near else ""
    hint = f"; did you mean {as_shown}?" if near else ""
    message = f"{place}{shown or name}: there is no such setting{hint}"
    raise SettingsError(message)


def _convert(name: str, value: object, place: str) -> object:
    try:
        converted = _CONVERTERS[_FIELDS[name].type](value)
    except (TypeError, ValueError) as error:
        message = f"{place}: {error}"
        raise SettingsError(message) from None
    choices = _FIELDS[name].metadata.get("choices")
    if choices and converted not in choices:
        message = f"{place}: must be one of: {', '.join(choices)}"
        raise SettingsError(message)
    return converted


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "must be text"
        raise TypeError(message)
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or not _WHOLE.fullmatch(str(value)):
        message = "must be a whole number"
        raise ValueError(message)
    if int(value) < 0:
        message = "must not be negative"
        raise ValueError(message)
    return int(value)


def _decimal(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not _DECIMAL.fullmatch(str(value)):
        message = "must be a number, as 2 or 0.5"
        raise ValueError(message)
    return float(value)


def _path(value: object) -> Path:
    return value if isinstance(value, Path) else Path(_text(value))


def _secret(value: object) -> Secret:
    return Secret(_text(value))


_CONVERTERS: Final[dict[object, Callable[[object], object]]] = {
    str: _text,
    str | None: _text,
    float: _decimal,
    int: _whole,
    Path: _path,
    Path | None: _path,
    Secret | None: _secret,
}


def describe() -> list[tuple[str, str, str, str]]:
    """Return name, environment variable, default and help of every setting, for the reference page."""
    rows = []
    for item in _FIELDS.values():
        default = "" if item.default is None else str(item.default)
        rows.append((item.name, PREFIX + item.name.upper(), default, item.metadata["help"]))
    return rows


def resolve_reference(text: str, environment: Mapping[str, str], place: str) -> Secret:
    """Return the secret that `env:NAME`, `file:PATH` or a literal stands for; SettingsError names what is missing."""
    scheme, _, rest = text.partition(":")
    if scheme == "env":
        if not environment.get(rest):
            message = f"{place}: the environment variable {rest} is not set"
            raise SettingsError(message)
        return Secret(environment[rest])
    if scheme == "file":
        return _read_secret(rest, place)
    return Secret(text)


def _read_secret(path: str, place: str) -> Secret:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        message = f"{place}: {path} cannot be read: {why}"
        raise SettingsError(message) from None
    if not text:
        message = f"{place}: {path} is empty"
        raise SettingsError(message)
    return Secret(text)
