"""The container that a session should have, and how far it is."""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import OrganizationId, SessionId, WorkspaceId

# what the runtime calls a session's containers by, in their labels
LABEL: Final = "session"
MOST_ATTEMPTS: Final = 4
_FIRST_PAUSE_SECONDS: Final = 1
_LONGEST_PAUSE_SECONDS: Final = 60
_LONGEST_PROBLEM: Final = 2000


class ContainerState(StrEnum):
    """How far a container is; `removing` is never shown, as its session is deleted or archived."""

    FAILED = "failed"
    PENDING = "pending"
    REMOVING = "removing"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Container:
    """What should become of a session's container on a node, and what did; instants in µs UTC.

    `base` and `layers` are those that it first started on, and starts on again; None before that.
    """

    session_id: SessionId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    node: str
    state: ContainerState
    updated_at: int
    base: str | None = None
    layers: tuple[str, ...] = ()
    problem: str | None = None
    attempts: int = 0
    due_at: int = 0

    def started(self, now: int, base: str, layers: tuple[str, ...]) -> "Container":
        """Return it as a start leaves it."""
        return dataclasses.replace(
            self,
            state=ContainerState.RUNNING,
            updated_at=now,
            base=base,
            layers=layers,
            problem=None,
            attempts=0,
            due_at=0,
        )

    def lost(self, now: int) -> "Container":
        """Return one that runs no more, to be started on what it left."""
        return dataclasses.replace(self, state=ContainerState.PENDING, updated_at=now, attempts=0, due_at=0)

    def refused(self, now: int, problem: str, *, most: int | None) -> "Container":
        """Return it after an attempt that failed: to be tried again after a pause, failed after `most` of them.

        What is to be removed is tried for ever.
        """
        attempts = self.attempts + 1
        pause = min(_FIRST_PAUSE_SECONDS << min(attempts, 8), _LONGEST_PAUSE_SECONDS)
        over = self.state is ContainerState.PENDING and most is not None and attempts >= most
        return dataclasses.replace(
            self,
            state=ContainerState.FAILED if over else self.state,
            updated_at=now,
            problem=problem[:_LONGEST_PROBLEM],
            attempts=attempts,
            due_at=now + pause * MICROSECONDS,
        )
