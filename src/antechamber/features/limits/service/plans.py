"""What a request takes, and what it gives back: rules turned into draws, holds and corrections."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.features.limits.model.admission import DAILY, REQUESTS, Asking, Tokens
from antechamber.features.limits.model.buckets import Correction, Draw
from antechamber.features.limits.model.definitions import Applicable, Limiter, Quota, RateRule, Scope
from antechamber.features.limits.model.spending import Hold, rule_key, window
from antechamber.features.limits.ports import Pricer, Used

# what a caller may get who does not say how much it wants
ASSUMED_OUTPUT = 8192
ASSUMED_SEARCHES = 10
QUOTA = "quota"
_SEARCH_TOOL: Final = re.compile(rb'"web_search_[0-9]{1,8}"')
_MAX_USES: Final = re.compile(rb'"max_uses"\s*:\s*(\d{1,6})\b')


@dataclass(frozen=True, slots=True)
class Rated:
    """A rate that counts for a request, and the name of its count."""

    rule: RateRule
    key: str

    @property
    def is_quota(self) -> bool:
        """Whether it is of the person's quota."""
        return self.rule.group_id == QUOTA


def rated(rules: Applicable, asking: Asking) -> tuple[Rated, ...]:
    """Return the rates that count: for a count of tokens only those of requests."""
    found = [rule for rule in rules.rates if not asking.is_count or rule.limiter in REQUESTS]
    if rules.quota is not None and asking.under_quota and asking.user_id is not None:
        found.extend(_quota(rules.quota, asking.user_id))
    return tuple(Rated(rule, f"{rule.scope}:{rule.scope_id}:{rule.group_id}:{rule.limiter}") for rule in found)


def _quota(quota: Quota, user_id: str) -> list[RateRule]:
    values = (
        (Limiter.REQUESTS_PER_MINUTE, quota.requests_per_minute),
        (Limiter.REQUESTS_PER_DAY, quota.requests_per_day),
    )
    return [RateRule(limiter, value, Scope.USER, user_id, QUOTA) for limiter, value in values if value is not None]


def draw(rate: Rated, estimated_input: int) -> Draw:
    """Return what a request takes of a rate.

    An estimate that is larger than a whole minute's worth is let through when all of it is there, and the rest is
    owed: it may well be too high, and a request must not wait for ever.
    """
    limiter, capacity = rate.rule.limiter, rate.rule.value
    if limiter in REQUESTS:
        amount, need = 1, 1
    elif limiter is Limiter.OUTPUT_TOKENS_PER_MINUTE:
        amount, need = 0, 1
    elif limiter is Limiter.TOKENS_PER_DAY:
        amount, need = estimated_input, max(1, estimated_input)
    else:
        amount, need = estimated_input, max(1, min(estimated_input, capacity))
    return Draw(rate.key, capacity, amount, need, limiter in DAILY)


def corrections(
    rates: Sequence[Rated], draws: Sequence[Draw], used: Used | None, taken_at: int
) -> tuple[Correction, ...]:
    """Return what a request took too much or too little; without `used` it never left, and gives all of it back."""
    found = [
        Correction(
            taken.key, taken.capacity, _really(rate.rule.limiter, taken, used) - taken.amount, taken_at, taken.daily
        )
        for rate, taken in zip(rates, draws, strict=True)
    ]
    return tuple(each for each in found if each.delta)


def _really(limiter: Limiter, taken: Draw, used: Used | None) -> int:
    if used is None:
        return 0
    if limiter in REQUESTS:
        return taken.amount
    if limiter is Limiter.INPUT_TOKENS_PER_MINUTE_CACHE_AWARE:
        return used.total_input - used.cache_read
    if limiter is Limiter.INPUT_TOKENS_PER_MINUTE:
        return used.total_input
    if limiter is Limiter.OUTPUT_TOKENS_PER_MINUTE:
        return used.output
    return used.total_input + used.output


def holds(rules: Applicable, asking: Asking, pricer: Pricer) -> tuple[Hold, ...]:
    """Return what a request wants of each budget: its input must fit, the worst case is held as far as it goes."""
    if not rules.spends:
        return ()

    def price(tokens: Tokens) -> int:
        return pricer.estimate(asking.model, asking.provider, tokens, asking.started_at)

    read, body = asking.estimated_input, asking.body
    output = ASSUMED_OUTPUT if asking.max_output is None else asking.max_output
    searches, speed, geo = _searches(body), _speed(body), _geo(body)
    needed = price(Tokens(read, speed=speed, inference_geo=geo))
    # one price for all of it, as the input says what the output costs, too
    worst = price(Tokens(read, 0, 0, output, searches, speed, geo))
    if b'"cache_control"' in body:
        # what is written into a cache costs more than what is only read
        five_minutes, hour = (0, read) if b'"1h"' in body else (read, 0)
        worst = max(worst, price(Tokens(0, five_minutes, hour, output, searches, speed, geo)))
    return tuple(
        Hold(
            rule_key(rule, asking.started_at),
            rule.amount,
            window(rule.period, asking.started_at)[1],
            needed,
            worst,
        )
        for rule in rules.spends
    )


# A quote inside a text of JSON has a backslash before it, so that these are names and values, if not of the field.


def _speed(body: bytes) -> str:
    return "fast" if b'"fast"' in body else "standard"


def _geo(body: bytes) -> str:
    return "us" if b'"us"' in body else "not_available"


def _searches(body: bytes) -> int:
    """Return how often a request may search the web: what its tools allow, or ASSUMED_SEARCHES."""
    if _SEARCH_TOOL.search(body) is None:
        return 0
    allowed = [int(number) for number in _MAX_USES.findall(body)]
    return sum(allowed) or ASSUMED_SEARCHES
