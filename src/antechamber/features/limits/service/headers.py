"""What answers say of limits: the tightest rates in force, and how far budgets are spent (wire-admin.md 1.5)."""

from collections.abc import Sequence
from typing import Final

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.features.limits.model.admission import HeaderPairs
from antechamber.features.limits.model.buckets import Level, shown_tokens
from antechamber.features.limits.model.definitions import Limiter, Period, SpendRule
from antechamber.features.limits.model.spending import Balance
from antechamber.features.limits.service.plans import Rated

_NAMES: Final = {
    Limiter.REQUESTS_PER_DAY: b"requests",
    Limiter.REQUESTS_PER_MINUTE: b"requests",
    Limiter.TOKENS_PER_DAY: b"tokens",
    Limiter.TOKENS_PER_MINUTE: b"tokens",
    Limiter.INPUT_TOKENS_PER_MINUTE: b"input-tokens",
    Limiter.INPUT_TOKENS_PER_MINUTE_CACHE_AWARE: b"input-tokens",
    Limiter.OUTPUT_TOKENS_PER_MINUTE: b"output-tokens",
}
# The windows that Claude Code knows, by header and by claim: a session's, a week's, and spending beyond them.
_WINDOWS: Final = {
    Period.DAILY: (b"5h", b"five_hour"),
    Period.WEEKLY: (b"7d", b"seven_day"),
    Period.MONTHLY: (b"overage", b"overage"),
}
_UNIFIED: Final = b"anthropic-ratelimit-unified-"
_WARNINGS: Final = (95, 90, 75)
_WHOLE: Final = 100
_MINUTE: Final = 60
_HOUR: Final = 3600


def rate_headers(rates: Sequence[Rated], levels: Sequence[Level], now: int, *, openai: bool) -> HeaderPairs:
    """Return limit, remaining and reset of requests and tokens, in the dialect that the caller speaks."""
    pairs: HeaderPairs = []
    for name, level in _named(rates, levels, openai=openai):
        remaining = level.remaining if name == b"requests" else shown_tokens(level)
        if openai:
            prefix, suffix = b"x-ratelimit-", b"-" + name
            reset = _duration(level.resets_at - now)
        else:
            prefix, suffix = b"anthropic-ratelimit-" + name + b"-", b""
            # whole seconds, as the wire has them, and not before it is true
            reset = to_rfc3339(-(-level.resets_at // MICROSECONDS) * MICROSECONDS).encode()
        pairs.append((prefix + b"limit" + suffix, b"%d" % level.capacity))
        pairs.append((prefix + b"remaining" + suffix, b"%d" % remaining))
        pairs.append((prefix + b"reset" + suffix, reset))
    return pairs


def _named(rates: Sequence[Rated], levels: Sequence[Level], *, openai: bool) -> list[tuple[bytes, Level]]:
    """Return the tightest level of each kind, and the sum of input and output where all tokens have no limit."""
    found: dict[bytes, Level] = {}
    for rate, level in zip(rates, levels, strict=True):
        name = _NAMES[rate.rule.limiter]
        known = found.get(name)
        if known is None or (level.remaining, level.capacity) < (known.remaining, known.capacity):
            found[name] = level
    read, written = found.get(b"input-tokens"), found.get(b"output-tokens")
    if b"tokens" not in found and read is not None and written is not None:
        found[b"tokens"] = _sum(read, written)
    if openai:
        tokens = found.get(b"tokens") or read or written
        found = {name: level for name, level in ((b"requests", found.get(b"requests")), (b"tokens", tokens)) if level}
    return list(found.items())


def _sum(read: Level, written: Level) -> Level:
    resets_at = max(read.resets_at, written.resets_at)
    return Level(read.capacity + written.capacity, read.remaining + written.remaining, resets_at)


def _duration(microseconds: int) -> bytes:
    """Return a time as OpenAI's reset headers write it: `350ms`, `6s`, `1m0s`, `2h0m0s`."""
    if microseconds < MICROSECONDS:
        return b"%dms" % max(0, -(-microseconds // 1000))
    seconds = -(-microseconds // MICROSECONDS)
    if seconds < _MINUTE:
        return b"%ds" % seconds
    hours, rest = divmod(seconds, _HOUR)
    return (b"%dh" % hours if hours else b"") + b"%dm%ds" % divmod(rest, _MINUTE)


def spend_headers(rules: Sequence[SpendRule], balances: Sequence[Balance], *, is_refused: bool = False) -> HeaderPairs:
    """Return `anthropic-ratelimit-unified-*`, by which Claude Code warns: one window per period, the fullest budget's.

    The shares are of what is really spent; statuses are `allowed`, `allowed_warning` from 75 % on, and `rejected`.
    """
    by_period: dict[Period, Balance] = {}
    for rule, balance in zip(rules, balances, strict=True):
        known = by_period.get(rule.period)
        if known is None or _share(balance) > _share(known):
            by_period[rule.period] = balance
    if not by_period:
        return []
    fullest = max(by_period, key=lambda period: _share(by_period[period]))
    status = b"rejected" if is_refused else _status(by_period[fullest])
    pairs: HeaderPairs = [
        (_UNIFIED + b"status", status),
        (_UNIFIED + b"reset", b"%d" % (by_period[fullest].resets_at // MICROSECONDS)),
        (_UNIFIED + b"representative-claim", _WINDOWS[fullest][1]),
    ]
    for period, balance in by_period.items():
        window = _UNIFIED + _WINDOWS[period][0]
        pairs.append((window + b"-status", status if period is fullest else _status(balance)))
        pairs.append((window + b"-reset", b"%d" % (balance.resets_at // MICROSECONDS)))
        pairs.append((window + b"-utilization", f"{_share(balance):.4g}".encode()))
        passed = next((each for each in _WARNINGS if balance.percent >= each), None)
        if passed is not None:
            pairs.append((window + b"-surpassed-threshold", f"{passed / _WHOLE:.4g}".encode()))
    return pairs


def _share(balance: Balance) -> float:
    return 1.0 if balance.limit <= 0 else balance.spent / balance.limit


def _status(balance: Balance) -> bytes:
    return b"allowed_warning" if balance.percent >= _WARNINGS[-1] else b"allowed"
