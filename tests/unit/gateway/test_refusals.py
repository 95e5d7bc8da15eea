"""What a provider's refusal becomes: passed on as it is wherever the caller can use it."""

import pytest

from antechamber.features.gateway.model import UpstreamProblem
from antechamber.features.gateway.service.refusals import error_for_problem, error_for_status


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 529])
def test_an_error_body_is_passed_on_as_it_is(status: int) -> None:
    assert error_for_status(status, UpstreamProblem("rate_limit_error", "slow"), "p") is None


@pytest.mark.parametrize("problem", [None, UpstreamProblem("authentication_error", "canary of the key")])
def test_a_401_is_about_the_servers_key_and_not_the_callers(problem: UpstreamProblem | None) -> None:
    error = error_for_status(401, problem, "p")
    assert error is not None
    assert (error.type, error.should_retry) == ("api_error", False)
    assert "canary" not in error.message
    assert error.note.startswith("p: ")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (408, "timeout_error"),
        (409, "conflict_error"),
        (413, "request_too_large"),
        (418, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_a_body_that_is_no_error_gets_the_envelope_of_its_status(status: int, kind: str) -> None:
    error = error_for_status(status, None, "p")
    assert error is not None
    assert error.type == kind
    assert str(status) in error.message


@pytest.mark.parametrize("kind", ["overloaded_error", "rate_limit_error", "timeout_error", "not_found_error"])
def test_an_error_event_keeps_its_type_and_words(kind: str) -> None:
    error = error_for_problem(UpstreamProblem(kind, "words"), "p")
    assert (error.type, error.message, error.note) == (kind, "words", f"p: {kind}: words")


def test_an_error_event_of_an_unheard_type_or_of_our_key_is_ours() -> None:
    assert error_for_problem(UpstreamProblem("new_error", "words"), "p").type == "api_error"
    error = error_for_problem(UpstreamProblem("authentication_error", "canary"), "p")
    assert (error.type, error.should_retry) == ("api_error", False)
    assert "canary" not in error.message
