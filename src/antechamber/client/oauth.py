"""Requests to a server's OAuth endpoints: codes, refreshes, assertions, devices, revocation (wire-auth.md 1, 2)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit

from antechamber.base.clock import Clock
from antechamber.base.secret import Secret
from antechamber.client.authorize import CLIENT_ID, LoginAttempt, require_safe
from antechamber.client.failures import CredentialUnusable, LoginFailed, ServerRefused, TokenRefused
from antechamber.client.federation import Federation
from antechamber.client.posting import Poster, Reply

if TYPE_CHECKING:
    from antechamber.base.outbound import Headers
    from antechamber.client.loopback import Received

TOKEN_PATH: Final = "/v1/oauth/token"  # noqa: S105 - a path
DEVICE_PATH: Final = "/v1/oauth/device_authorization"
REVOKE_PATH: Final = "/v1/oauth/revoke"
OAUTH_BETA: Final = "oauth-2025-04-20"
FEDERATION_BETA: Final = "oidc-federation-2026-04-01"
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_OK: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"
_USUAL_INTERVAL: Final = 5
_ENDINGS: Final = {
    "access_denied": "the log-in was denied on the other device",
    "expired_token": "nobody confirmed the log-in in time: begin again",
}
# What we sent is never shown, even if a server says it back.
_HIDDEN: Final = ("assertion", "code", "code_verifier", "device_code", "refresh_token", "token")
_LONGEST_LIFE: Final = 100 * 365 * 86400


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


def redeem_code(post: Poster, base_url: str, attempt: LoginAttempt, received: "Received") -> TokenAnswer:
    """Turn a code into tokens (RFC 6749 §4.1.3, form with `state`); TokenRefused, ServerUnreachable."""
    fields = {
        "grant_type": "authorization_code",
        "code": received.code,
        "code_verifier": attempt.verifier.reveal(),
        "client_id": attempt.client_id,
        "redirect_uri": received.redirect_uri,
        "state": attempt.state,
    }
    return _token(_form(post, base_url + TOKEN_PATH, fields), "the log-in", base_url)


def refresh(post: Poster, base_url: str, refresh_token: Secret, client_id: str) -> TokenAnswer:
    """Turn a refresh token into new tokens (JSON with the OAuth beta); TokenRefused, ServerUnreachable.

    The scope is left out, and so stays what it was.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal(), "client_id": client_id}
    reply = _json(post, base_url + TOKEN_PATH, fields, OAUTH_BETA)
    return _token(reply, "refreshing the log-in", base_url)


def exchange(post: Poster, base_url: str, federation: Federation) -> TokenAnswer:
    """Turn an identity token, read anew, into an access token (RFC 7523); TokenRefused, ServerUnreachable."""
    assertion = federation.identity.read()
    fields = {"grant_type": _JWT_GRANT, "assertion": assertion.reveal(), **federation.fields()}
    reply = _json(post, base_url + TOKEN_PATH, fields, f"{OAUTH_BETA},{FEDERATION_BETA}")
    return _token(reply, f"the exchange of the identity token ({federation.identity.label})", base_url)


def begin_device(post: Poster, base_url: str, *, client_id: str = CLIENT_ID, scope: str | None = None) -> DevicePrompt:
    """Begin a log-in on another device (RFC 8628 §3.1); TokenRefused, ServerUnreachable."""
    fields = {"client_id": client_id, **({"scope": scope} if scope else {})}
    url = base_url + DEVICE_PATH
    given = _object(_form(post, url, fields), "the log-in on another device", url)
    codes = [given.get(name) for name in ("device_code", "user_code", "verification_uri")]
    device_code, user_code, address = (value if isinstance(value, str) else "" for value in codes)
    if not (device_code and user_code and _is_web(address)):
        message = f"{url} answered without a code to log in with"
        raise LoginFailed(message)
    complete = _text(given, "verification_uri_complete")
    return DevicePrompt(
        Secret(device_code),
        user_code,
        address,
        complete if complete and _is_web(complete) else None,
        _seconds(given.get("expires_in")) or 600,
        max(1, _seconds(given.get("interval")) or _USUAL_INTERVAL),
    )


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in {"https", "http"} and address.isprintable()


def await_device(
    post: Poster,
    base_url: str,
    prompt: DevicePrompt,
    clock: Clock,
    sleep: Callable[[float], None],
    *,
    client_id: str = CLIENT_ID,
) -> TokenAnswer:
    """Poll until the person has decided (RFC 8628 §3.5); LoginFailed when they refuse or the code expires."""
    fields = {"grant_type": _DEVICE_GRANT, "device_code": prompt.device_code.reveal(), "client_id": client_id}
    until, interval = clock.monotonic() + prompt.expires_in, prompt.interval
    while clock.monotonic() < until:
        sleep(interval)
        try:
            return _token(_form(post, base_url + TOKEN_PATH, fields), "the log-in", base_url)
        except TokenRefused as refused:
            if refused.error == "slow_down":
                interval += _USUAL_INTERVAL
            elif refused.error in _ENDINGS:
                raise LoginFailed(_ENDINGS[refused.error]) from None
            elif refused.error != "authorization_pending":
                raise
    message = _ENDINGS["expired_token"]
    raise LoginFailed(message)


def revoke(
    post: Poster, base_url: str, token: Secret, *, client_id: str = CLIENT_ID, hint: str = "refresh_token"
) -> None:
    """Revoke a token, and with a refresh token all that came from it (RFC 7009); TokenRefused, ServerUnreachable."""
    url = base_url + REVOKE_PATH
    fields = {"token": token.reveal(), "token_type_hint": hint, "client_id": client_id}
    reply = _form(post, url, fields)
    if reply.status != _OK:
        what = "revoking the token"
        raise TokenRefused(what, _refused(reply, url))


def _form(post: Poster, url: str, fields: Mapping[str, str]) -> Reply:
    require_safe(url)
    headers: Headers = [("content-type", _FORM), ("accept", "application/json")]
    return _hide(post(url, headers, urlencode(fields, quote_via=quote).encode()), fields)


def _json(post: Poster, url: str, fields: Mapping[str, str], beta: str) -> Reply:
    require_safe(url)
    headers: Headers = [("content-type", "application/json"), ("accept", "application/json"), ("anthropic-beta", beta)]
    return _hide(post(url, headers, json.dumps(fields).encode()), fields)


def _hide(reply: Reply, fields: Mapping[str, str]) -> Reply:
    if reply.status == _OK:
        return reply
    body = reply.body
    for name in _HIDDEN:
        if value := fields.get(name):
            body = body.replace(value.encode(), b"***")
    return replace(reply, body=body)


def _refused(reply: Reply, url: str) -> ServerRefused:
    return ServerRefused("POST", url, reply.status, reply.headers, reply.body)


def _object(reply: Reply, what: str, url: str) -> dict[str, object]:
    if reply.status != _OK:
        raise TokenRefused(what, _refused(reply, url))
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        message = f"{url} answered with something that is no JSON object; is it the right server?"
        raise CredentialUnusable(message)
    return found


def _token(reply: Reply, what: str, base_url: str) -> TokenAnswer:
    given = _object(reply, what, base_url + TOKEN_PATH)
    access_token, expires_in = _text(given, "access_token"), _seconds(given.get("expires_in"))
    kind = given.get("token_type", "Bearer")
    if access_token is None or expires_in is None or not isinstance(kind, str) or kind.lower() != "bearer":
        message = f"{base_url}{TOKEN_PATH} answered without a bearer token and its lifetime"
        raise CredentialUnusable(message)
    organization, account, workspace = (_part(given, name) for name in ("organization", "account", "workspace"))
    refresh_token = _text(given, "refresh_token")
    return TokenAnswer(
        Secret(access_token),
        expires_in,
        Secret(refresh_token) if refresh_token else None,
        _text(given, "scope"),
        _text(organization, "uuid"),
        _text(organization, "name"),
        _text(account, "uuid"),
        _text(account, "email_address"),
        _text(workspace, "id"),
        _text(workspace, "name"),
    )


def _part(given: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def _text(given: Mapping[str, object], name: str) -> str | None:
    found = given.get(name)
    # What is shown on a terminal and written to files has no control characters.
    return found if isinstance(found, str) and found and found.isprintable() else None


def _seconds(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return max(0, min(int(value), _LONGEST_LIFE))
    except (ValueError, OverflowError):
        return None
