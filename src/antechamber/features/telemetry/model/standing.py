"""How deliveries to a destination go: when the next is due, and when it has failed for too long."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.features.telemetry.model.destinations import DisabledReason

_FIRST_WAIT_SECONDS: Final = 1
_LONGEST_WAIT_SECONDS: Final = 300


class Trouble(Enum):
    """What kind of failure it was, by what follows from it."""

    PASSING = "passing"
    ADDRESS = "address"
    REDIRECT = "redirect"
    # the destination will never take these spans (OTLP: not to be sent again)
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery that failed; `message` is shown and tells nothing of answer, headers or network."""

    trouble: Trouble
    message: str
    retry_after_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when and how often deliveries have failed, and when the next is due; instants in microseconds."""

    due_at: int
    failing_since: int | None = None
    attempts: int = 0


def after_failure(known: Standing, failure: Failure, now: int) -> Standing:
    """Return the standing after one more failure: twice the wait before, up to five minutes, or what was asked for."""
    attempts = known.attempts + 1
    doubled = _FIRST_WAIT_SECONDS << min(attempts - 1, 16)
    wait = min(max(doubled, failure.retry_after_seconds), _LONGEST_WAIT_SECONDS)
    since = now if known.failing_since is None else known.failing_since
    return Standing(now + wait * MICROSECONDS, since, attempts)


def reason_to_disable(standing: Standing, failure: Failure, now: int, longest_seconds: int) -> DisabledReason | None:
    """Return why nothing is sent to it any more: a redirect at once, others when they have gone on for too long."""
    if failure.trouble is Trouble.REDIRECT:
        return DisabledReason.REDIRECT
    if standing.failing_since is None or now - standing.failing_since <= longest_seconds * MICROSECONDS:
        return None
    return DisabledReason.INVALID_ADDRESS if failure.trouble is Trouble.ADDRESS else DisabledReason.SUSTAINED_FAILURE
