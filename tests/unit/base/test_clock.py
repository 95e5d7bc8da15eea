"""Time: read in one place, shown as the wire shows it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import EPOCH, MICROSECONDS, ManualClock, SystemClock, from_rfc3339, to_rfc3339

INSTANTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)).map(  # noqa: DTZ001 - UTC comes next
    lambda moment: (moment.replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
)


@given(INSTANTS)
def test_an_instant_reads_back_as_it_was_shown(instant: int) -> None:
    text = to_rfc3339(instant)
    assert text.endswith("Z")
    assert from_rfc3339(text) == instant


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_500_000, "1970-01-01T00:00:01.500000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_795_233_600_000_000, "2026-11-21T04:00:00Z"),
    ],
)
def test_microseconds_are_shown_only_when_there_are_any(instant: int, text: str) -> None:
    assert to_rfc3339(instant) == text


@pytest.mark.parametrize(
    "text", ["2026-11-21", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00", "2026-11-21T08:00:00+08:00"]
)
def test_a_date_alone_is_its_midnight_in_utc(text: str) -> None:
    assert from_rfc3339(text) == 1_795_219_200_000_000


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "2026-11-21T25:00:00Z", "1795219200", "2026-11-21Z", "9999-12-31T23:59:59-01:00",
     "0001-01-01T00:00:00+01:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_rfc3339(text)


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(5 * MICROSECONDS)
    clock.advance(0.25)
    assert clock.now() == 5_250_000
    assert clock.monotonic() == 5.25


def test_the_system_clock_is_the_machines() -> None:
    clock = SystemClock()
    before = dt.datetime.now(dt.UTC)
    now = EPOCH + dt.timedelta(microseconds=clock.now() + 1)
    assert before - dt.timedelta(seconds=1) < now
    assert clock.monotonic() <= clock.monotonic()
