"""What answers say of limits, and what refusals say."""

import pytest

from antechamber.base.clock import from_rfc3339
from antechamber.base.errors import InvalidRequest, RateLimited
from antechamber.base.money import NANO_PER_DOLLAR
from antechamber.features.limits.model.buckets import Level
from antechamber.features.limits.model.definitions import Limiter, Period, RateRule, Scope, SpendRule
from antechamber.features.limits.model.spending import Balance, Hold
from antechamber.features.limits.service.headers import rate_headers, spend_headers
from antechamber.features.limits.service.plans import QUOTA, Rated
from antechamber.features.limits.service.refusals import away, rate_refusal, spend_refusal

SECOND = 1_000_000
NOON = from_rfc3339("2026-11-21T12:00:00Z")
MIDNIGHT = from_rfc3339("2026-11-22T00:00:00Z")
DECEMBER = from_rfc3339("2026-12-01T00:00:00Z")
DOLLAR = NANO_PER_DOLLAR
RPM, RPD = Limiter.REQUESTS_PER_MINUTE, Limiter.REQUESTS_PER_DAY
ITPM, OTPM = Limiter.INPUT_TOKENS_PER_MINUTE_CACHE_AWARE, Limiter.OUTPUT_TOKENS_PER_MINUTE


def rate(limiter: Limiter, value: int = 50, scope: Scope = Scope.WORKSPACE, group: str = "rlg_1") -> Rated:
    return Rated(RateRule(limiter, value, scope, "holder", group), "key")


def level(capacity: int, remaining: int, seconds: float = 6, wait: int | None = 0) -> Level:
    return Level(capacity, remaining, NOON + round(seconds * SECOND), wait)


def spend(scope: Scope = Scope.ORGANIZATION, period: Period = Period.MONTHLY, dollars: int = 100) -> SpendRule:
    return SpendRule("spl_1", scope, "holder", dollars * DOLLAR, period)


def shown(*pairs: tuple[Rated, Level], openai: bool = False) -> dict[str, str]:
    found = rate_headers([each for each, _ in pairs], [each for _, each in pairs], NOON, openai=openai)
    return {name.decode(): value.decode() for name, value in found}


def unified(*pairs: tuple[SpendRule, Balance], is_refused: bool = False) -> dict[str, str]:
    found = spend_headers([each for each, _ in pairs], [each for _, each in pairs], is_refused=is_refused)
    return {name.decode().removeprefix("anthropic-ratelimit-unified-"): value.decode() for name, value in found}


def test_every_kind_shows_its_tightest_limit_in_force() -> None:
    found = shown(
        (rate(RPM, 50), level(50, 40)),
        (rate(RPM, 1000, Scope.ORGANIZATION), level(1000, 3, 59.5)),
        (rate(ITPM, 80_000), level(80_000, 40_499)),
        (rate(OTPM, 16_000), level(16_000, 15_500, 2)),
    )
    assert found == {
        "anthropic-ratelimit-requests-limit": "1000",
        "anthropic-ratelimit-requests-remaining": "3",
        "anthropic-ratelimit-requests-reset": "2026-11-21T12:01:00Z",
        "anthropic-ratelimit-tokens-limit": "96000",
        "anthropic-ratelimit-tokens-remaining": "56000",
        "anthropic-ratelimit-tokens-reset": "2026-11-21T12:00:06Z",
        "anthropic-ratelimit-input-tokens-limit": "80000",
        "anthropic-ratelimit-input-tokens-remaining": "40000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-21T12:00:06Z",
        "anthropic-ratelimit-output-tokens-limit": "16000",
        "anthropic-ratelimit-output-tokens-remaining": "16000",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-21T12:00:02Z",
    }


def test_a_limit_of_all_tokens_shows_instead_of_the_sum() -> None:
    found = shown(
        (rate(Limiter.TOKENS_PER_DAY, 9000), level(9000, 2000)),
        (rate(ITPM, 80_000), level(80_000, 40_000)),
        (rate(OTPM, 16_000), level(16_000, 16_000)),
    )
    assert found["anthropic-ratelimit-tokens-limit"] == "9000"


def test_where_no_limit_is_configured_nothing_is_said() -> None:
    assert shown() == {}
    assert unified() == {}
    assert set(shown((rate(ITPM), level(50, 1)))) == {
        f"anthropic-ratelimit-input-tokens-{what}" for what in ("limit", "remaining", "reset")
    }


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0ms"), (0.35, "350ms"), (1, "1s"), (59.2, "1m0s"), (61, "1m1s"), (7384, "2h3m4s")],
)
def test_openai_clients_are_told_in_their_own_shape(seconds: float, told: str) -> None:
    found = shown((rate(RPM), level(50, 49, seconds)), (rate(ITPM), level(50_000, 1700)), openai=True)
    assert found == {
        "x-ratelimit-limit-requests": "50",
        "x-ratelimit-remaining-requests": "49",
        "x-ratelimit-reset-requests": told,
        "x-ratelimit-limit-tokens": "50000",
        "x-ratelimit-remaining-tokens": "2000",
        "x-ratelimit-reset-tokens": "6s",
    }


@pytest.mark.parametrize(
    ("spent", "status", "passed"),
    [
        (0, "allowed", None),
        (74, "allowed", None),
        (75, "allowed_warning", "0.75"),
        (91, "allowed_warning", "0.9"),
        (95, "allowed_warning", "0.95"),
        (130, "allowed_warning", "0.95"),
    ],
)
def test_a_budget_warns_as_claude_code_reads_it(spent: int, status: str, passed: str | None) -> None:
    found = unified((spend(), Balance(100 * DOLLAR, spent * DOLLAR, 10**12, DECEMBER)))
    assert (found["status"], found.get("overage-surpassed-threshold")) == (status, passed)
    assert found["overage-utilization"] == f"{spent / 100:.4g}"
    assert found["reset"] == found["overage-reset"] == str(DECEMBER // SECOND)
    assert found["representative-claim"] == "overage"


def test_the_fullest_budget_speaks_for_all_and_each_period_has_a_window() -> None:
    found = unified(
        (spend(period=Period.DAILY), Balance(10 * DOLLAR, 8 * DOLLAR, 0, MIDNIGHT)),
        (spend(Scope.USER, Period.DAILY), Balance(10 * DOLLAR, 9 * DOLLAR, 0, MIDNIGHT)),
        (spend(period=Period.WEEKLY), Balance(100 * DOLLAR, 9 * DOLLAR, 0, DECEMBER)),
    )
    assert (found["status"], found["representative-claim"]) == ("allowed_warning", "five_hour")
    assert (found["5h-utilization"], found["5h-status"]) == ("0.9", "allowed_warning")
    assert (found["7d-utilization"], found["7d-status"]) == ("0.09", "allowed")


def test_a_refusal_by_a_budget_reads_rejected() -> None:
    found = unified((spend(), Balance(100 * DOLLAR, 100 * DOLLAR, 0, DECEMBER)), is_refused=True)
    assert (found["status"], found["overage-status"], found["overage-utilization"]) == ("rejected", "rejected", "1")
    assert unified((spend(dollars=0), Balance(0, 0, 0, DECEMBER)))["overage-utilization"] == "1"


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        (Scope.ORGANIZATION, "organization's"),
        (Scope.WORKSPACE, "workspace's"),
        (Scope.API_KEY, "API key's"),
        (Scope.USER, "user account's"),
    ],
)
def test_a_rate_limit_names_itself_its_scope_and_its_value(scope: Scope, whose: str) -> None:
    refusal = rate_refusal([(rate(RPM, 50, scope), level(50, 0, 60, 2))], {"rlg_1": "Claude Sonnet"})
    assert isinstance(refusal, RateLimited)
    assert refusal.message == (
        f"This request would exceed your {whose} rate limit of 50 requests per minute (model group Claude Sonnet)."
    )
    assert (refusal.retry_after, refusal.should_retry) == (2, None)
    assert refusal.details == {
        "limiter": "requests_per_minute",
        "limit": 50,
        "remaining": 0,
        "resets_at": "2026-11-21T12:01:00Z",
        "scope": scope.value,
    }


def test_of_several_limits_the_one_that_lasts_longest_is_told() -> None:
    short = [(rate(RPM), level(50, 0, 60, 2)), (rate(ITPM, 80_000), level(80_000, 0, 60, 30))]
    refusal = rate_refusal(short, {})
    assert "80,000 input tokens per minute (model group rlg_1)" in refusal.message
    assert refusal.retry_after == 30


def test_what_lasts_until_midnight_is_not_to_be_repeated() -> None:
    refusal = rate_refusal([(rate(RPD, 2000, Scope.USER, QUOTA), Level(2000, 0, MIDNIGHT, 43_200))], {})
    assert refusal.message == (
        "This request would exceed your quota of 2,000 requests per day. "
        "The quota is exhausted and will reset on 2026-11-22 at 00:00 UTC."
    )
    assert (refusal.retry_after, refusal.should_retry) == (43_200, False)


def test_a_limit_of_nothing_promises_nothing() -> None:
    refusal = rate_refusal([(rate(RPM, 0), level(0, 0, 60, None))], {})
    assert refusal.message.endswith("It asks for more than the limit allows at all.")
    assert (refusal.retry_after, refusal.should_retry) == (None, False)


FULL = (Hold("k", 100 * DOLLAR, DECEMBER, 1, 5), Balance(100 * DOLLAR, 100 * DOLLAR, 0, DECEMBER))


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (Scope.ORGANIZATION, "You have reached your specified API usage limits."),
        (Scope.WORKSPACE, "You have reached your specified workspace API usage limits."),
        (Scope.API_KEY, "You have reached your specified API key API usage limits."),
        (Scope.USER, "You have reached your specified user API usage limits."),
    ],
)
def test_a_reached_limit_is_400_in_the_platforms_words_and_not_to_be_repeated(scope: Scope, message: str) -> None:
    refusal = spend_refusal([(spend(scope), *FULL)], NOON, is_claude_code=False)
    assert isinstance(refusal, InvalidRequest)
    assert refusal.message == f"{message} You will regain access on 2026-12-01 at 00:00 UTC."
    assert (refusal.retry_after, refusal.should_retry) == (None, False)
    assert refusal.details == {
        "scope": scope.value,
        "period": "monthly",
        "currency": "USD",
        "remaining": "0",
        "resets_at": "2026-12-01T00:00:00Z",
    } | ({"limit": "10000", "spent": "10000"} if scope in {Scope.API_KEY, Scope.USER} else {})


def test_claude_codes_workspace_is_told_when_to_come_back() -> None:
    refusal = spend_refusal([(spend(Scope.WORKSPACE), *FULL)], NOON, is_claude_code=True)
    assert isinstance(refusal, RateLimited)
    assert refusal.message.startswith("You have reached your specified workspace API usage limits.")
    assert (refusal.retry_after, refusal.should_retry) == ((DECEMBER - NOON) // SECOND, False)
    other = spend_refusal([(spend(Scope.ORGANIZATION), *FULL)], NOON, is_claude_code=True)
    assert isinstance(other, InvalidRequest)


def test_what_only_requests_under_way_hold_may_be_asked_for_again() -> None:
    held = (Hold("k", 100 * DOLLAR, DECEMBER, 1, 5), Balance(100 * DOLLAR, 60 * DOLLAR, 40 * DOLLAR, DECEMBER))
    refusal = spend_refusal([(spend(), *held)], NOON, is_claude_code=False)
    assert isinstance(refusal, RateLimited)
    assert refusal.message.startswith("Requests under way may use what is left of your specified API usage limits")
    assert (refusal.retry_after, refusal.should_retry) == (1, None)
    both = [(spend(), *held), (spend(Scope.WORKSPACE), *FULL)]
    assert "workspace" in spend_refusal(both, NOON, is_claude_code=False).message


def test_without_counters_a_closed_server_says_so() -> None:
    assert (away().type, away().retry_after, away().should_retry) == ("overloaded_error", 1, True)
