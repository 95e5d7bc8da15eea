"""Reading the audit log, and proving that it is whole."""

from typing import Final, NamedTuple

from antechamber.base.actor import ActorKind
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.secret import Secret
from antechamber.base.unit import Units
from antechamber.features.audit.model import Activity, ActivityQuery, Expected, Verdict, Walk
from antechamber.features.audit.ports import ActivityStore, People
from antechamber.features.audit.service.keys import chain_keys

# a part is checked without a pause for others
_PART: Final = 500


class ShownActivity(NamedTuple):
    """An activity with the address of the person who acted, if it was one."""

    activity: Activity
    email: str | None


class Activities:
    """Answers what was done."""

    def __init__(self, store: ActivityStore, units: Units, people: People, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._people = people
        self._keys = chain_keys(pepper)

    async def listing(
        self, organization_id: OrganizationId, query: ActivityQuery, cursor: IdCursor
    ) -> Page[ShownActivity]:
        """Return a page of the feed, newest first; InvalidRequest when the cursor names no activity of it."""
        async with self._units.read() as unit:
            page = await self._store.listing(unit, organization_id, query, cursor)
            people = sorted(
                {UserId(each.actor.id) for each in page.items if each.actor.kind is ActorKind.USER and each.actor.id}
            )
            emails = await self._people.emails(unit, organization_id, people) if people else {}
        items = (ShownActivity(each, emails.get(UserId(each.actor.id or ""))) for each in page.items)
        return Page(tuple(items), page.has_more)

    async def verify(self, organization_id: OrganizationId, expected: Expected | None = None) -> Verdict:
        """Walk the whole chain and say whether it is whole; `expected` must be in it."""
        walk = Walk(organization_id, self._keys.marks, self._keys.seals, expected)
        after: int | None = None
        while True:
            async with self._units.read() as unit:
                part = await self._store.part(unit, organization_id, after, _PART)
                for activity in part:
                    walk.step(activity)
                ending = await self._store.ending(unit, organization_id)
            # what was recorded while we walked is walked too
            if walk.problem is not None or (not part and ending.last.sequence <= walk.sequence):
                return walk.finish(ending)
            after = walk.sequence
