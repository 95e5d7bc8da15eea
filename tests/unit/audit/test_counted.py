"""Which answers are refusals: what is about who asks or how much they may, and nothing else."""

import pytest

from antechamber.base.errors import (
    AuthenticationFailed,
    BillingRefused,
    Conflict,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    RateLimited,
    Unavailable,
    WireError,
)
from antechamber.features.limits.service import refusals
from antechamber.http.errors import is_refusal


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed(),
        PermissionDenied("x"),
        RateLimited("x"),
        BillingRefused("x"),
        *(
            InvalidRequest(f"You have reached your {which} API usage limits. You will regain access on …")
            for which in refusals._WHICH.values()
        ),
    ],
)
def test_who_asks_and_how_much_they_may_is_counted(error: WireError) -> None:
    assert is_refusal(error)


@pytest.mark.parametrize(
    "error", [InvalidRequest("limit: x"), NotFound("x"), Conflict("x"), Overloaded("x"), Unavailable("x")]
)
def test_what_they_ask_and_what_we_lack_is_not(error: WireError) -> None:
    assert not is_refusal(error)
