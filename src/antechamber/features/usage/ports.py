"""What usage needs from outside: a spool on the local disk and a store in the database."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.usage.model import Dimension, Intent, Outcome, TokenUsage, UsageRow, UsageSum, Width


class OpenEntry(Protocol):
    """An intent on the spool that waits for its outcome; its methods are short, never block and never fail."""

    def progress(self, usage: TokenUsage) -> None:
        """Note what has been used so far; to be called before what it counts goes to the caller."""
        ...

    def settle(self, outcome: Outcome) -> None:
        """Note the outcome; the first call wins, later ones do nothing."""
        ...


class Source(Protocol):
    """Settled rows in their order: what the running server writes, or what a dead one left."""

    def read(self, limit: int) -> Sequence[UsageRow]:
        """Return the next rows after those that were confirmed, at most `limit`; the same ones until then."""
        ...

    def confirm(self) -> None:
        """Say that the rows read last are in the database."""
        ...

    @property
    def releasable(self) -> bool:
        """Whether there is something to release."""
        ...

    def release(self) -> None:
        """Remove what is confirmed; to be called when the database would outlive a loss of power with it."""
        ...


class Spool(Source, Protocol):
    """What the database has not got yet, on the local disk; a kill -9 loses nothing of it."""

    @property
    def open_count(self) -> int:
        """How many entries wait for their outcome."""
        ...

    @property
    def settled_count(self) -> int:
        """How many entries have been settled since the start."""
        ...

    def begin(self, intent: Intent) -> OpenEntry:
        """Append an intent and keep room for its outcome; Overloaded when that can't be promised."""
        ...

    def estates(self) -> Sequence[Source]:
        """Return what servers that no longer run have left: their rows, then their unsettled intents as lost."""
        ...

    def sync(self) -> None:
        """Return when everything written so far would outlive a loss of power."""
        ...

    def close(self, *, durable: bool) -> None:
        """Give the folder free; nothing stays only when all is confirmed and the database is durable."""
        ...


class UsageStore(Protocol):
    """Rows and their roll-ups in the database."""

    async def sweep_in(self, unit: Unit, rows: Sequence[UsageRow]) -> int:
        """Add the rows whose request id is new, and exactly these to the roll-ups; returns how many they were."""
        ...

    async def sweep_durable(self, unit: Unit) -> None:
        """Return when everything committed so far would outlive a loss of power."""
        ...

    async def sums(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        width: Width,
        between: tuple[int, int],
        group_by: Sequence[Dimension],
        filters: Mapping[Dimension, Sequence[str]],
    ) -> Sequence[UsageSum]:
        """Return the sums per bucket and group in [start, end), from the roll-ups, ordered by bucket and group."""
        ...

    async def sweep_expired(self, unit: Unit, width: Width, before: int) -> int:
        """Remove a slice of the roll-ups of that width older than `before`; returns how many, 0 when done."""
        ...
