"""What limits are: rates, spends and quotas, whom they hold, and over which time."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.clock import EPOCH, MICROSECONDS
from antechamber.base.ids import OrganizationId, SpendLimitId, UserId

_DAY_SECONDS: Final = 86_400
# a rate's largest value: what a signed 64-bit column and every client's integer hold with room for sums
MAX_RATE: Final = 10**15


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
