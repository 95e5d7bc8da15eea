"""What a request for more may ask, and what becomes of it."""

import dataclasses

import pytest

from antechamber.base.errors import Conflict, InvalidRequest
from antechamber.base.ids import IncreaseRequestId, OrganizationId, SpendLimitId, UserId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.limits.model.definitions import Period, Scope, SpendLimit
from antechamber.features.limits.model.entries import SpendSummary
from antechamber.features.limits.model.increases import (
    IncreaseDraft,
    IncreaseRequest,
    RequestStatus,
    is_to_be_decided,
    require_none_pending,
    row_for,
)
from antechamber.features.organizations.model import Member

ORG, USER = OrganizationId("org"), UserId("user_1")
MEMBER = Member(USER, ORG, "dev@example.com", "Dev", OrganizationRole.USER, 0)
ASKED = IncreaseRequest(IncreaseRequestId("slir_1"), ORG, USER, Period.DAILY, None, "", RequestStatus.PENDING, 1)


def row(period: Period, amount: int | None, spent: int) -> SpendSummary:
    limit = SpendLimit(SpendLimitId(f"spl_{period}"), ORG, Scope.USER, USER, period, amount, 0, 0)
    return SpendSummary(MEMBER, limit, spent)


ROWS = [row(Period.DAILY, 100, 50), row(Period.WEEKLY, 100, 90), row(Period.MONTHLY, None, 1000)]


def test_without_a_period_the_one_that_is_used_up_most_is_meant() -> None:
    assert row_for(ROWS, IncreaseDraft()) is ROWS[1]
    assert row_for(ROWS, IncreaseDraft(Period.DAILY)) is ROWS[0]


@pytest.mark.parametrize("period", [Period.MONTHLY, Period.DAILY, None])
def test_where_nothing_holds_somebody_there_is_nothing_to_increase(period: Period | None) -> None:
    with pytest.raises(InvalidRequest, match="none to increase"):
        row_for(ROWS[2:], IncreaseDraft(period))


def test_more_is_more_than_there_is() -> None:
    assert row_for(ROWS, IncreaseDraft(Period.DAILY, 101)) is ROWS[0]
    with pytest.raises(InvalidRequest, match="amount: must be more"):
        row_for(ROWS, IncreaseDraft(Period.DAILY, 100))


def test_a_reason_is_no_novel() -> None:
    IncreaseDraft(reason="r" * 2048)
    with pytest.raises(InvalidRequest, match="reason"):
        IncreaseDraft(reason="r" * 2049)


def test_one_waits_once_for_the_same() -> None:
    require_none_pending([])
    with pytest.raises(Conflict, match="slir_1"):
        require_none_pending([ASKED])


def test_a_decision_is_taken_once_and_a_denial_may_be_said_again() -> None:
    denied = dataclasses.replace(ASKED, status=RequestStatus.DENIED)
    approved = dataclasses.replace(ASKED, status=RequestStatus.APPROVED)
    assert is_to_be_decided(ASKED, RequestStatus.APPROVED)
    assert is_to_be_decided(ASKED, RequestStatus.DENIED)
    assert not is_to_be_decided(denied, RequestStatus.DENIED)
    for known, wanted in (
        (denied, RequestStatus.APPROVED),
        (approved, RequestStatus.DENIED),
        (approved, RequestStatus.APPROVED),
    ):
        with pytest.raises(InvalidRequest, match="already"):
            is_to_be_decided(known, wanted)
