"""Records what a person does with how they get in, in the audit log of every organisation that they are in."""

import dataclasses

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import UserId
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.service import People


class Journal:
    """Records acts on a person."""

    def __init__(self, audit: Audit, people: People) -> None:
        self._audit = audit
        self._people = people

    async def record(self, unit: Unit, user_id: UserId, by: Actor, act: ActivityType, **details: object) -> None:
        """Record an act on a person; organisations in the order of their ids, so that no two wait in a circle."""
        for membership in await self._people.memberships(unit, user_id):
            await self._audit.record(unit, membership.organization_id, by, act, user_id=user_id, **details)


def acting(by: Actor, user_id: UserId) -> Actor:
    """Return the person as the actor behind a browser's request."""
    return dataclasses.replace(by, kind=ActorKind.USER, id=user_id)
