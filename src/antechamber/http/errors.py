"""Errors on the wire: the only file that knows statuses and error bodies (wire-admin.md 1.3)."""

from typing import Final

import msgspec

from antechamber.base.errors import (
    AuthenticationFailed,
    BillingRefused,
    Conflict,
    InternalError,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    RequestTooLarge,
    StateConflict,
    TimedOut,
    Unavailable,
    WireError,
)
from antechamber.base.secret import redact

STATUSES: Final[dict[type[WireError], int]] = {
    InvalidRequest: 400,
    AuthenticationFailed: 401,
    BillingRefused: 402,
    PermissionDenied: 403,
    NotFound: 404,
    Conflict: 409,
    StateConflict: 409,
    PreconditionFailed: 412,
    RequestTooLarge: 413,
    RateLimited: 429,
    InternalError: 500,
    Unavailable: 503,
    TimedOut: 504,
    Overloaded: 529,
}
_INTERNAL_STATUS: Final = 500
_OAUTH_STATUSES: Final = {"invalid_client": 401, "server_error": 500, "temporarily_unavailable": 503}
_SPENT: Final = "You have reached your specified"
# OpenAI's `error.type` and `error.code` by status (their error guide); anything else is a server_error.
_OPENAI: Final[dict[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "not_found"),
    405: ("invalid_request_error", "method_not_allowed"),
    409: ("invalid_request_error", "conflict"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("requests", "rate_limit_exceeded"),
}


def status_of(error: WireError) -> int:
    """Return the HTTP status of an error."""
    return STATUSES.get(type(error), _INTERNAL_STATUS)


def is_refusal(error: WireError) -> bool:
    """Say whether an error is about who asks, or how much they may, rather than about what they ask."""
    if isinstance(error, AuthenticationFailed | PermissionDenied | RateLimited | BillingRefused):
        return True
    # a spend limit is 400 on the wire, and known by its first words (wire-admin.md 1.3)
    return isinstance(error, InvalidRequest) and error.message.startswith(_SPENT)


def api_body(error: WireError, request_id: str) -> bytes:
    """Return `{"type":"error","error":{type, message, details?},"request_id"}`."""
    inner: dict[str, object] = {"type": error.type, "message": redact(error.message)}
    details = {**({"error_code": error.error_code} if error.error_code else {}), **error.details}
    if details:
        inner["details"] = details
    return msgspec.json.encode({"type": "error", "error": inner, "request_id": request_id})


def openai_body(error: WireError, status: int | None = None) -> bytes:
    """Return OpenAI's `{"error":{message, type, param, code}}`."""
    kind, code = _OPENAI.get(status or status_of(error), ("server_error", None))
    inner = {"message": redact(error.message), "type": kind, "param": None, "code": error.error_code or code}
    return msgspec.json.encode({"error": inner})


def oauth_status(error: str, *, is_login_over: bool = False, is_limited: bool = False) -> int:
    """Return the status of a refusal in RFC 6749's shape (§5.2): 400 but for a few.

    `is_login_over` makes it 401 for a program that then logs in anew (wire-auth.md 6.3).
    """
    if is_limited:
        return 429
    return 401 if is_login_over else _OAUTH_STATUSES.get(error, 400)


def oauth_body(error: str, description: str) -> bytes:
    """Return RFC 6749's `{"error", "error_description"}` (§5.2)."""
    return msgspec.json.encode({"error": error, "error_description": redact(description)})


def error_headers(error: WireError) -> list[tuple[bytes, bytes]]:
    """Return the headers that an error asks for: content type, `x-should-retry`, `retry-after`."""
    headers = [(b"content-type", b"application/json")]
    if error.should_retry is not None:
        headers.append((b"x-should-retry", b"true" if error.should_retry else b"false"))
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    return headers


def internal(note: str) -> InternalError:
    """Return the error that stands for our own failure: the caller learns nothing of the inside."""
    return InternalError("Internal server error", note=note)
