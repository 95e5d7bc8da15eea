"""What becomes of headers, for whatever is said of them."""

from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.telemetry.model.headers import MOST_BYTES, check_headers, merge_headers

NAMES = st.sampled_from(["x-a", "X-A", "x-b", "authorization", "Authorization", "x-c"])
VALUES = st.text("ab", max_size=5)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, st.none() | VALUES))
def test_a_merge_holds_exactly_what_was_said_and_what_was_kept(
    known: dict[str, str], said: dict[str, str | None]
) -> None:
    try:
        check_headers(known)
        merged = merge_headers(known, said)
    except InvalidRequest as refusal:
        assert "case" in refusal.message  # noqa: PT017 - either may be refused, for this alone
        return
    lower = {name.lower(): value for name, value in merged.items()}
    assert len(lower) == len(merged)
    expected = {name.lower(): value for name, value in known.items()}
    expected |= {name.lower(): value for name, value in said.items() if value is not None}
    for name, value in said.items():
        if value is None:
            expected.pop(name.lower(), None)
    assert lower == expected


@given(st.dictionaries(st.from_regex(r"x-[a-z]{1,8}", fullmatch=True), st.text("a", max_size=4096), max_size=20))
def test_a_new_destination_has_at_most_what_fits(headers: dict[str, str]) -> None:
    size = sum(len(name) + len(value) for name, value in headers.items())
    try:
        assert check_headers(headers) == headers
    except InvalidRequest:
        assert size > MOST_BYTES
    else:
        assert size <= MOST_BYTES
