"""What callers are told whom a limit stops (wire-admin.md 1.3)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from antechamber.base.clock import EPOCH, MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest, Overloaded, RateLimited, WireError
from antechamber.base.money import to_cents
from antechamber.features.limits.model.admission import DAILY
from antechamber.features.limits.model.buckets import Level
from antechamber.features.limits.model.definitions import Limiter, Scope, SpendRule
from antechamber.features.limits.model.spending import Balance, Hold
from antechamber.features.limits.service.plans import Rated

_UNITS: Final = {
    Limiter.INPUT_TOKENS_PER_MINUTE: "input tokens per minute",
    Limiter.INPUT_TOKENS_PER_MINUTE_CACHE_AWARE: "input tokens per minute",
    Limiter.OUTPUT_TOKENS_PER_MINUTE: "output tokens per minute",
    Limiter.REQUESTS_PER_DAY: "requests per day",
    Limiter.REQUESTS_PER_MINUTE: "requests per minute",
    Limiter.TOKENS_PER_DAY: "tokens per day",
    Limiter.TOKENS_PER_MINUTE: "tokens per minute",
}
_WHOSE: Final = {
    Scope.ORGANIZATION: "organization",
    Scope.WORKSPACE: "workspace",
    Scope.API_KEY: "API key",
    Scope.USER: "user account",
}
# The first two are the platform's own words, which clients match on.
# limits whose amount and spend whoever they hold may see
_OWN: Final = frozenset({Scope.API_KEY, Scope.USER})
_WHICH: Final = {
    Scope.ORGANIZATION: "specified",
    Scope.WORKSPACE: "specified workspace",
    Scope.API_KEY: "specified API key",
    Scope.USER: "specified user",
}
_LONG_SECONDS: Final = 60


def rate_refusal(short: Sequence[tuple[Rated, Level]], group_names: Mapping[str, str]) -> WireError:
    """Return the 429 of the limit that lasts longest; SDKs are told not to repeat what waits beyond a minute."""
    rate, level = max(short, key=lambda pair: (pair[1].wait_seconds is None, pair[1].wait_seconds or 0))
    rule, wait = rate.rule, level.wait_seconds
    amount = f"{rule.value:,} {_UNITS[rule.limiter]}"
    if rate.is_quota:
        message = f"This request would exceed your quota of {amount}."
    else:
        group = group_names.get(rule.group_id, rule.group_id)
        message = f"This request would exceed your {_WHOSE[rule.scope]}'s rate limit of {amount} (model group {group})."
    if wait is None:
        message += " It asks for more than the limit allows at all."
    elif rule.limiter in DAILY and rate.is_quota:
        # in the words at which Qwen Code stops instead of trying again (wire-auth.md 5.5)
        message += f" The quota is exhausted and will reset on {_date(level.resets_at)}."
    elif rule.limiter in DAILY:
        message += f" It resets on {_date(level.resets_at)}."
    details = {
        "limiter": rule.limiter.value,
        "limit": rule.value,
        "remaining": level.remaining,
        "resets_at": to_rfc3339(level.resets_at),
        "scope": rule.scope.value,
    }
    lasts = wait is None or wait > _LONG_SECONDS
    return RateLimited(message, details=details, retry_after=wait, should_retry=False if lasts else None)


def spend_refusal(short: Sequence[tuple[SpendRule, Hold, Balance]], now: int, *, is_claude_code: bool) -> WireError:
    """Return what a budget says that does not cover a request.

    400 for the organisation's, a workspace's, a key's and a person's own limit; 429 with `retry-after` for Claude
    Code's workspace, and where only requests under way stand between a request and what is left.
    """
    reached = [each for each in short if _is_reached(each[1], each[2])]
    if not reached:
        return _held(*short[0])
    rule, _, balance = max(reached, key=lambda each: each[2].resets_at)
    message = (
        f"You have reached your {_WHICH[rule.scope]} API usage limits."
        f" You will regain access on {_date(balance.resets_at)}."
    )
    if rule.scope is Scope.WORKSPACE and is_claude_code:
        seconds = max(1, -(-(balance.resets_at - now) // MICROSECONDS))
        return RateLimited(message, details=_details(rule, balance), retry_after=seconds, should_retry=False)
    return InvalidRequest(message, details=_details(rule, balance), should_retry=False)


def _is_reached(hold: Hold, balance: Balance) -> bool:
    left = balance.limit - balance.spent
    return hold.needed > left or left <= 0


def _held(rule: SpendRule, hold: Hold, balance: Balance) -> WireError:
    """Return the refusal of a request that the budget would cover but for others that have not ended."""
    del hold
    message = (
        f"Requests under way may use what is left of your {_WHICH[rule.scope]} API usage limits;"
        " try again when they have ended."
    )
    return RateLimited(message, details=_details(rule, balance), retry_after=1)


def _details(rule: SpendRule, balance: Balance) -> dict[str, object]:
    """Return how the budget stands; amounts are decimal cents, as everywhere on this wire.

    What an organisation or a workspace may spend and has spent is not told to everyone whom it holds.
    """
    own = {"limit": to_cents(balance.limit), "spent": to_cents(balance.spent)} if rule.scope in _OWN else {}
    return {
        "scope": rule.scope.value,
        "period": rule.period.value,
        "currency": "USD",
        **own,
        "remaining": to_cents(max(0, balance.limit - balance.spent)),
        "resets_at": to_rfc3339(balance.resets_at),
    }


def away() -> WireError:
    """Return the refusal of a server that rather serves nobody than without limits."""
    return Overloaded("Limits cannot be checked at the moment; try again shortly.", retry_after=1)


def _date(instant: int) -> str:
    return (EPOCH + dt.timedelta(microseconds=instant)).strftime("%Y-%m-%d at %H:%M UTC")
