"""Named profiles in the configuration folder that all clients of the wire share (wire-auth.md 1.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from antechamber.base.secret import Secret
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.files import read_plain, read_secret

USER_OAUTH: Final = "user_oauth"
OIDC_FEDERATION: Final = "oidc_federation"
DEFAULT_NAME: Final = "default"
# Where a profile's tokens are from if its config names no server, as for `ant` and the SDKs.
DEFAULT_ISSUER: Final = "https://api.anthropic.com"
ACTIVE_FILE: Final = "active_config"
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_TYPES: Final = frozenset({USER_OAUTH, OIDC_FEDERATION})


class ProfileUnusable(CredentialUnusable):
    """A profile that was asked for is missing or malformed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile's two files say, and nothing else; `access_token` is None without a credentials file.

    `source` says why this profile; `expires_at` is in seconds since the epoch. The `token_` fields, organization and
    e-mail are what the server told at log-in; `identity_token` is the config's own object.
    """

    name: str
    source: str
    config_path: Path
    credentials_path: Path
    kind: str = USER_OAUTH
    base_url: str | None = None
    organization_id: str | None = None
    workspace_id: str | None = None
    access_token: Secret | None = None
    expires_at: int | None = None
    refresh_token: Secret | None = None
    client_id: str | None = None
    scope: str | None = None
    console_url: str | None = None
    federation_rule_id: str | None = None
    service_account_id: str | None = None
    identity_token: Mapping[str, object] | None = None
    credential_process: tuple[str, ...] = ()
    token_scope: str | None = None
    token_organization_uuid: str | None = None
    token_organization_name: str | None = None
    token_workspace_id: str | None = None
    token_workspace_name: str | None = None
    account_email: str | None = None
    has_config: bool = True

    @property
    def is_static(self) -> bool:
        """True if another program keeps the token fresh: it is read again for each call and never refreshed."""
        return self.kind == USER_OAUTH and not self.client_id and not self.credential_process

    @property
    def issuer(self) -> str:
        """The server that the tokens are from, without a last slash."""
        return (self.base_url or DEFAULT_ISSUER).rstrip("/")


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
    if line := active_pointer(config_folder(environment)):
        return line, ACTIVE_FILE
    return DEFAULT_NAME, "default"


def active_pointer(folder: Path) -> str | None:
    """Return the name in the `active_config` file; None if there is none or it is empty."""
    try:
        return (folder / ACTIVE_FILE).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def check_name(name: str) -> str:
    """Return a profile's name; ProfileUnusable if it is not one that every client accepts."""
    if not _NAME.fullmatch(name):
        message = f"profile name {name!r}: use letters, digits, '_', '.' and '-', no dot first"
        raise ProfileUnusable(message)
    return name


def load_profile(environment: Environment, chosen: str | None) -> Profile | None:
    """Read the profile in force; None when none was asked for and none is there.

    Raises ProfileUnusable when one that was asked for is missing, or any is malformed or open to others.
    """
    name, source = active_name(environment, chosen)
    profile = read_profile(config_folder(environment), name, source)
    if profile is None and source != "default":
        message = f"profile {name!r} (from {source}) does not exist: no {config_path(config_folder(environment), name)}"
        raise ProfileUnusable(message)
    return profile


def config_path(folder: Path, name: str) -> Path:
    """Return where a profile's config lies."""
    return folder / "configs" / f"{name}.json"


def read_profile(folder: Path, name: str, source: str) -> Profile | None:
    """Read a profile's two files; None if there is neither, ProfileUnusable if they are malformed or open to others."""
    path = config_path(folder, check_name(name))
    try:
        config = read_plain(path)
        authentication = _mapping((config or {}).get("authentication"), path)
        chosen = _text(authentication, "credentials_path")
        credentials_path = Path(chosen).expanduser() if chosen else folder / "credentials" / f"{name}.json"
        credentials = read_secret(credentials_path)
    except ProfileUnusable:
        raise
    except (CredentialUnusable, RuntimeError) as error:
        raise ProfileUnusable(str(error)) from None
    if config is None and credentials is None:
        return None
    bare = Profile(name, source, path, credentials_path, has_config=config is not None)
    return _with_credentials(_with_config(bare, config or {}, authentication), credentials or {})


def _with_config(bare: Profile, config: Mapping[str, object], authentication: Mapping[str, object]) -> Profile:
    kind = _text(authentication, "type") or bare.kind
    if kind not in _TYPES:
        message = f"{bare.config_path}: unknown authentication type {kind!r}"
        raise ProfileUnusable(message)
    identity = authentication.get("identity_token")
    process = authentication.get("credential_process")
    if process is not None and not (isinstance(process, list) and process and all(isinstance(i, str) for i in process)):
        message = f"{bare.config_path}: credential_process is a list of words, the program first; no shell reads it"
        raise ProfileUnusable(message)
    return replace(
        bare,
        kind=kind,
        base_url=_text(config, "base_url"),
        organization_id=_text(config, "organization_id"),
        workspace_id=_text(config, "workspace_id"),
        client_id=_text(authentication, "client_id"),
        scope=_text(authentication, "scope"),
        console_url=_text(authentication, "console_url"),
        federation_rule_id=_text(authentication, "federation_rule_id"),
        service_account_id=_text(authentication, "service_account_id"),
        identity_token=None if identity is None else _mapping(identity, bare.config_path),
        credential_process=tuple(process or ()),
    )


def _with_credentials(bare: Profile, credentials: Mapping[str, object]) -> Profile:
    if credentials.get("type") not in {None, "oauth_token"}:
        message = f"{bare.credentials_path}: unknown type {credentials['type']!r}"
        raise ProfileUnusable(message)
    return replace(
        bare,
        access_token=_secret(credentials, "access_token"),
        expires_at=read_expiry(credentials, bare.credentials_path),
        refresh_token=_secret(credentials, "refresh_token"),
        token_scope=_text(credentials, "scope"),
        token_organization_uuid=_text(credentials, "organization_uuid"),
        token_organization_name=_text(credentials, "organization_name"),
        token_workspace_id=_text(credentials, "workspace_id"),
        token_workspace_name=_text(credentials, "workspace_name"),
        account_email=_text(credentials, "account_email"),
    )


def read_expiry(credentials: Mapping[str, object], path: Path) -> int | None:
    """Return `expires_at` in seconds since the epoch; ProfileUnusable if it is no number of seconds."""
    value = credentials.get("expires_at")
    if value is None:
        return None
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return int(value)
    except (ValueError, OverflowError):
        pass
    message = f"{path}: expires_at is no number of seconds since 1970"
    raise ProfileUnusable(message)


def _mapping(value: object, path: Path) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"{path}: expected an object"
        raise ProfileUnusable(message)
    return value


def _text(values: Mapping[str, object], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) and value else None


def _secret(values: Mapping[str, object], key: str) -> Secret | None:
    text = _text(values, key)
    return Secret(text) if text else None
