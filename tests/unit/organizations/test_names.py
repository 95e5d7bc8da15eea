"""What an organisation may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.organizations.model import check_name


@pytest.mark.parametrize(("name", "kept"), [("Acme", "Acme"), ("  蚂蚁 🐜 ", "蚂蚁 🐜"), ("x" * 100, "x" * 100)])
def test_a_name_is_kept_without_the_space_around_it(name: str, kept: str) -> None:
    assert check_name(name) == kept


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\x00b", "a\u202eb", "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^name: must be 1 to 100 printable characters$"):
        check_name(name)


@given(st.text(max_size=120))
def test_a_kept_name_stays_as_it_is(name: str) -> None:
    try:
        kept = check_name(name)
    except InvalidRequest:
        return
    assert check_name(kept) == kept
