"""The check of a chain: what an intact one looks like, and the first thing that is wrong with one that is not.

What can be proven, by whoever holds the server's pepper: that no activity was changed, removed, added, moved or put
in another order by someone without it. The head is kept once more beside the chain under a seal of its own, so that
rows missing at the end show too. Not provable from inside: a database put back to an earlier state as a whole, or an
organisation's activities and head all removed. For these compare with a head that was noted elsewhere (`Expected`).
Whoever has the pepper can forge everything; it lies outside the database.
"""

import hmac
import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from antechamber.base.ids import ActivityId, OrganizationId
from antechamber.features.audit.model.activity import GENESIS, Activity, mark_of


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: sequence and mark of its last activity, and when that was (microseconds)."""

    sequence: int
    mark: bytes
    created_at: int


# the head of an organisation in which nothing has been done
EMPTY: Final = Head(0, GENESIS, 0)
# the seal of a head that follows one which was tampered with
BROKEN: Final = b""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a chain ends: its last activity, EMPTY for none; and the head that is kept beside it, with its seal."""

    last: Head
    kept: Head | None
    seal: bytes

    @property
    def further(self) -> Head:
        """Where the chain goes on: what is missing between the last activity and the kept head stays missing."""
        return self.last if self.kept is None or self.kept.sequence <= self.last.sequence else self.kept

    def is_sealed(self, key: bytes, organization_id: OrganizationId) -> bool:
        """Say whether the kept head is what was recorded; a chain that has not begun has none."""
        if self.kept is None:
            return self.last == EMPTY
        return hmac.compare_digest(self.seal, seal_of(key, organization_id, self.kept))


@dataclass(frozen=True, slots=True)
class Expected:
    """A head that was noted earlier: it must still be in the chain, with this mark."""

    id: str
    mark: bytes


class ProblemCode(StrEnum):
    """What is wrong with a chain."""

    ACTIVITY_ALTERED = "activity_altered"
    ACTIVITY_MISSING = "activity_missing"
    EXPECTED_ALTERED = "expected_altered"
    EXPECTED_MISSING = "expected_missing"
    HEAD_ALTERED = "head_altered"
    HEAD_MISSING = "head_missing"
    TAIL_MISSING = "tail_missing"
    TAIL_UNKNOWN = "tail_unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing that is wrong: where (`sequence`, counted from 1), and in which row if one is there."""

    code: ProblemCode
    sequence: int
    activity_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk found: how many activities are intact from the first on, and the last of these."""

    activities: int
    head_id: str | None
    head_mark: bytes
    problem: Problem | None


def seal_of(key: bytes, organization_id: OrganizationId, head: Head) -> bytes:
    """Return the seal under which a head is kept: HMAC-SHA256, 32 bytes; `key` is not the one of the marks."""
    text = json.dumps((organization_id, head.sequence, head.mark.hex(), head.created_at), separators=(",", ":"))
    return hmac.digest(key, text.encode(), sha256)


class Walk:
    """A check in progress: give it every activity of one organisation in order, then the ending."""

    def __init__(
        self, organization_id: OrganizationId, mark_key: bytes, seal_key: bytes, expected: Expected | None = None
    ) -> None:
        self._organization_id = organization_id
        self._mark_key = mark_key
        self._seal_key = seal_key
        self._expected = expected
        self._mark = GENESIS
        self._id: ActivityId | None = None
        self.sequence = 0
        self.problem: Problem | None = None

    def step(self, activity: Activity) -> None:
        """Check the next activity; after the first problem nothing more is looked at."""
        if self.problem is not None:
            return
        wanted = self.sequence + 1
        if activity.sequence > wanted:
            self._fail(ProblemCode.ACTIVITY_MISSING, wanted, None, f"Activity number {wanted} is missing.")
        elif not self._is_as_recorded(activity, wanted):
            text = f"Activity number {wanted} is not what was recorded, or not where it was recorded."
            self._fail(ProblemCode.ACTIVITY_ALTERED, wanted, activity.id, text)
        else:
            self.sequence, self._mark, self._id = wanted, activity.mark, activity.id
            self._compare(activity)

    def _is_as_recorded(self, activity: Activity, wanted: int) -> bool:
        if activity.sequence != wanted or activity.organization_id != self._organization_id:
            return False
        return hmac.compare_digest(activity.mark, mark_of(self._mark_key, self._mark, activity))

    def finish(self, ending: Ending) -> Verdict:
        """Check the end, and return what was found."""
        if self.problem is None:
            self._check_head(ending)
        if self.problem is None and self._expected is not None:
            text = f"The activity {self._expected.id[:64]!r}, which was the head once, is not in the chain any more."
            self._fail(ProblemCode.EXPECTED_MISSING, self.sequence, None, text)
        return Verdict(self.sequence, self._id, self._mark, self.problem)

    def _compare(self, activity: Activity) -> None:
        if self._expected is None or activity.id != self._expected.id:
            return
        if not hmac.compare_digest(activity.mark, self._expected.mark):
            text = f"Activity number {activity.sequence} has another mark than the one that was noted."
            self._fail(ProblemCode.EXPECTED_ALTERED, activity.sequence, activity.id, text)
        self._expected = None

    def _check_head(self, ending: Ending) -> None:
        head = ending.kept
        if head is None:
            if self.sequence:
                text = "The head of the chain is missing: whether activities are missing at its end can't be said."
                self._fail(ProblemCode.HEAD_MISSING, self.sequence, self._id, text)
        elif not ending.is_sealed(self._seal_key, self._organization_id):
            self._fail(ProblemCode.HEAD_ALTERED, head.sequence, None, "The head of the chain is not what was recorded.")
        elif head.sequence > self.sequence:
            text = f"The last {head.sequence - self.sequence} activities are missing, from number {self.sequence + 1}."
            self._fail(ProblemCode.TAIL_MISSING, self.sequence + 1, None, text)
        elif head.sequence < self.sequence or head.mark != self._mark:
            text = f"The chain goes on after its head, which is number {head.sequence}."
            self._fail(ProblemCode.TAIL_UNKNOWN, head.sequence + 1, None, text)

    def _fail(self, code: ProblemCode, sequence: int, activity_id: str | None, message: str) -> None:
        self.problem = Problem(code, sequence, activity_id, message)
