"""Work of self-hosted environments: what a queue holds, who holds an item, and for how long (wire-agents.md 2b).

An item is queued, taken by a poll, acknowledged, kept by heartbeats, and stopped. A lease that runs out gives the item
back to the queue, or ends it when a stop was asked for; both show when the item is next looked at.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.errors import PreconditionFailed, StateConflict
from antechamber.base.ids import EnvironmentId, OrganizationId, SessionId, WorkId, WorkspaceId

NO_HEARTBEAT: Final = "NO_HEARTBEAT"
# the SDK's lib/tools/_beta_session_runner.py knows it as the server's default
DEFAULT_TTL_SECONDS: Final = 300
LONGEST_TTL_SECONDS: Final = 3600
RECLAIM_MILLISECONDS: Final = 5000
LONGEST_BLOCK_MILLISECONDS: Final = 999
POLLING_WINDOW_SECONDS: Final = 30
_FAILED: Final = "heartbeat_precondition_failed"


class WorkState(StrEnum):
    """Where an item stands."""

    ACTIVE = "active"
    QUEUED = "queued"
    STARTING = "starting"
    STOPPED = "stopped"
    STOPPING = "stopping"


LEASED: Final = frozenset({WorkState.ACTIVE, WorkState.STARTING, WorkState.STOPPING})


@dataclass(frozen=True, slots=True)
class Work:
    """An item: one session that a worker is to serve; instants in µs UTC, None for what has not happened."""

    id: WorkId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId
    session_id: SessionId
    state: WorkState
    created_at: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    polled_at: int | None = None
    acknowledged_at: int | None = None
    started_at: int | None = None
    latest_heartbeat_at: int | None = None
    lease_ends_at: int | None = None
    ttl_seconds: int = DEFAULT_TTL_SECONDS
    stop_requested_at: int | None = None
    stopped_at: int | None = None

    def at(self, now: int) -> "Work":
        """Return the item as it stands at an instant: a lease that has run out is over."""
        if self.state not in LEASED or self.lease_ends_at is None or self.lease_ends_at > now:
            return self
        if self.state is WorkState.STOPPING:
            return dataclasses.replace(self, state=WorkState.STOPPED, stopped_at=self.lease_ends_at, lease_ends_at=None)
        return dataclasses.replace(
            self,
            state=WorkState.QUEUED,
            polled_at=None,
            acknowledged_at=None,
            started_at=None,
            latest_heartbeat_at=None,
            lease_ends_at=None,
        )

    def taken(self, now: int) -> "Work":
        """Return a queued item as a poll takes it."""
        return dataclasses.replace(self, polled_at=now)

    def acknowledged(self, now: int) -> "Work":
        """Return the item as an acknowledgement leaves it: starting; StateConflict once it is to stop.

        A second acknowledgement changes nothing: heartbeats decide between two who took one item.
        """
        if self.state in {WorkState.STOPPING, WorkState.STOPPED}:
            message = f"{self.id} is {self.state} and takes no acknowledgement."
            raise StateConflict(message)
        if self.state is not WorkState.QUEUED:
            return self
        ends = now + self.ttl_seconds * MICROSECONDS
        return dataclasses.replace(self, state=WorkState.STARTING, acknowledged_at=now, lease_ends_at=ends)

    def kept(self, now: int, expected: str | None, ttl_seconds: int | None) -> "Work":
        """Return the item as a heartbeat leaves it: active, with a lease from now on.

        `expected` is the heartbeat that the worker knows of, `NO_HEARTBEAT` for none, None for whatever there is;
        PreconditionFailed when it is another, with the lease as it stands. An item that is to stop keeps the lease
        that it has, whatever was expected.
        """
        if self.state in {WorkState.STOPPING, WorkState.STOPPED}:
            return self
        stands = NO_HEARTBEAT if self.latest_heartbeat_at is None else to_rfc3339(self.latest_heartbeat_at)
        if self.state is WorkState.QUEUED or (expected is not None and expected != stands):
            message = f"{self.id}: the lease is not yours; its last heartbeat is {stands}, its state {self.state}."
            raise PreconditionFailed(message, error_code=_FAILED, details={"current_state": self.lease()})
        ttl = min(max(ttl_seconds or self.ttl_seconds, 1), LONGEST_TTL_SECONDS)
        # two heartbeats never bear the same instant, as each names the one before
        beat = max(now, (self.latest_heartbeat_at or 0) + 1)
        return dataclasses.replace(
            self,
            state=WorkState.ACTIVE,
            started_at=self.started_at or now,
            latest_heartbeat_at=beat,
            lease_ends_at=beat + ttl * MICROSECONDS,
            ttl_seconds=ttl,
        )

    def stopped(self, now: int, *, force: bool) -> "Work":
        """Return the item as a request to stop leaves it; StateConflict when it has stopped.

        With heartbeats it is stopping, so that its worker learns of it with the next one and ends within the lease;
        without, or by force, it has stopped.
        """
        if self.state is WorkState.STOPPED:
            message = f"{self.id} has stopped already."
            raise StateConflict(message)
        asked = self.stop_requested_at or now
        if force or self.latest_heartbeat_at is None:
            return dataclasses.replace(
                self, state=WorkState.STOPPED, stop_requested_at=asked, stopped_at=now, lease_ends_at=None
            )
        return dataclasses.replace(self, state=WorkState.STOPPING, stop_requested_at=asked)

    def described(self, metadata: Mapping[str, str]) -> "Work":
        """Return the item with other metadata."""
        return dataclasses.replace(self, metadata=metadata)

    def lease(self) -> dict[str, object]:
        """Return the lease as a refused heartbeat is told of it (SDK type `BetaWorkLeaseState`)."""
        beat = self.latest_heartbeat_at
        return {
            "last_heartbeat": None if beat is None else to_rfc3339(beat),
            "lease_extended": False,
            "state": str(self.state),
            "ttl_seconds": self.ttl_seconds,
        }


@dataclass(frozen=True, slots=True)
class QueueStats:
    """A queue at an instant: waiting items, taken but not acknowledged ones, the oldest of both, live workers."""

    depth: int
    pending: int
    oldest_queued_at: int | None
    workers_polling: int
