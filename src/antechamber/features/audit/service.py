"""The use-cases of audit."""

import dataclasses
import hmac
from hashlib import sha256
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import ActivityId, Kind, OrganizationId, mint
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import Activity, ActivityType, mark_of
from antechamber.features.audit.ports import ActivityStore

_PURPOSE: Final = b"antechamber audit chain"


class Audit:
    """Records acts."""

    def __init__(self, store: ActivityStore, units: Units, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        # a key of its own: what proves the chain is of no use against secrets' digests
        self._key = hmac.digest(pepper.reveal().encode(), _PURPOSE, sha256)

    async def record(
        self, unit: Unit, organization_id: OrganizationId, by: Actor, act: ActivityType, **details: object
    ) -> Activity:
        """Append an act to its organisation's chain, in the transaction of the act; `details` hold ids and values."""
        sequence, previous = await self._store.lock_head(unit, organization_id)
        unmarked = Activity(
            id=ActivityId(mint(Kind.ACTIVITY, self._clock, self._chance)),
            organization_id=organization_id,
            sequence=sequence + 1,
            created_at=self._clock.now(),
            type=act.value,
            actor=by,
            details=details,
            mark=b"",
        )
        activity = dataclasses.replace(unmarked, mark=mark_of(self._key, previous, unmarked))
        await self._store.append(unit, organization_id, activity)
        return activity
