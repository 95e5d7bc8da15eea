"""When a client sends a request again and how long it waits first: the SDKs' contract (wire-auth.md 2.5)."""

import email.utils
from collections.abc import Mapping
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS

MAX_RETRIES: Final = 2
_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 8.0
_JITTER: Final = 0.25
_RETRIED: Final = frozenset({408, 409, 429})
_SERVER_ERRORS: Final = 500


def is_worth_retrying(status: int, headers: Mapping[str, str]) -> bool:
    """Say whether the same request may succeed later; `x-should-retry` overrides the status."""
    told = headers.get("x-should-retry")
    if told in {"true", "false"}:
        return told == "true"
    return status in _RETRIED or status >= _SERVER_ERRORS


def wait_seconds(attempt: int, headers: Mapping[str, str], now: int, chance: Chance) -> float:
    """Return how long to wait before try `attempt` + 1 (0 is the first); `now` in microseconds since the epoch."""
    told = _told_seconds(headers, now)
    if told is not None:
        return max(told, 0.0)
    backoff: float = min(_FIRST_SECONDS * 2**attempt, _LONGEST_SECONDS)
    return backoff * (1 - _JITTER * int.from_bytes(chance.draw(2)) / 65536)


def _told_seconds(headers: Mapping[str, str], now: int) -> float | None:
    for name, scale in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
    try:
        moment = email.utils.parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return moment.timestamp() - now / MICROSECONDS
