"""Credentials by program: reading what another one prints, and printing what others read.

The object is `{"version": 1, "type", "access_token" or "api_key", "expires_at"?, "base_url"?}`; a bare line is taken as
a token or key (Claude Code's apiKeyHelper, `ant auth print-credentials --access-token`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.base.clock import from_rfc3339
from antechamber.base.secret import Secret
from antechamber.client.failures import CredentialUnusable

_PATIENCE_SECONDS: Final = 60
_LARGEST: Final = 64 * 1024
_VERSIONS: Final = frozenset({1, "1", "1.0", None})
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ProcessCredential:
    """What a program handed over; `kind` is `api_key` or `auth_token`, `expires_at` in seconds since the epoch."""

    kind: str
    secret: Secret
    expires_at: int | None = None
    base_url: str | None = None


def run_process(arguments: Sequence[str]) -> str:
    """Run a program without a shell and return what it printed; CredentialUnusable if it failed."""
    import subprocess  # noqa: PLC0415 - 10 ms that most runs need not pay

    try:
        done = subprocess.run(  # noqa: S603 - the person's own setting, which is the point
            list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=_PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        message = f"{arguments[0]} did not end within {_PATIENCE_SECONDS} s"
        raise CredentialUnusable(message) from None
    except (OSError, ValueError) as error:
        message = f"{arguments[0]} cannot be run: {error}"
        raise CredentialUnusable(message) from None
    if done.returncode:
        message = f"{arguments[0]} ended with {done.returncode}"
        raise CredentialUnusable(message)
    return done.stdout.decode("utf-8", "replace")


def read_process(arguments: Sequence[str]) -> ProcessCredential:
    """Run a program and read the credential that it prints; CredentialUnusable if it prints none."""
    return parse_credential(run_process(arguments), arguments[0])


def parse_credential(text: str, program: str) -> ProcessCredential:
    """Read the protocol's object, or one line that is a token or key; CredentialUnusable otherwise."""
    stripped = text.strip()
    if stripped.startswith("{") and len(stripped) <= _LARGEST:
        return _of_object(stripped, program)
    if not stripped or len(stripped.split()) > 1 or len(stripped) > _LARGEST or not stripped.isascii():
        message = f"{program} printed neither a credential's JSON object nor one line with a token"
        raise CredentialUnusable(message)
    return ProcessCredential(_kind(stripped), Secret(stripped))


def _kind(text: str) -> str:
    return "api_key" if text.startswith(("sk-ant-api", "sk-ant-admin")) else "auth_token"


def _of_object(text: str, program: str) -> ProcessCredential:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        message = f"{program} printed malformed JSON"
        raise CredentialUnusable(message) from None
    if found.get("version") not in _VERSIONS:
        message = f"{program} speaks version {found.get('version')!r} of the protocol; this is version 1"
        raise CredentialUnusable(message)
    base_url = found.get("base_url")
    for kind, key in (("api_key", "api_key"), ("auth_token", "access_token")):
        if isinstance(secret := found.get(key), str) and secret:
            return ProcessCredential(
                kind,
                Secret(secret),
                _expiry(found.get("expires_at"), program),
                base_url if isinstance(base_url, str) and base_url else None,
            )
    message = f"{program} printed an object with neither access_token nor api_key"
    raise CredentialUnusable(message)


def _expiry(value: object, program: str) -> int | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and not value.isdigit():
            return from_rfc3339(value) // _MICROSECONDS
        if isinstance(value, str | int | float):
            return int(value)
    except (ValueError, OverflowError):
        pass
    message = f"{program} printed an expires_at that is no time"
    raise CredentialUnusable(message)


def show_credential(credential: ProcessCredential) -> Mapping[str, object]:
    """Return the protocol's object, for others to read."""
    api_key = credential.kind == "api_key"
    shown = {
        "version": 1,
        "type": "api_key" if api_key else "oauth_token",
        "api_key" if api_key else "access_token": credential.secret.reveal(),
        "expires_at": credential.expires_at,
        "base_url": credential.base_url,
    }
    return {name: value for name, value in shown.items() if value is not None}
