"""What a provider's refusal becomes for the caller."""

from typing import Final

from antechamber.base.errors import (
    AuthenticationFailed,
    BillingRefused,
    Conflict,
    InternalError,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    TimedOut,
    Unavailable,
    WireError,
)
from antechamber.features.gateway.model import UpstreamProblem

_UNAUTHORIZED: Final = 401
_OUR_CREDENTIALS: Final = "The model provider refused this server's credentials; its operator must look at them."
_KINDS: Final[tuple[type[WireError], ...]] = (
    BillingRefused,
    Conflict,
    InternalError,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    RateLimited,
    RequestTooLarge,
    TimedOut,
)
_BY_TYPE: Final = {kind.type: kind for kind in _KINDS}
_BY_STATUS: Final[dict[int, type[WireError]]] = {
    402: BillingRefused,
    403: PermissionDenied,
    404: NotFound,
    408: TimedOut,
    409: Conflict,
    413: RequestTooLarge,
    429: RateLimited,
    500: InternalError,
    503: Unavailable,
    504: TimedOut,
    529: Overloaded,
}
_FIRST_SERVER_ERROR: Final = 500


def error_for_problem(problem: UpstreamProblem, provider: str) -> WireError:
    """Return our error for one that a provider put into its answer."""
    note = f"{provider}: {problem.type}: {problem.message}"
    if problem.type == AuthenticationFailed.type:
        return InternalError(_OUR_CREDENTIALS, note=note, should_retry=False)
    return _BY_TYPE.get(problem.type, InternalError)(problem.message, note=note)


def error_for_status(status: int, problem: UpstreamProblem | None, provider: str) -> WireError | None:
    """Return our error for a refusal whose body can't be passed on as it is; None when it can.

    A 401 is about the server's key, not the caller's, who would throw a good one away; a body that is no error body
    (a proxy's HTML page) gets the envelope.
    """
    if status == _UNAUTHORIZED:
        words = f"{problem.type}: {problem.message}" if problem else "401"
        return InternalError(_OUR_CREDENTIALS, note=f"{provider}: {words}", should_retry=False)
    if problem is not None:
        return None
    kind = _BY_STATUS.get(status, Unavailable if status >= _FIRST_SERVER_ERROR else InvalidRequest)
    return kind(f"The model provider answered with status {status}.", note=f"{provider}: {status} without error body")
