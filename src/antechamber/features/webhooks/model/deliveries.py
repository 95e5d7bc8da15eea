"""Deliveries: what is sent, how it is signed, when it is tried again and when no more."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.ids import OrganizationId, WebhookEventId
from antechamber.base.secret import Secret
from antechamber.features.webhooks.model.endpoints import Endpoint, EventType

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix, not a secret
SECRET_BYTES: Final = 32
_SECOND, _MINUTE, _HOUR = 1, 60, 3600
# after each failed attempt; the event is given up when all are used, a day after it happened
_WAITS: Final = (
    5 * _SECOND,
    30 * _SECOND,
    2 * _MINUTE,
    10 * _MINUTE,
    30 * _MINUTE,
    1 * _HOUR,
    2 * _HOUR,
    4 * _HOUR,
    8 * _HOUR,
    8 * _HOUR,
)
_MOST_FAILURES: Final = 20
# when what has ended is due again
NEVER: Final = (1 << 63) - 1
# how long it is known what became of an event
KEPT_DAYS: Final = 30
# a burst of events in a short outage is no reason
_FAILING_SECONDS: Final = 1 * _HOUR
# why the guard refuses (client.guard.GuardReason) what only another address can mend; the wire disables for these
FINAL_REASONS: Final[Mapping[str, str]] = {
    "name": "The URL does not name a host of the public DNS.",
    "private_address": "The URL's host does not resolve to public addresses only.",
    "redirect": "The URL answers with a redirect, which is not followed.",
    "url": "The URL cannot be delivered to.",
}
FAILED: Final = f"{_MOST_FAILURES} attempts in a row failed, over more than an hour."


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in microseconds; `data` joins `type` and `organization_id` on the wire."""

    id: WebhookEventId
    organization_id: OrganizationId
    type: EventType
    created_at: int
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that somebody has taken on for a while; `attempts` were made before."""

    event_id: WebhookEventId
    endpoint: Endpoint
    sealed_secret: bytes
    body: bytes
    attempts: int


class DeliveryState(StrEnum):
    """How a delivery stands; all but the first are its end."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    # its endpoint was disabled before
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of a delivery so far: the last attempt's status or the reason why there was none, and what is next.

    `due_at` is NEVER and `ended_at` an instant once it has ended.
    """

    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    due_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint, or at its end."""

    event_id: WebhookEventId
    event_type: str
    created_at: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went: a status, or the reason why there is none."""

    status: int | None = None
    reason: str = ""
    note: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint took it; any 2xx says so."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 §15.3


def body_of(event: Event) -> bytes:
    """Return what is sent, the same at each attempt (SDK `beta.BetaWebhookEvent`)."""
    shown = {
        "type": "event",
        "id": event.id,
        "created_at": to_rfc3339(event.created_at),
        "data": {"type": event.type.value, "organization_id": event.organization_id, **event.data},
    }
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode()


def secret_of(random: bytes) -> Secret:
    """Return a signing secret's text."""
    return Secret(SECRET_PREFIX + base64.b64encode(random).decode())


def headers_of(event_id: WebhookEventId, body: bytes, secret: Secret, now: int) -> tuple[tuple[str, str], ...]:
    """Return the headers of an attempt at `now`, in microseconds (standardwebhooks.com, `v1` signatures)."""
    seconds = str(now // MICROSECONDS)
    key = base64.b64decode(secret.reveal().removeprefix(SECRET_PREFIX))
    signed = f"{event_id}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return (
        ("content-type", "application/json"),
        ("webhook-id", event_id),
        ("webhook-timestamp", seconds),
        ("webhook-signature", f"v1,{signature}"),
    )


def standing_after(attempts: int, outcome: Outcome, now: int) -> Standing:
    """Return how a delivery stands after so many attempts, of which the last has just ended."""
    error = None if outcome.is_taken else outcome.reason or "status"
    wait = None if outcome.is_taken else wait_seconds(attempts)
    if wait is not None:
        due_at = now + wait * MICROSECONDS
        return Standing(DeliveryState.PENDING, attempts, outcome.status, error, due_at, None)
    state = DeliveryState.DELIVERED if outcome.is_taken else DeliveryState.FAILED
    return Standing(state, attempts, outcome.status, error, NEVER, now)


def type_of(body: bytes) -> str:
    """Return the type of the event that a body tells of."""
    return str(json.loads(body)["data"]["type"])


def wait_seconds(attempts: int) -> int | None:
    """Return how long to wait after so many failed attempts, None to try no more."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else None


def is_hopeless(failures: int, failing_since: int, now: int) -> bool:
    """Say whether an endpoint has failed so often in a row, and for so long, that nothing more is sent to it."""
    return failures >= _MOST_FAILURES and now - failing_since >= _FAILING_SECONDS * MICROSECONDS
