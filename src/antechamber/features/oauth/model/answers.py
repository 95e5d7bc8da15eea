"""What the token endpoint says: tokens with what they are bound to, or an error of RFC 6749 §5.2 and RFC 8628 §3.5."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from antechamber.base.secret import Secret


class OAuthError(StrEnum):
    """The errors of the OAuth endpoints (RFC 6749 §4.1.2.1 and §5.2, RFC 7009 §2.2.1, RFC 8628 §3.5, RFC 8707 §2)."""

    ACCESS_DENIED = "access_denied"
    AUTHORIZATION_PENDING = "authorization_pending"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - an error's name, not a secret
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    SERVER_ERROR = "server_error"
    SLOW_DOWN = "slow_down"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"


class GrantRefused(Exception):
    """A refusal in RFC 6749's shape: `description` is for the caller, never with a secret in it.

    `relogin` marks one that tells a client without an id to log in anew: HTTP 401 instead of 400 (wire-auth.md 6.3).
    `basic` says that the client tried HTTP Basic, which the answer names. `retry_after` in seconds makes it HTTP 429.
    """

    def __init__(
        self,
        error: OAuthError,
        description: str,
        *,
        relogin: bool = False,
        basic: bool = False,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.relogin = relogin
        self.basic = basic
        self.retry_after = retry_after


class Named(NamedTuple):
    """An organisation or a workspace as the answer shows it."""

    id: str
    name: str


class Account(NamedTuple):
    """A person as the answer shows them."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Tokens, given once; `expires_in` in seconds. Only a person's grant has a refresh token and an account."""

    access_token: Secret
    expires_in: int
    scope: str
    refresh_token: Secret | None = None
    organization: Named | None = None
    account: Account | None = None
    workspace: Named | None = None
