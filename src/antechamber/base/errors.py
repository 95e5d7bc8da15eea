"""What can go wrong, named after the wire's `error.type`; statuses and bodies are the transport's business."""

from collections.abc import Mapping
from typing import ClassVar


class WireError(Exception):
    """An error that a caller is told about.

    `message` is for the caller, `note` for the log only. `error_code` is the stable machine code that goes to
    `details.error_code`; `details` joins it there. `should_retry` becomes `x-should-retry`, `retry_after` (seconds)
    becomes `retry-after` (wire-admin.md 1.2, 1.3).
    """

    type: ClassVar[str] = "api_error"
    retryable: ClassVar[bool | None] = None

    def __init__(
        self,
        message: str,
        *,
        note: str = "",
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
        should_retry: bool | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.note = note
        self.error_code = error_code
        self.details = dict(details or {})
        self.should_retry = self.retryable if should_retry is None else should_retry
        self.retry_after = retry_after


class InvalidRequest(WireError):
    """The request is malformed or asks for what cannot be."""

    type = "invalid_request_error"


class AuthenticationFailed(WireError):
    """No credential, or one that opens nothing; the message never says which."""

    type = "authentication_error"

    def __init__(self, message: str = "Invalid authentication credentials", *, note: str = "") -> None:
        super().__init__(message, note=note)


class BillingRefused(WireError):
    """Payment is in the way."""

    type = "billing_error"


class PermissionDenied(WireError):
    """A valid credential that may not do this."""

    type = "permission_error"


class NotFound(WireError):
    """Nothing is there that the caller may see."""

    type = "not_found_error"


class Conflict(WireError):
    """The state of things forbids it; repeating does not help."""

    type = "conflict_error"
    retryable = False


class StateConflict(WireError):
    """The same, of environments, agents, sessions and files, whose 409 is an `invalid_request_error` (decisions.md)."""

    type = "invalid_request_error"
    retryable = False


class PreconditionFailed(WireError):
    """What the caller says that it knows is not how things are (RFC 9110 §15.5.13)."""

    type = "invalid_request_error"
    retryable = False


class RequestTooLarge(WireError):
    """The body is over the limit."""

    type = "request_too_large"


class RateLimited(WireError):
    """Too much, too fast."""

    type = "rate_limit_error"


class InternalError(WireError):
    """We failed."""

    type = "api_error"


class Unavailable(WireError):
    """Something that we need is not reachable now."""

    type = "api_error"
    retryable = True


class TimedOut(WireError):
    """It took too long."""

    type = "timeout_error"


class Overloaded(WireError):
    """No capacity at this moment."""

    type = "overloaded_error"
    retryable = True
