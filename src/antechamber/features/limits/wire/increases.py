"""Requests for more on the wire (SDK `organization.spend_limits.SpendLimitIncreaseRequest`).

`requested_amount` and `reason` are ours, as is the filing of requests (docs/reference/extensions.md).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import to_rfc3339
from antechamber.base.money import to_cents
from antechamber.features.limits.model.definitions import Period, read_amount
from antechamber.features.limits.model.increases import IncreaseDraft, RequestStatus, ShownRequest
from antechamber.features.limits.service.increases import Approval
from antechamber.features.limits.wire import spending
from antechamber.features.limits.wire.spending import (
    PeriodName,
    SpendLimitBody,
    SpendSummaryBody,
    UserActorBody,
    actor_fields,
    summary_fields,
)
from antechamber.features.organizations.model import Member
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

StatusName = Literal["approved", "denied", "pending"]


class FileBody(Body):
    """What somebody asks for: by default the period that they have used up most, and whatever is given."""

    period: PeriodName | None = None
    amount: str | None = None
    reason: str = ""

    def draft(self) -> IncreaseDraft:
        """Return the draft; InvalidRequest."""
        amount = None if self.amount is None else read_amount(self.amount)
        return IncreaseDraft(None if self.period is None else Period(self.period), amount, self.reason)


class ApproveBody(Body):
    """The person's new limit, in whole cents; by default for the period that was asked for."""

    amount: str
    period: PeriodName | None = None
    suppress_notification: bool = False

    def approval(self) -> Approval:
        """Return what it says; InvalidRequest."""
        period = None if self.period is None else Period(self.period)
        return Approval(read_amount(self.amount), period, self.suppress_notification)


class DenyBody(Body):
    """Whether the person is told."""

    suppress_notification: bool = False


class ScopedKeyActorBody(BaseModel):
    """An admin key."""

    type: Literal["scoped_api_key_actor"] = "scoped_api_key_actor"
    scoped_api_key_id: str


ResolverBody = Annotated[UserActorBody | ScopedKeyActorBody, Field(discriminator="type")]


class IncreaseRequestBody(BaseModel):
    """A request; `spend_summary` is live while it is pending, and null from then on."""

    id: str
    type: Literal["spend_limit_increase_request"] = "spend_limit_increase_request"
    actor: UserActorBody
    period: Period
    status: RequestStatus
    requested_amount: str | None
    reason: str
    created_at: str
    resolved_at: str | None
    resolved_by: ResolverBody | None
    spend_summary: SpendSummaryBody | None


class ApprovedRequestBody(IncreaseRequestBody):
    """A request with the limit that its approval set."""

    spend_limit: SpendLimitBody | None


def show(shown: ShownRequest) -> IncreaseRequestBody:
    """Return a request's shape."""
    return IncreaseRequestBody.model_validate(_fields_of(shown))


def show_approved(shown: ShownRequest) -> ApprovedRequestBody:
    """Return an approved request's shape."""
    limit = None if shown.limit is None else spending.show(shown.limit)
    return ApprovedRequestBody.model_validate({**_fields_of(shown), "spend_limit": limit})


def _fields_of(shown: ShownRequest) -> dict[str, object]:
    request = shown.request
    return {
        "id": request.id,
        "actor": actor_fields(shown.member),
        "period": request.period,
        "status": request.status,
        "requested_amount": None if request.amount is None else to_cents(request.amount),
        "reason": request.reason,
        "created_at": to_rfc3339(request.created_at),
        "resolved_at": show_instant(request.resolved_at),
        "resolved_by": _resolver(request.resolved_by, shown.resolver),
        "spend_summary": None if shown.summary is None else summary_fields(shown.summary),
    }


def _resolver(by: Actor | None, member: Member | None) -> dict[str, object] | None:
    """Return who decided; the wire has no word for the operator and for service accounts."""
    if member is not None:
        return actor_fields(member)
    if by is not None and by.kind is ActorKind.ADMIN_API_KEY:
        return {"type": "scoped_api_key_actor", "scoped_api_key_id": by.id}
    return None
