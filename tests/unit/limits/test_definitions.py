"""Limits' own rules."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import EPOCH, from_rfc3339, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, SpendLimitId
from antechamber.base.money import to_cents
from antechamber.features.limits.model.definitions import (
    MAX_AMOUNT,
    MAX_RATE,
    Limiter,
    Period,
    Quota,
    RateRule,
    Scope,
    SpendLimit,
    SpendRule,
    check_quota,
    check_rates,
    lowest_rates,
    read_amount,
)
from antechamber.features.limits.model.entries import RateValue, holder_values

ORGANIZATION = OrganizationId("00000000-0000-4000-8000-000000000001")
INSTANTS = st.integers(0, 2**52)
EVERY = frozenset(Limiter)


def rule(limiter: Limiter, value: int, scope: Scope = Scope.ORGANIZATION, scope_id: str = ORGANIZATION) -> RateRule:
    return RateRule(limiter, value, scope, scope_id, "rlg_1")


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        (Period.DAILY, "2026-11-21T07:18:48Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        (Period.WEEKLY, "2026-11-21T07:18:48Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        (Period.WEEKLY, "2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        (Period.WEEKLY, "2027-01-01T12:00:00Z", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"),
        (Period.MONTHLY, "2026-11-21T07:18:48Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        (Period.MONTHLY, "2026-12-31T23:59:59.999999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (Period.MONTHLY, "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ],
)
def test_periods_reset_at_utc_midnight_on_monday_and_on_the_first(
    period: Period, now: str, start: str, end: str
) -> None:
    instant = from_rfc3339(now)
    assert to_rfc3339(period.start(instant)) == start
    assert to_rfc3339(period.end(instant)) == end


@given(st.sampled_from(Period), INSTANTS)
def test_an_instant_lies_in_its_period_and_periods_leave_no_gap(period: Period, now: int) -> None:
    start, end = period.start(now), period.end(now)
    assert start <= now < end
    assert period.start(end) == end
    assert period.end(start) == end
    assert period.start(end - 1) == start
    moment = EPOCH + dt.timedelta(microseconds=start)
    assert (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


RATES = st.dictionaries(st.sampled_from(Limiter), st.integers(1, MAX_RATE))


@given(RATES, RATES)
def test_the_lower_of_the_servers_and_the_organizations_value_holds(
    server: dict[Limiter, int], own: dict[Limiter, int]
) -> None:
    found = lowest_rates(server, [rule(limiter, value) for limiter, value in own.items()], ORGANIZATION, "rlg_1")
    values = {each.limiter: each.value for each in found}
    assert values.keys() == server.keys() | own.keys()
    for limiter, value in values.items():
        assert value == min(table[limiter] for table in (server, own) if limiter in table)


def test_a_holders_value_above_the_organizations_is_told_as_it_was_set() -> None:
    minute, day = Limiter.REQUESTS_PER_MINUTE, Limiter.TOKENS_PER_DAY
    own = [rule(minute, 500, Scope.WORKSPACE, "wrkspc_1")]
    above = [rule(minute, 100), rule(day, 9000)]
    assert holder_values(own, above, inherited=False) == (RateValue(minute, 500, 100, is_own=True),)
    assert holder_values(own, above, inherited=True) == (
        RateValue(minute, 500, 100, is_own=True),
        RateValue(day, 9000, 9000, is_own=False),
    )


def test_rates_within_the_rules_are_let_through() -> None:
    check_rates(
        [(Limiter.REQUESTS_PER_MINUTE, 1), (Limiter.TOKENS_PER_DAY, None), (Limiter.TOKENS_PER_MINUTE, MAX_RATE)], EVERY
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([], "1 to 16 entries"),
        ([(Limiter.REQUESTS_PER_MINUTE, 1)] * 17, "1 to 16 entries"),
        ([(Limiter.REQUESTS_PER_MINUTE, 1), (Limiter.REQUESTS_PER_MINUTE, None)], "each type may be given once"),
        ([(Limiter.REQUESTS_PER_MINUTE, 0)], "must be from 1 to"),
        ([(Limiter.REQUESTS_PER_MINUTE, MAX_RATE + 1)], "must be from 1 to"),
    ],
)
def test_rates_outside_the_rules_are_refused(changes: list[tuple[Limiter, int | None]], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        check_rates(changes, EVERY)


def test_a_limiter_that_does_not_apply_to_a_group_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="tokens_per_minute does not apply to this group; it takes: requests_per"):
        check_rates([(Limiter.TOKENS_PER_MINUTE, 1)], frozenset({Limiter.REQUESTS_PER_MINUTE}))


@given(st.integers(0, MAX_AMOUNT // 10**7))
def test_an_amount_in_whole_cents_is_read_and_shown_exactly(cents: int) -> None:
    nano = read_amount(str(cents))
    assert nano == cents * 10**7
    assert to_cents(nano) == str(cents)


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "1e2", "01", "abc", " 1", "\u0661", "9" * 30, str(MAX_AMOUNT // 10**7 + 1)]
)
def test_an_amount_that_is_no_whole_number_of_cents_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="amount: must be a whole, non-negative number of cents"):
        read_amount(text)


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        (Quota(), "give at least one"),
        (Quota(fallback_model="weaker"), "give at least one"),
        (Quota(requests_per_minute=0), "requests_per_minute: must be from 1"),
        (Quota(requests_per_day=MAX_RATE + 1), "requests_per_day: must be from 1"),
        (Quota(60, 2000, ""), "fallback_model"),
        (Quota(60, 2000, "a" * 257), "fallback_model"),
        (Quota(60, 2000, "a\nb"), "fallback_model"),
    ],
)
def test_a_quota_outside_the_rules_is_refused(quota: Quota, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        check_quota(quota)


def test_a_quota_within_the_rules_is_let_through() -> None:
    check_quota(Quota(60, 2000, "weaker"))
    check_quota(Quota(requests_per_day=1))


def test_a_spend_limit_without_an_amount_holds_nothing() -> None:
    limit = SpendLimit(SpendLimitId("spl_1"), ORGANIZATION, Scope.USER, "user_1", Period.DAILY, None, 0, 0)
    assert limit.rule is None


def test_a_spend_limit_holds_its_amount() -> None:
    limit = SpendLimit(SpendLimitId("spl_1"), ORGANIZATION, Scope.USER, "user_1", Period.DAILY, 7, 0, 0)
    assert limit.rule == SpendRule("spl_1", Scope.USER, "user_1", 7, Period.DAILY)
