"""Quotas on the wire (an extension; docs/reference/extensions.md)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.features.limits.model.definitions import PersonQuota, Quota
from antechamber.http.bodies import Body


class QuotaSetBody(Body):
    """A quota to keep; `user_id` null is the default for everyone without a quota of their own."""

    user_id: str | None = None
    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    fallback_model: str | None = None

    def quota(self) -> Quota:
        """Return it in the model's words."""
        return Quota(self.requests_per_minute, self.requests_per_day, self.fallback_model)


class QuotaBody(BaseModel):
    """A quota; null is without end, days are calendar days in UTC."""

    type: Literal["quota"] = "quota"
    user_id: str | None
    requests_per_minute: int | None
    requests_per_day: int | None
    fallback_model: str | None
    updated_at: str


class QuotaDeletedBody(BaseModel):
    """`{user_id, type: "quota_deleted"}`; null for the default."""

    user_id: str | None
    type: Literal["quota_deleted"] = "quota_deleted"


def show(kept: PersonQuota) -> QuotaBody:
    """Return the shape of a quota."""
    return QuotaBody(
        user_id=kept.user_id,
        requests_per_minute=kept.quota.requests_per_minute,
        requests_per_day=kept.quota.requests_per_day,
        fallback_model=kept.quota.fallback_model,
        updated_at=to_rfc3339(kept.updated_at),
    )
