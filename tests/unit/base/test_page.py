"""Cursors open only for the query that they were made for."""

import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.base.page import IdCursor, open_cursor, read_number, seal_cursor

QUERIES = st.dictionaries(
    st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=4)))
)


@given(st.text(), QUERIES)
def test_a_cursor_gives_its_position_back(position: str, query: dict[str, object]) -> None:
    cursor = seal_cursor(position, query)
    assert cursor.startswith("page_")
    assert cursor.isascii()
    assert not set(cursor) & set("=+/&?# ")
    assert open_cursor(cursor, dict(reversed(query.items()))) == position


@given(st.text(), QUERIES, QUERIES)
def test_a_cursor_of_another_query_is_refused(
    position: str, query: dict[str, object], other: dict[str, object]
) -> None:
    assume(query != other)
    with pytest.raises(InvalidRequest, match=r"cursor does not match current query parameters"):
        open_cursor(seal_cursor(position, query), other)


@given(st.text())
def test_any_other_text_is_not_a_cursor(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"page: "):
        open_cursor(text, {})


@pytest.mark.parametrize("body", ["", "A", "====", "é", "!!!!", base64.b64encode(b"\xff" * 20).decode(), "QUJD"])
def test_a_broken_cursor_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest, match=r"not a cursor that this server gave"):
        open_cursor(f"page_{body}", {})


def test_a_number_in_a_cursor_is_one_that_a_database_holds() -> None:
    assert read_number("9" * 18) == 10**18 - 1
    for text in ("", "-1", "1.0", "٣", "1" * 19, "1" * 5000):
        with pytest.raises(InvalidRequest, match=r"^page: not a cursor that this server gave$"):
            read_number(text)


def test_after_and_before_exclude_each_other() -> None:
    with pytest.raises(InvalidRequest, match=r"after_id, before_id"):
        IdCursor(10, "a", "b")
    assert IdCursor(10, "a").before_id is None
    assert IdCursor().limit == 20
