"""What usage needs from outside: a spool on the local disk and a store in the database."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.usage.model import (
    Cost,
    Intent,
    Line,
    Outcome,
    Piece,
    Question,
    Rate,
    Spent,
    SumRow,
    TokenUsage,
    UsageRow,
    Width,
)
from antechamber.features.usage.model.analytics import Person
from antechamber.features.usage.model.claude_code import Addition, Core, Key, ModelUse, Place, Series, ToolUse


class OpenEntry(Protocol):
    """An intent on the spool that waits for its outcome; its methods are short, never block and never fail."""

    def progress(self, usage: TokenUsage) -> None:
        """Note what has been used so far; to be called before what it counts goes to the caller."""
        ...

    def grow(self, output: int) -> None:
        """Note that nothing but the output has changed since the last `progress`; tokens, 0 or more."""
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


class PriceBook(Protocol):
    """What models cost; quick enough to be asked for every request."""

    def rate(self, model: str, provider: str, at_us: int) -> Rate:
        """Return the rate of a model of a provider at an instant; a model that no list names has the fallback's."""
        ...

    def cost(
        self,
        model: str,
        provider: str,
        usage: TokenUsage,
        at_us: int,
        service_tier: str = "standard",
        inference_geo: str = "not_available",
        speed: str = "standard",
    ) -> Cost:
        """Return what a request cost, never nothing for tokens of a model whose price is not known."""
        ...


class People(Protocol):
    """Whose a key is, and who a person is: what reports say of those whom usage is attributed to."""

    async def owners(self, unit: Unit, organization_id: OrganizationId) -> Mapping[str, str]:
        """Return the owner of every personal key, archived ones too."""
        ...

    async def people(self, unit: Unit, organization_id: OrganizationId, ids: Collection[str]) -> Mapping[str, Person]:
        """Return those of these users that are or were members."""
        ...


class UsageStore(Protocol):
    """Rows and their roll-ups in the database."""

    async def sweep_in(self, unit: Unit, rows: Sequence[UsageRow]) -> int:
        """Add the rows whose request id is new, and exactly these to the roll-ups; returns how many they were."""
        ...

    async def sweep_durable(self, unit: Unit) -> None:
        """Return when everything committed so far would outlive a loss of power."""
        ...

    async def table(self, unit: Unit, organization_id: OrganizationId, question: Question) -> Sequence[SumRow]:
        """Return the sums per bucket and group, in the question's order; Unavailable when the disk can't be read."""
        ...

    async def printed(
        self, unit: Unit, organization_id: OrganizationId, question: Question, line: Line
    ) -> Mapping[int, bytes]:
        """Return the groups of each bucket as lines with commas between them; a bucket without any is not there.

        For one piece without tags; groups come in the alphabetical order of their dimensions.
        """
        ...

    async def marks(self, unit: Unit, organization_id: OrganizationId, piece: Piece) -> Mapping[int, Hashable]:
        """Return for each bucket with any requests a value that is another once its roll-ups have changed."""
        ...

    async def spent(self, unit: Unit, organization_id: OrganizationId, since_us: int) -> Sequence[Spent]:
        """Return what has been spent from the UTC day that holds an instant on, as far as it is in the database."""
        ...

    async def sweep_expired(self, unit: Unit, width: Width, before: int) -> int:
        """Remove a slice of the roll-ups of that width older than `before`; returns how many, 0 when done."""
        ...


class Follower(Protocol):
    """Who is told of what comes into the ledger."""

    async def settled(self, unit: Unit, rows: Sequence[UsageRow]) -> None:
        """Take note of rows in the transaction that brings them in; after a kill a row may come once more."""
        ...


class PricedStore(Protocol):
    """Rows with their cost, to be priced anew."""

    async def priced(
        self, unit: Unit, organization_id: OrganizationId, after: tuple[int, str], limit: int, *, lock: bool
    ) -> Sequence[UsageRow]:
        """Return the next rows of an organisation after (started_at, request_id), held to the end with `lock`."""
        ...

    async def reprice(
        self, unit: Unit, organization_id: OrganizationId, changes: Sequence[tuple[UsageRow, UsageRow]]
    ) -> None:
        """Write the new costs of (old, new) rows, and add the differences to the roll-ups that still exist."""
        ...


class ClaudeCodeStore(Protocol):
    """What Claude Code has told of itself, in the database: by hour, so that a report can leave the newest out."""

    async def lock(self, unit: Unit, organization_id: OrganizationId, actor_id: str) -> None:
        """Wait until no other transaction that asked for the same actor is open; held to the end."""
        ...

    async def series(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, digests: Collection[bytes]
    ) -> Mapping[bytes, Series]:
        """Return those of these series that are remembered."""
        ...

    async def series_count(self, unit: Unit, organization_id: OrganizationId, actor_id: str) -> int:
        """Return how many series are remembered of an actor."""
        ...

    async def remember(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, series: Mapping[bytes, Series], now: int
    ) -> None:
        """Keep the last points of series, in place of those before."""
        ...

    async def seen(
        self, unit: Unit, organization_id: OrganizationId, actor_id: str, day: int
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the terminal types and the tools that an actor has on a day."""
        ...

    async def add(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        counts: Mapping[tuple[Key, int], Mapping[Addition, int]],
    ) -> None:
        """Add to what was counted of a key in the hour that starts at an instant."""
        ...

    async def place(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        actor_id: str,
        sessions: Mapping[str, Place],
        now: int,
        most: int,
    ) -> None:
        """Note where sessions run; new ones only while fewer than `most` of the actor's came within a day of `now`."""
        ...

    async def actors(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, start: str, limit: int
    ) -> Sequence[str]:
        """Return the first actors from `start` on with something in the hours of a day that start before an instant."""
        ...

    async def core(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Core]:
        """Return the core metrics of the actors between two (both included)."""
        ...

    async def tools(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Mapping[str, ToolUse]]:
        """Return what was decided of edits, by tool."""
        ...

    async def models(
        self, unit: Unit, organization_id: OrganizationId, day: int, before: int, actors: tuple[str, str]
    ) -> Mapping[Key, Mapping[str, ModelUse]]:
        """Return tokens and costs by model, at the place of their session; of one that nobody told of: unknown."""
        ...

    async def sweep_forgotten(self, unit: Unit, delta_before: int, cumulative_before: int) -> int:
        """Remove series that nobody has told of since these instants, by temporality; returns how many."""
        ...


class ActorNames(Protocol):
    """How reports call those who asked."""

    async def names(self, unit: Unit, organization_id: OrganizationId, actor_ids: Collection[str]) -> Mapping[str, str]:
        """Return e-mail addresses of people and names of API keys, by id, of those that are or were there."""
        ...
