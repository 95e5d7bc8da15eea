"""What a call of the server can end in, other than an answer."""

import json
from collections.abc import Mapping

# The wire's statuses by error type, for errors that come inside a stream and have none of their own.
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class ServerRefused(Exception):
    """The server answered with an error.

    `type`, `message`, `error_code` and `request_id` are from its envelope, in either the Anthropic, the OpenAI or the
    OAuth shape; `message` falls back to the body's beginning.
    """

    def __init__(self, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        envelope = _object(body)
        error = envelope.get("error")
        details = error.get("details") if isinstance(error, dict) else None
        self.type = _text(error, "type") or (error if isinstance(error, str) else None)
        self.message = _text(error, "message") or _text(envelope, "error_description") or _beginning(body)
        self.error_code = _text(details, "error_code") or _text(error, "code")
        self.request_id = headers.get("request-id") or _text(envelope, "request_id")
        super().__init__(f"{status} {self.message}")

    @classmethod
    def from_event(cls, method: str, url: str, headers: Mapping[str, str], data: str) -> "ServerRefused":
        """Make the error that a stream ended with; its status is the one its type has."""
        error = _object(data.encode()).get("error")
        status = _STATUSES.get(_text(error, "type") or "", 500)
        return cls(method, url, status, headers, data.encode())


class ServerUnreachable(Exception):
    """No answer came; `kind` is that of OutboundError."""

    def __init__(self, method: str, url: str, kind: str, note: str) -> None:
        super().__init__(note)
        self.method = method
        self.url = url
        self.kind = kind
        self.note = note


class CredentialUnusable(Exception):
    """A credential that was asked for, or would be used, cannot be; the text says what to do and holds no secret."""


class LoginFailed(CredentialUnusable):
    """A log-in in the browser or on another device did not end in a token."""


class TokenRefused(CredentialUnusable):
    """The token endpoint refused; `error` and `description` are its own words, in either of its two shapes.

    `status` is the HTTP status, `request_id` finds the refusal in the server's log.
    """

    def __init__(self, what: str, refused: ServerRefused) -> None:
        """Say what was asked for in `what`, as `refreshing the log-in`."""
        self.status = refused.status
        self.error = refused.type
        self.description = "".join(letter if letter.isprintable() else " " for letter in refused.message)
        self.request_id = refused.request_id
        known = ", ".join(filter(None, (refused.type, refused.request_id and f"request id {refused.request_id}")))
        super().__init__(f"{what} was refused: {refused.status} {self.description}" + (f" ({known})" if known else ""))


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None


def _beginning(body: bytes) -> str:
    return " ".join(body[:300].decode("utf-8", "replace").split()) or "(no body)"
