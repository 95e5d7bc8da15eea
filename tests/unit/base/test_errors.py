"""What can go wrong says so in two voices: to the caller, and to the log."""

import pytest

from antechamber.base.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    Overloaded,
    Unavailable,
    WireError,
)
from antechamber.base.outbound import OutboundError, OutboundOptions
from antechamber.base.tokens import estimate


def test_the_note_is_not_in_the_message() -> None:
    error = InvalidRequest("name: is taken", note="row 7", error_code="name_taken", details={"name": "x"})
    assert str(error) == error.message == "name: is taken"
    assert error.note == "row 7"
    assert error.error_code == "name_taken"
    assert error.details == {"name": "x"}
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("kind", "retried"), [(Conflict, False), (Unavailable, True), (Overloaded, True), (InvalidRequest, None)]
)
def test_a_kind_says_whether_to_try_again_unless_told_otherwise(kind: type[WireError], *, retried: bool | None) -> None:
    assert kind("x").should_retry is retried
    assert kind("x", should_retry=True).should_retry is True
    assert kind("x", should_retry=False).should_retry is False


def test_a_failed_authentication_never_says_which_part_was_wrong() -> None:
    assert AuthenticationFailed().message == "Invalid authentication credentials"
    assert AuthenticationFailed(note="revoked").note == "revoked"


def test_details_are_a_copy() -> None:
    details = {"a": 1}
    error = InvalidRequest("x", details=details)
    details["a"] = 2
    assert error.details == {"a": 1}


def test_an_outbound_error_says_how_far_the_request_came() -> None:
    error = OutboundError("reset", "cut by peer")
    assert (error.kind, error.note, str(error)) == ("reset", "cut by peer", "cut by peer")
    assert OutboundOptions().read_seconds == 600


@pytest.mark.parametrize(("size", "tokens"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_four_bytes_are_a_token(size: int, tokens: int) -> None:
    assert estimate(size) == tokens
