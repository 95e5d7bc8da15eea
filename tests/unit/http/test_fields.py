"""Fields and query names: what they may not say is refused with their name."""

from enum import StrEnum

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.http.fields import check_choice, choose, choose_all, read_instant, show_instant


class Color(StrEnum):
    BLUE = "blue"
    RED = "red"


def test_what_was_not_sent_or_has_not_happened_stays_so() -> None:
    assert read_instant("ending_at", None) is None
    assert show_instant(None) is None


def test_an_instant_is_read_as_it_is_shown() -> None:
    assert show_instant(read_instant("ending_at", "2026-11-21T08:00:00+08:00")) == "2026-11-21T00:00:00Z"


@pytest.mark.parametrize("text", ["", "soon", "9999-12-31T23:59:59-01:00"])
def test_what_is_no_instant_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^ending_at: '.*' is not an RFC 3339 date-time such as 2026-01-31T"):
        read_instant("ending_at", text)


def test_names_are_chosen_once_each_in_their_order() -> None:
    assert choose_all("color", ["red", "blue", "red"], Color) == (Color.RED, Color.BLUE)


def test_a_refused_choice_says_what_the_name_takes() -> None:
    with pytest.raises(InvalidRequest, match=r"^color: 'green' is not one of blue, red$"):
        choose("color", "green", Color)
    with pytest.raises(InvalidRequest, match=r"^order: '' is not one of asc, desc$"):
        check_choice("order", "", ("asc", "desc"))
