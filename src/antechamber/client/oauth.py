"""Requests to a server's OAuth endpoints: codes, refreshes, assertions, devices, revocation (wire-auth.md 1, 2)."""

from collections.abc import Callable
from dataclasses import dataclass

from antechamber.base.clock import Clock
from antechamber.base.secret import Secret
from antechamber.client.authorize import CLIENT_ID, LoginAttempt
from antechamber.client.loopback import Received
from antechamber.client.posting import Poster


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint gave; `expires_in` in seconds."""

    access_token: Secret
    expires_in: int
    refresh_token: Secret | None = None
    scope: str | None = None
    organization_uuid: str | None = None
    organization_name: str | None = None
    account_uuid: str | None = None
    account_email: str | None = None
    workspace_id: str | None = None
    workspace_name: str | None = None


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What to show a person who logs in on another device; times in seconds."""

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int
    interval: int


def require_safe(base_url: str) -> str:
    """Return the URL without its last slash; CredentialUnusable unless it is https, or http to loopback."""
    raise NotImplementedError


def redeem_code(post: Poster, base_url: str, attempt: LoginAttempt, received: Received) -> TokenAnswer:
    """Turn a code into tokens (RFC 6749 §4.1.3, form with `state`); TokenRefused, ServerUnreachable."""
    raise NotImplementedError


def refresh(post: Poster, base_url: str, refresh_token: Secret, client_id: str) -> TokenAnswer:
    """Turn a refresh token into new tokens (JSON with the OAuth beta); TokenRefused, ServerUnreachable."""
    raise NotImplementedError


def begin_device(post: Poster, base_url: str, *, client_id: str = CLIENT_ID, scope: str | None = None) -> DevicePrompt:
    """Begin a log-in on another device (RFC 8628 §3.1); TokenRefused, ServerUnreachable."""
    raise NotImplementedError


def await_device(
    post: Poster,
    base_url: str,
    prompt: DevicePrompt,
    clock: Clock,
    sleep: Callable[[float], None],
    *,
    client_id: str = CLIENT_ID,
) -> TokenAnswer:
    """Poll until the person has decided; LoginFailed when they refuse or the code expires."""
    raise NotImplementedError


def revoke(
    post: Poster, base_url: str, token: Secret, *, client_id: str = CLIENT_ID, hint: str = "refresh_token"
) -> None:
    """Revoke a token, and with a refresh token all that came from it (RFC 7009); TokenRefused, ServerUnreachable."""
    raise NotImplementedError
