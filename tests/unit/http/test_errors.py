"""Every error as it looks on the wire, in both dialects."""

from collections.abc import Callable

import pytest

from antechamber.base.errors import InvalidRequest, Overloaded, WireError
from antechamber.http.errors import STATUSES, api_body, error_headers, internal, openai_body, status_of


def test_every_error_type_looks_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    lines: list[str] = []
    for kind, status in STATUSES.items():
        error = kind("What is wrong.", note="for the log only")
        hint = [f"{name.decode()}: {value.decode()}" for name, value in error_headers(error)[1:]]
        lines += [
            f"{status} {kind.__name__}",
            *hint,
            api_body(error, "req_1").decode(),
            openai_body(error).decode(),
            "",
        ]
    detailed = InvalidRequest("m", error_code="model_not_found", details={"field": "x"}, retry_after=7)
    lines += ["with a code and details", "retry-after: 7", api_body(detailed, "req_1").decode()]
    lines += [openai_body(detailed).decode(), ""]
    golden("errors.txt", "\n".join(lines))


@pytest.mark.parametrize("kind", WireError.__subclasses__())
def test_every_error_has_a_status_and_keeps_its_note_to_itself(kind: type[WireError]) -> None:
    error = kind("m", note="canary")
    assert status_of(error) == STATUSES[kind]
    assert b"canary" not in api_body(error, "req_1") + openai_body(error)


def test_an_error_of_no_kind_is_ours() -> None:
    assert status_of(WireError("m")) == 500


def test_our_own_failure_tells_nothing_of_the_inside() -> None:
    error = internal("canary")
    assert b"canary" not in api_body(error, "req_1")
    assert error.note == "canary"


def test_headers_say_whether_and_when_to_try_again() -> None:
    headers = dict(error_headers(Overloaded("m", retry_after=3)))
    assert headers[b"x-should-retry"] == b"true"
    assert headers[b"retry-after"] == b"3"
    assert b"x-should-retry" not in dict(error_headers(InvalidRequest("m")))


def test_a_status_that_openai_does_not_know_is_a_server_error() -> None:
    assert b'"server_error"' in openai_body(Overloaded("m"))
    assert b'"method_not_allowed"' in openai_body(InvalidRequest("m"), 405)
