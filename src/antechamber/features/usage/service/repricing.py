"""Pricing rows anew: what they cost by the prices in force now, in them and in their roll-ups."""

from collections.abc import Callable
from dataclasses import dataclass, field

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock, to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.ports import PriceBook, PricedStore
from antechamber.features.usage.service.pricing import price_row


@dataclass(slots=True)
class Difference:
    """What pricing anew changes for one model: rows, and nano-USD before and after over all of its rows."""

    rows: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0


@dataclass(slots=True)
class Repriced:
    """The differences by model, and how many rows were looked at."""

    models: dict[str, Difference] = field(default_factory=dict)
    rows: int = 0
    changed: int = 0

    @property
    def difference(self) -> int:
        """Nano-USD that all rows together cost more than before."""
        return sum(each.after - each.before for each in self.models.values())

    def add(self, old: UsageRow, new: UsageRow) -> bool:
        """Count a row; says whether its cost changed."""
        model = self.models.setdefault(old.intent.model_served, Difference())
        is_changed = old.cost != new.cost
        self.rows += 1
        self.changed += is_changed
        model.rows += 1
        model.changed += is_changed
        model.before += old.cost.total if old.cost else 0
        model.after += new.cost.total if new.cost else 0
        return is_changed


class Repricing:
    """Goes through the rows in slices, each a transaction: a running server goes on, and a second run changes nothing.

    Roll-ups get the difference of the rows in the same transaction, so that they stay the sums of the rows.
    """

    def __init__(
        self, store: PricedStore, units: Units, clock: Clock, prices: PriceBook, audit: Audit, *, slice_rows: int = 1000
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._prices = prices
        self._audit = audit
        self._slice_rows = slice_rows

    async def apply(
        self,
        organization_id: OrganizationId,
        since_us: int,
        by: Actor,
        *,
        dry_run: bool = False,
        tell: Callable[[int], None] | None = None,
    ) -> Repriced:
        """Price every row of an organisation anew that began at `since_us` or later; `tell` hears how many so far."""
        found = Repriced()
        after = (since_us, "")
        transaction = self._units.read if dry_run else self._units.begin
        while True:
            async with transaction() as unit:
                rows = await self._store.priced(unit, organization_id, after, self._slice_rows, lock=not dry_run)
                pairs = [(row, price_row(row, self._prices)) for row in rows]
                changes = [(old, new) for old, new in pairs if found.add(old, new)]
                if changes and not dry_run:
                    await self._store.reprice(unit, organization_id, changes)
                    if found.changed == len(changes):
                        # with the first change: who is killed amid the others has left word that there are some
                        began = to_rfc3339(since_us)
                        await self._audit.record(
                            unit, organization_id, by, ActivityType.PRICES_REAPPLY_STARTED, since=began
                        )
            if len(rows) < self._slice_rows:
                break
            after = (rows[-1].intent.started_at, rows[-1].intent.request_id)
            if tell is not None:
                tell(found.rows)
        if found.changed and not dry_run:
            await self._record(organization_id, since_us, by, found)
        return found

    async def _record(self, organization_id: OrganizationId, since_us: int, by: Actor, found: Repriced) -> None:
        async with self._units.begin() as unit:
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.PRICES_REAPPLIED,
                since=to_rfc3339(since_us),
                rows=found.changed,
                difference_nano_usd=found.difference,
            )
