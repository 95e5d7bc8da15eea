"""What limits are: rates, spends and quotas, whom they hold, and over which time."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.clock import EPOCH, MICROSECONDS
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, SpendLimitId, UserId
from antechamber.base.money import from_cents

_DAY_SECONDS: Final = 86_400
# a rate's largest value: what a signed 64-bit column and every client's integer hold with room for sums
MAX_RATE: Final = 10**15
# a spend limit's largest amount in nano-USD, thousands of millions of dollars: sums still fit a signed 64-bit column
MAX_AMOUNT: Final = 4 * 10**18
MAX_CHANGES: Final = 16
_MAX_MODEL_NAME: Final = 256


class Limiter(StrEnum):
    """What a rate limit counts; the wire's limiter types that are held here (SDK `WorkspaceRateLimitType`).

    `requests_per_day` is an extension. Days are calendar days in UTC, minutes refill continuously.
    """

    INPUT_TOKENS_PER_MINUTE = "input_tokens_per_minute"
    INPUT_TOKENS_PER_MINUTE_CACHE_AWARE = "input_tokens_per_minute_cache_aware"
    OUTPUT_TOKENS_PER_MINUTE = "output_tokens_per_minute"
    REQUESTS_PER_DAY = "requests_per_day"
    REQUESTS_PER_MINUTE = "requests_per_minute"
    TOKENS_PER_DAY = "tokens_per_day"
    TOKENS_PER_MINUTE = "tokens_per_minute"


class Scope(StrEnum):
    """Whom a limit holds; `api_key` is an extension, and so is `user` for rates."""

    ORGANIZATION = "organization"
    WORKSPACE = "workspace"
    API_KEY = "api_key"
    USER = "user"


class Period(StrEnum):
    """The calendar window of a spend limit: a day, a week from Monday, a month; all in UTC."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def start(self, now: int) -> int:
        """Return when the window that `now` lies in began; both in microseconds."""
        day = (EPOCH + dt.timedelta(microseconds=now)).replace(hour=0, minute=0, second=0, microsecond=0)
        if self is Period.WEEKLY:
            day -= dt.timedelta(days=day.weekday())
        elif self is Period.MONTHLY:
            day = day.replace(day=1)
        return _microseconds(day)

    def end(self, now: int) -> int:
        """Return when the window that `now` lies in ends and the next begins; both in microseconds."""
        if self is not Period.MONTHLY:
            days = 7 if self is Period.WEEKLY else 1
            return self.start(now) + days * _DAY_SECONDS * MICROSECONDS
        first = EPOCH + dt.timedelta(microseconds=self.start(now))
        year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)  # noqa: PLR2004 - December
        return _microseconds(first.replace(year=year, month=month))


def _microseconds(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RateRule:
    """A rate that holds one holder in one group of models; `scope_id` is the organisation's id for its own rules."""

    limiter: Limiter
    value: int
    scope: Scope
    scope_id: str
    group_id: str


@dataclass(frozen=True, slots=True)
class SpendRule:
    """A spend limit in force; `amount` in nano-USD."""

    id: str
    scope: Scope
    scope_id: str
    amount: int
    period: Period


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A spend limit as it is kept; `amount` in nano-USD, None for a person's explicit "no limit of their own"."""

    id: SpendLimitId
    organization_id: OrganizationId
    scope: Scope
    scope_id: str
    period: Period
    amount: int | None
    created_at: int
    updated_at: int

    @property
    def rule(self) -> SpendRule | None:
        """What it holds, None if nothing."""
        if self.amount is None:
            return None
        return SpendRule(self.id, self.scope, self.scope_id, self.amount, self.period)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person may ask: a minute (continuous) and a calendar day in UTC; None is without end.

    Over the quota requests go to `fallback_model` instead of being refused, if there is one.
    """

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    fallback_model: str | None = None


@dataclass(frozen=True, slots=True)
class PersonQuota:
    """A quota as it is kept; `user_id` None for the organisation's default, which a person's own replaces whole."""

    organization_id: OrganizationId
    user_id: UserId | None
    quota: Quota
    updated_at: int


@dataclass(frozen=True, slots=True)
class Applicable:
    """Everything that holds one request; `group_id` is the group of its model, which rate rules count by.

    A scope's rule of the same limiter does not replace another scope's: every one of them holds, so the lower wins.
    """

    rates: tuple[RateRule, ...]
    spends: tuple[SpendRule, ...]
    quota: Quota | None
    group_id: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What was used over a time; `cost` in nano-USD."""

    requests: int = 0
    uncached_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0


def lowest_rates(
    server: Mapping[Limiter, int], own: Iterable[RateRule], organization_id: OrganizationId, group_id: str
) -> Sequence[RateRule]:
    """Return what holds an organisation in a group: of its own values and the server's, the lower of each limiter."""
    values = dict(server)
    for rule in own:
        values[rule.limiter] = min(rule.value, values.get(rule.limiter, rule.value))
    return [
        RateRule(limiter, values[limiter], Scope.ORGANIZATION, organization_id, group_id) for limiter in sorted(values)
    ]


def check_rates(changes: Sequence[tuple[Limiter, int | None]], allowed: frozenset[Limiter]) -> None:
    """Check changes of rates, None to clear one; InvalidRequest past 1 to 16, or for one that cannot be held."""
    if not 1 <= len(changes) <= MAX_CHANGES:
        message = f"limits: must hold 1 to {MAX_CHANGES} entries"
        raise InvalidRequest(message)
    if len({limiter for limiter, _ in changes}) < len(changes):
        message = "limits: each type may be given once"
        raise InvalidRequest(message)
    for limiter, value in changes:
        if limiter not in allowed:
            message = f"limits: {limiter} does not apply to this group; it takes: {', '.join(sorted(allowed))}"
            raise InvalidRequest(message)
        if value is not None and not 1 <= value <= MAX_RATE:
            message = f"limits: the value of {limiter} must be from 1 to {MAX_RATE}, or null"
            raise InvalidRequest(message)


def read_amount(text: str) -> int:
    """Return an amount of whole cents in nano-USD; InvalidRequest for anything else (SDK `SpendLimit.amount`)."""
    try:
        nano = from_cents(text) if text.isdigit() else -1
    except ValueError:
        nano = -1
    if not 0 <= nano <= MAX_AMOUNT:
        message = f"amount: must be a whole, non-negative number of cents up to {MAX_AMOUNT // 10**7}, as a string"
        raise InvalidRequest(message)
    return nano


def check_quota(quota: Quota) -> None:
    """Check a quota; InvalidRequest when it says nothing, or for values that cannot be held."""
    if quota.requests_per_minute is None and quota.requests_per_day is None:
        message = "requests_per_minute, requests_per_day: give at least one; DELETE removes a quota"
        raise InvalidRequest(message)
    for name in ("requests_per_minute", "requests_per_day"):
        value: int | None = getattr(quota, name)
        if value is not None and not 1 <= value <= MAX_RATE:
            message = f"{name}: must be from 1 to {MAX_RATE}, or null"
            raise InvalidRequest(message)
    model = quota.fallback_model
    if model is not None and (not 1 <= len(model) <= _MAX_MODEL_NAME or not model.isprintable()):
        message = f"fallback_model: must be a model's name of at most {_MAX_MODEL_NAME} characters, or null"
        raise InvalidRequest(message)
