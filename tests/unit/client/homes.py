"""Home folders with profiles in them."""

import json
import time
from pathlib import Path

from antechamber.base.clock import SystemClock
from antechamber.client.credentials import Given, find_access
from antechamber.client.environment import Environment
from antechamber.client.finding import token_options
from antechamber.client.posting import open_poster
from antechamber.client.signing import Credentials
from antechamber.client.transport import open_outbound


def environment_of(home: Path, **variables: str) -> Environment:
    return Environment(variables, home)


def folder_of(home: Path) -> Path:
    return home / ".config" / "anthropic"


def write_json(path: Path, values: object, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(values), encoding="utf-8")
    path.chmod(mode)
    return path


def read_json(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return found


def put_login(home: Path, name: str = "default", *, base_url: str, left: int = -10, **more: object) -> Path:
    """Put a profile that was logged in, its token with so many seconds left; return its credentials file."""
    folder = folder_of(home)
    config = {
        "version": "1.0",
        "authentication": {"type": "user_oauth", "client_id": "antechamber-cli"},
        "base_url": base_url,
        "workspace_id": "wrkspc_01",
    }
    write_json(folder / "configs" / f"{name}.json", config, 0o644)
    credentials = {
        "version": "1.0",
        "type": "oauth_token",
        "access_token": "sk-ant-oat01-0",
        "expires_at": int(time.time()) + left,
        "refresh_token": "sk-ant-ort01-0",
        **more,
    }
    return write_json(folder / "credentials" / f"{name}.json", credentials)


def credentials_of(environment: Environment, given: Given | None = None) -> Credentials:
    """Return what signs requests, over real connections."""
    access = find_access(given or Given(), environment)
    return Credentials(access, environment, open_poster(open_outbound, token_options(environment)), SystemClock())
