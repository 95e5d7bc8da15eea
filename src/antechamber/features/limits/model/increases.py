"""Requests for more: a person asks, an administrator approves with a limit of the person's own, or denies."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.errors import Conflict, InvalidRequest
from antechamber.base.ids import IncreaseRequestId, OrganizationId, UserId
from antechamber.features.limits.model.definitions import Period, SpendLimit
from antechamber.features.limits.model.entries import SpendSummary
from antechamber.features.organizations.model import Member

_LONGEST_REASON: Final = 2048


class RequestStatus(StrEnum):
    """What became of a request (SDK `SpendLimitIncreaseRequestStatus`)."""

    APPROVED = "approved"
    DENIED = "denied"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class IncreaseDraft:
    """What somebody asks for: a period, None for the one that they have used up most; an amount in nano-USD, or any."""

    period: Period | None = None
    amount: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if len(self.reason) > _LONGEST_REASON:
            message = f"reason: must be at most {_LONGEST_REASON} characters"
            raise InvalidRequest(message)


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    """A request as it is kept; `amount` in nano-USD is what was asked for, if anything was; instants in microseconds.

    `resolved_by` tells kind and id of who approved or denied it.
    """

    id: IncreaseRequestId
    organization_id: OrganizationId
    user_id: UserId
    period: Period
    amount: int | None
    reason: str
    status: RequestStatus
    created_at: int
    resolved_at: int | None = None
    resolved_by: Actor | None = None

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status is RequestStatus.PENDING


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request with what is told beside it: who asked, who decided if that was a person, how a pending one stands."""

    request: IncreaseRequest
    member: Member
    resolver: Member | None = None
    summary: SpendSummary | None = None
    limit: SpendLimit | None = None


def row_for(rows: Sequence[SpendSummary], draft: IncreaseDraft) -> SpendSummary:
    """Return what a request would raise, of all that a person resolves; InvalidRequest if nothing holds them there."""
    limited = [row for row in rows if row.limit.amount is not None and draft.period in {None, row.limit.period}]
    if not limited:
        period = "" if draft.period is None else f"{draft.period} "
        message = f"period: no {period}spend limit of a person or the organization holds you; there is none to increase"
        raise InvalidRequest(message)
    row = max(limited, key=lambda each: each.spent / max(each.limit.amount or 0, 1))
    if draft.amount is not None and draft.amount <= (row.limit.amount or 0):
        message = f"amount: must be more than what holds you for the period ({row.limit.period}) now"
        raise InvalidRequest(message)
    return row


def require_none_pending(requests: Sequence[IncreaseRequest]) -> None:
    """Raise Conflict if a request for the same already waits."""
    if requests:
        message = f"Your request {requests[0].id} for this period is still pending."
        raise Conflict(message, error_code="spend_limit_increase_request_pending")


def is_to_be_decided(request: IncreaseRequest, status: RequestStatus) -> bool:
    """Say whether a decision changes a request; InvalidRequest where it can't be taken any more.

    Denying twice is once; an approval is taken once, for the limit that it set may have been changed since.
    """
    if request.is_pending:
        return True
    if status is RequestStatus.DENIED and request.status is RequestStatus.DENIED:
        return False
    message = f"Spend limit increase request {request.id} is {request.status} already."
    raise InvalidRequest(message)
