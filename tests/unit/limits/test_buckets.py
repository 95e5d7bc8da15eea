"""Rates: what refills, what is owed, and what a calendar day counts."""

from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import from_rfc3339
from antechamber.features.limits.model.buckets import Bucket, Correction, DayCount, Draw, Level, shown_tokens

SECOND = 1_000_000
MINUTE = 60 * SECOND
NOON = from_rfc3339("2026-11-21T12:00:00Z")
MIDNIGHT = from_rfc3339("2026-11-22T00:00:00Z")


def one(capacity: int) -> Draw:
    return Draw("k", capacity, 1, 1)


def daily(capacity: int, amount: int = 1) -> Draw:
    return Draw("k", capacity, amount, amount, daily=True)


@given(
    capacity=st.integers(1, 200),
    steps=st.lists(st.tuples(st.integers(0, 90 * SECOND), st.integers(1, 8)), max_size=60),
)
def test_no_minute_lets_more_through_than_a_full_bucket_and_its_refill(
    capacity: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now, taken = Bucket(), NOON, []
    for pause, times in steps:
        now += pause
        for _ in range(times):
            if bucket.fits(one(capacity), now):
                bucket.take(one(capacity), now)
                taken.append(now)
    for start in taken:
        span = [at for at in taken if start <= at <= start + MINUTE]
        assert len(span) <= 2 * capacity
    if taken:
        assert len(taken) <= capacity + (taken[-1] - taken[0]) * capacity / MINUTE + 1


@given(capacity=st.integers(1, 1000), taken=st.integers(0, 3000), pause=st.integers(0, 10 * MINUTE))
def test_a_bucket_refills_with_every_microsecond_and_never_beyond_its_brim(
    capacity: int, taken: int, pause: int
) -> None:
    bucket = Bucket()
    bucket.take(Draw("k", capacity, taken, 0), NOON)
    level = bucket.level(one(capacity), NOON + pause)
    exact = min(capacity, capacity - taken + pause * capacity / MINUTE)
    assert level.remaining == max(0, int(exact // 1))
    assert bucket.level(one(capacity), level.resets_at).remaining == capacity
    assert level.resets_at == NOON + pause or bucket_before(capacity, taken, level.resets_at - 1) < capacity


def bucket_before(capacity: int, taken: int, at: int) -> float:
    return capacity - taken + (at - NOON) * capacity / MINUTE


@given(capacity=st.integers(1, 1000), spent=st.integers(0, 2000), amount=st.integers(1, 2000))
def test_whoever_waits_as_long_as_told_is_let_through_and_a_second_less_would_not_do(
    capacity: int, spent: int, amount: int
) -> None:
    draw = Draw("k", capacity, amount, min(amount, capacity))
    bucket = Bucket()
    bucket.take(Draw("k", capacity, spent, 0), NOON)
    level = bucket.level(draw, NOON)
    assert level.wait_seconds is not None
    assert (level.wait_seconds == 0) == bucket.fits(draw, NOON)
    if level.wait_seconds > 1:
        assert not bucket.fits(draw, NOON + (level.wait_seconds - 1) * SECOND)
    assert bucket.fits(draw, NOON + level.wait_seconds * SECOND)


def test_an_estimate_beyond_a_minutes_worth_goes_through_when_all_of_it_is_there_and_the_rest_is_owed() -> None:
    bucket, large = Bucket(), Draw("k", 1000, 3000, 1000)
    assert bucket.fits(large, NOON)
    bucket.take(large, NOON)
    level = bucket.level(Draw("k", 1000, 1, 1), NOON)
    assert level == Level(1000, 0, NOON + 3 * MINUTE, 121)


def test_a_correction_gives_back_what_was_estimated_too_high_and_no_more() -> None:
    bucket = Bucket()
    bucket.take(Draw("k", 600, 500, 500), NOON)
    bucket.correct(Correction("k", 600, -400, NOON), NOON)
    assert bucket.level(one(600), NOON).remaining == 500
    bucket.correct(Correction("k", 600, -400, NOON), NOON)
    assert bucket.level(one(600), NOON).remaining == 600


def test_a_limit_of_nothing_lets_nothing_through_and_says_that_waiting_does_not_help() -> None:
    bucket = Bucket()
    assert not bucket.fits(one(0), NOON)
    assert bucket.level(one(0), NOON).wait_seconds is None
    bucket.correct(Correction("k", 0, 5, NOON), NOON)
    assert bucket.idle_at == NOON + MINUTE


def test_a_new_value_counts_at_once_against_what_was_used() -> None:
    bucket = Bucket()
    for _ in range(40):
        bucket.take(one(50), NOON)
    assert bucket.level(one(50), NOON).remaining == 10
    assert bucket.level(one(100), NOON).remaining == 60
    assert not bucket.fits(one(40), NOON)


@given(st.lists(st.integers(-5 * SECOND, 5 * SECOND), max_size=50))
def test_a_clock_that_is_put_back_and_forth_never_stops_the_refilling(jumps: list[int]) -> None:
    bucket, now = Bucket(), NOON
    bucket.take(Draw("k", 60, 60, 60), now)
    for jump in jumps:
        now += jump
        bucket.fits(one(60), now)
    assert bucket.fits(Draw("k", 60, 60, 60), now + MINUTE)


def test_a_day_counts_from_midnight_to_midnight() -> None:
    count = DayCount()
    for _ in range(2000):
        assert count.fits(daily(2000), NOON)
        count.take(daily(2000), NOON)
    assert not count.fits(daily(2000), NOON)
    assert count.level(daily(2000), NOON) == Level(2000, 0, MIDNIGHT, 12 * 3600)
    assert not count.fits(daily(2000), MIDNIGHT - 1)
    assert count.level(daily(2000), MIDNIGHT - 1).wait_seconds == 1
    assert count.fits(daily(2000), MIDNIGHT)
    assert count.level(daily(2000), MIDNIGHT).remaining == 2000


def test_a_correction_of_yesterday_leaves_today_alone() -> None:
    count = DayCount()
    count.take(daily(1000, 900), MIDNIGHT - 1)
    count.take(daily(1000, 300), MIDNIGHT)
    count.correct(Correction("k", 1000, 5000, MIDNIGHT - 1, daily=True), MIDNIGHT + 1)
    assert count.level(daily(1000), MIDNIGHT + 1).remaining == 700
    count.correct(Correction("k", 1000, -100, MIDNIGHT, daily=True), MIDNIGHT + 1)
    assert count.level(daily(1000), MIDNIGHT + 1).remaining == 800


def test_what_is_larger_than_a_day_never_fits() -> None:
    level = DayCount().level(daily(10, 11), NOON)
    assert (level.remaining, level.wait_seconds) == (10, None)


def test_headers_round_tokens_to_the_nearest_thousand_and_not_above_the_limit() -> None:
    shown = [shown_tokens(Level(80_000, remaining, 0)) for remaining in (0, 499, 500, 79_499, 79_500, 80_000)]
    assert shown == [0, 0, 1000, 79_000, 80_000, 80_000]
    assert shown_tokens(Level(700, 700, 0)) == 700
