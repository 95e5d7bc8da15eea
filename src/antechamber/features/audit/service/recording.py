"""Recording acts, in the transaction of the act."""

import dataclasses
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import ActivityId, Kind, OrganizationId, mint
from antechamber.base.secret import Secret, redact
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import BROKEN, RESERVED, Activity, ActivityType, Ending, Head, mark_of, seal_of
from antechamber.features.audit.ports import ActivityStore
from antechamber.features.audit.service.keys import chain_keys

_LONGEST_AGENT: Final = 500


class Audit:
    """Records acts."""

    def __init__(self, store: ActivityStore, units: Units, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._keys = chain_keys(pepper)

    async def record(
        self, unit: Unit, organization_id: OrganizationId, by: Actor, act: ActivityType, **details: object
    ) -> Activity:
        """Append an act to its organisation's chain, in the transaction of the act; `details` hold ids and values.

        On the wire they stand beside `id` and `type`, so they can't have those names (ValueError).
        """
        if not RESERVED.isdisjoint(details):
            message = f"details can't be called {', '.join(sorted(RESERVED & details.keys()))}"
            raise ValueError(message)
        ending = await self._store.lock_ending(unit, organization_id)
        head = ending.further
        unmarked = Activity(
            id=ActivityId(mint(Kind.ACTIVITY, self._clock, self._chance)),
            organization_id=organization_id,
            sequence=head.sequence + 1,
            # never before the one it follows, though the clock be put back: the feed's order is the chain's
            created_at=max(self._clock.now(), head.created_at + 1),
            type=act.value,
            actor=_bounded(by),
            details=details,
            mark=b"",
        )
        activity = dataclasses.replace(unmarked, mark=mark_of(self._keys.marks, head.mark, unmarked))
        await self._store.append(unit, organization_id, activity, self._seal(organization_id, ending, activity))
        return activity

    def _seal(self, organization_id: OrganizationId, ending: Ending, activity: Activity) -> bytes:
        """Return the new head's seal; a head that was tampered with is not made good by the next act."""
        if not ending.is_sealed(self._keys.seals, organization_id):
            return BROKEN
        head = Head(activity.sequence, activity.mark, activity.created_at)
        return seal_of(self._keys.seals, organization_id, head)


def _bounded(actor: Actor) -> Actor:
    """Cut what a caller may write at will, and take secrets out of it: the log is kept for good."""
    if actor.user_agent is None:
        return actor
    # PostgreSQL's texts cannot hold NUL
    agent = redact(actor.user_agent).replace("\x00", "")
    return dataclasses.replace(actor, user_agent=agent[:_LONGEST_AGENT])
