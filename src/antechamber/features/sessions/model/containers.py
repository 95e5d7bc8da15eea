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
# nobody waits for a removal; a machine that has no runtime any more may never do it
_LONGEST_REMOVAL_PAUSE_SECONDS: Final = 3600
_LONGEST_PROBLEM: Final = 2000


class ContainerState(StrEnum):
    """How far a container is; `removing` is never shown, as its session is deleted or archived.

    `stopped`: a limit has ended it; what it wrote is kept, and it starts again when its session is next used.
    """

    FAILED = "failed"
    PENDING = "pending"
    REMOVING = "removing"
    RUNNING = "running"
    STOPPED = "stopped"


# why a limit ends a container (SandboxInfo.ended_for), in words for who reads its session
_ENDED_FOR: Final = {
    "disk": "It was stopped: it had written more than its disk limit.",
    "time": "It was stopped when its time was over.",
}
_NEXT_USE: Final = "What it wrote is kept; it starts again when the session is sent an event or its agent is set."


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
        return dataclasses.replace(
            self, state=ContainerState.PENDING, updated_at=now, problem=None, attempts=0, due_at=0
        )

    def stopped(self, now: int, ended_for: str) -> "Container":
        """Return one that a limit has ended."""
        problem = f"{_ENDED_FOR.get(ended_for, 'It was stopped by a limit.')} {_NEXT_USE}"
        return dataclasses.replace(
            self, state=ContainerState.STOPPED, updated_at=now, problem=problem, attempts=0, due_at=0
        )

    def refused(self, now: int, problem: str, *, most: int | None) -> "Container":
        """Return it after an attempt that failed: to be tried again after a pause, failed after `most` of them.

        What is to be removed is tried for ever, at last once an hour.
        """
        attempts = self.attempts + 1
        is_removal = self.state is ContainerState.REMOVING
        longest = _LONGEST_REMOVAL_PAUSE_SECONDS if is_removal else _LONGEST_PAUSE_SECONDS
        pause = min(_FIRST_PAUSE_SECONDS << min(attempts, 12), longest)
        over = self.state is ContainerState.PENDING and most is not None and attempts >= most
        return dataclasses.replace(
            self,
            state=ContainerState.FAILED if over else self.state,
            updated_at=now,
            problem=problem[:_LONGEST_PROBLEM],
            attempts=attempts,
            due_at=now + pause * MICROSECONDS,
        )
