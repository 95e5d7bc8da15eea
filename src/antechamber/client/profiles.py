"""Named profiles in the configuration folder that all clients of the wire share (wire-auth.md 1.4)."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.client.environment import Environment

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_TYPES: Final = frozenset({"user_oauth", "oidc_federation"})


class ProfileUnusable(Exception):
    """A profile that was asked for is missing or malformed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile's two files say; `access_token` is None without a credentials file.

    `source` says why this profile; `expires_at` is in seconds since the epoch.
    """

    name: str
    source: str
    config_path: Path
    credentials_path: Path
    kind: str = "user_oauth"
    base_url: str | None = None
    organization_id: str | None = None
    workspace_id: str | None = None
    access_token: str | None = None
    expires_at: int | None = None


def config_folder(environment: Environment) -> Path:
    """Return where profiles lie: ANTHROPIC_CONFIG_DIR, the platform's folder, or ~/.config/anthropic."""
    if chosen := environment.get("ANTHROPIC_CONFIG_DIR"):
        return Path(chosen)
    if environment.windows and (roaming := environment.get("APPDATA")):
        return Path(roaming) / "Anthropic"
    configuration = environment.get("XDG_CONFIG_HOME")
    return (Path(configuration) if configuration else environment.home / ".config") / "anthropic"


def active_name(environment: Environment, chosen: str | None) -> tuple[str, str]:
    """Return the name of the profile in force and where that comes from."""
    if chosen:
        return chosen, "--profile"
    if named := environment.get("ANTHROPIC_PROFILE"):
        return named, "ANTHROPIC_PROFILE"
    active = config_folder(environment) / "active_config"
    if active.is_file() and (line := active.read_text(encoding="utf-8").strip()):
        return line, "active_config"
    return "default", "default"


def load_profile(environment: Environment, chosen: str | None) -> Profile | None:
    """Read the profile in force; None when none was asked for and none is there.

    Raises ProfileUnusable when one that was asked for is missing, or any is malformed.
    """
    name, source = active_name(environment, chosen)
    if not _NAME.fullmatch(name):
        message = f"profile name {name!r}: use letters, digits, '_', '.' and '-', no dot first"
        raise ProfileUnusable(message)
    folder = config_folder(environment)
    config_path = folder / "configs" / f"{name}.json"
    config = _read(config_path)
    authentication = _mapping((config or {}).get("authentication"), config_path)
    credentials_path = Path(str(authentication.get("credentials_path") or folder / "credentials" / f"{name}.json"))
    credentials = _read(credentials_path)
    if config is None and credentials is None:
        if source == "default":
            return None
        message = f"profile {name!r} (from {source}) does not exist: no {config_path}"
        raise ProfileUnusable(message)
    return _profile(
        Profile(name, source, config_path, credentials_path), config or {}, authentication, credentials or {}
    )


def _profile(
    bare: Profile, config: dict[str, object], authentication: dict[str, object], credentials: dict[str, object]
) -> Profile:
    kind = _text(authentication, "type") or bare.kind
    if kind not in _TYPES:
        message = f"{bare.config_path}: unknown authentication type {kind!r}"
        raise ProfileUnusable(message)
    if credentials.get("type") not in {None, "oauth_token"}:
        message = f"{bare.credentials_path}: unknown type {credentials['type']!r}"
        raise ProfileUnusable(message)
    expires_at = credentials.get("expires_at")
    return Profile(
        name=bare.name,
        source=bare.source,
        config_path=bare.config_path,
        credentials_path=bare.credentials_path,
        kind=kind,
        base_url=_text(config, "base_url"),
        organization_id=_text(config, "organization_id"),
        workspace_id=_text(config, "workspace_id"),
        access_token=_text(credentials, "access_token"),
        expires_at=expires_at if isinstance(expires_at, int) else None,
    )


def _read(path: Path) -> dict[str, object] | None:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        message = f"{path}: {error}"
        raise ProfileUnusable(message) from error
    return _mapping(found, path)


def _mapping(value: object, path: Path) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"{path}: expected an object"
        raise ProfileUnusable(message)
    return value


def _text(values: dict[str, object], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) and value else None
