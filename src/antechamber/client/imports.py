"""Profiles of other programs: another configuration folder, printed credentials, Claude Code's own file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.client.files import parse_object, read_plain, read_secret
from antechamber.client.profiles import OIDC_FEDERATION, USER_OAUTH, ProfileUnusable, check_name

_MILLISECONDS: Final = 1000
_CLAUDE_CODE: Final = "claudeAiOauth"
# What Claude Code's file lacks: its tokens are from Anthropic's own server.
_CLAUDE_CODE_BASE_URL: Final = "https://api.anthropic.com"
_ANT_CLIENT: Final = "41077d10-94b8-4194-be48-d251e9eb21b4"
_VERSION: Final = "1.0"


@dataclass(frozen=True, slots=True)
class Imported:
    """A profile as it will be written; `credentials` is None if there are none."""

    name: str
    config: Mapping[str, object]
    credentials: Mapping[str, object] | None


def read_imports(source: Path, name: str | None) -> list[Imported]:
    """Read what `source` holds; ProfileUnusable if that is no profile, or open to others."""
    if source.is_dir():
        return _folder(source, name)
    if not source.is_file():
        message = f"{source} is neither a folder nor a file"
        raise ProfileUnusable(message)
    if source.parent.name == "configs" and source.suffix == ".json":
        return [_pair(source.parent.parent, source.stem, name)]
    return [_file(source, name or "default")]


def _folder(folder: Path, name: str | None) -> list[Imported]:
    found = sorted(path.stem for path in (folder / "configs").glob("*.json") if not path.name.startswith("."))
    if name is not None:
        found = [one for one in found if one == name]
    if not found:
        message = f"{folder} holds no profile" + (f" {name!r}" if name else "") + ": no configs/*.json"
        raise ProfileUnusable(message)
    return [_pair(folder, one, None) for one in found]


def _pair(folder: Path, name: str, new: str | None) -> Imported:
    config = read_plain(folder / "configs" / f"{check_name(name)}.json") or {}
    authentication = config.get("authentication")
    if not isinstance(authentication, dict) or authentication.get("type") not in {USER_OAUTH, OIDC_FEDERATION}:
        message = f"{folder / 'configs' / name}.json is no profile: its authentication has no known type"
        raise ProfileUnusable(message)
    chosen = authentication.get("credentials_path")
    path = Path(chosen).expanduser() if isinstance(chosen, str) and chosen else folder / "credentials" / f"{name}.json"
    inner = {key: value for key, value in authentication.items() if key != "credentials_path"}
    return Imported(check_name(new or name), {**config, "authentication": inner}, read_secret(path))


def _file(path: Path, name: str) -> Imported:
    found = read_secret(path)
    values = found if found is not None else parse_object(b"", path)
    inner = values.get(_CLAUDE_CODE)
    if isinstance(inner, dict):
        return _claude_code(inner, check_name(name))
    if not isinstance(values.get("access_token"), str):
        message = f"{path} holds no access_token"
        raise ProfileUnusable(message)
    base_url, client_id = values.pop("base_url", None), values.pop("client_id", None) or _ANT_CLIENT
    workspace = values.get("workspace_id")
    authentication = {"type": USER_OAUTH, **({"client_id": client_id} if values.get("refresh_token") else {})}
    config = {"version": _VERSION, "authentication": authentication, "base_url": base_url, "workspace_id": workspace}
    return Imported(
        check_name(name),
        {key: value for key, value in config.items() if value},
        {"version": _VERSION, "type": "oauth_token", **values},
    )


def _claude_code(inner: Mapping[str, object], name: str) -> Imported:
    token = inner.get("accessToken")
    if not isinstance(token, str) or not token:
        message = f"Claude Code's file has no {_CLAUDE_CODE}.accessToken"
        raise ProfileUnusable(message)
    # Its refresh token stays Claude Code's: refreshed here, it would be spent there.
    credentials: dict[str, object] = {"version": _VERSION, "type": "oauth_token", "access_token": token}
    expires = inner.get("expiresAt")
    if isinstance(expires, int):
        credentials["expires_at"] = expires // _MILLISECONDS
    if isinstance(scopes := inner.get("scopes"), list):
        credentials["scope"] = " ".join(str(scope) for scope in scopes)
    config = {"version": _VERSION, "authentication": {"type": USER_OAUTH}, "base_url": _CLAUDE_CODE_BASE_URL}
    return Imported(name, config, credentials)
