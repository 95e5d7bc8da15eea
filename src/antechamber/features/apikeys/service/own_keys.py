"""The use-cases of a person's own keys: those that act as them, and those that they made."""

import dataclasses
from collections.abc import Sequence

from antechamber.base.actor import Actor
from antechamber.base.errors import NotFound, PermissionDenied
from antechamber.base.ids import ApiKeyId, OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret
from antechamber.base.unit import Units
from antechamber.features.apikeys.model import Change, Draft, KeyFilter, OwnKey, Status, StoredApiKey
from antechamber.features.apikeys.ports import ApiKeyStore
from antechamber.features.apikeys.service.api_keys import ApiKeys
from antechamber.features.apikeys.service.rooms import Rooms
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import Members
from antechamber.features.workspaces.model import Workspace


class OwnKeys:
    """Shows a person their keys, makes further ones that act as them, and switches them off and on.

    What a person may do with a key is what the API lets them do: their roles in workspaces bound them (`Rooms`).
    """

    def __init__(self, keys: ApiKeys, store: ApiKeyStore, units: Units, rooms: Rooms, members: Members) -> None:
        self._keys = keys
        self._store = store
        self._units = units
        self._rooms = rooms
        self._members = members

    def now(self) -> int:
        """Return the present instant, in microseconds."""
        return self._keys.now()

    async def workspaces(self, organization_id: OrganizationId, user_id: UserId) -> Sequence[Workspace]:
        """Return the workspaces in which a person may make a key; PermissionDenied for who is no member."""
        live = await self._rooms.live(organization_id)
        person = await self._person(organization_id, user_id)
        async with self._units.read() as unit:
            return await self._rooms.held_by(unit, person, live)

    async def listing(self, organization_id: OrganizationId, user_id: UserId, cursor: IdCursor) -> Page[OwnKey]:
        """Return a page of a person's keys that are not archived, newest first; PermissionDenied as above."""
        await self._person(organization_id, user_id)
        page = await self._keys.listing(organization_id, cursor, KeyFilter(of_person=user_id, archived=False))
        async with self._units.read() as unit:
            names = await self._rooms.names(unit, organization_id, {key.workspace_id for key in page.items})
            uses = await self._store.uses(unit, organization_id, [key.id for key in page.items])
        return Page(
            tuple(OwnKey(key, names.get(key.workspace_id, ""), uses.get(key.id)) for key in page.items), page.has_more
        )

    async def create(
        self, organization_id: OrganizationId, user_id: UserId, draft: Draft, by: Actor
    ) -> tuple[StoredApiKey, Secret]:
        """Make a key that acts as the person; the secret is returned here and never again. Errors as `ApiKeys`."""
        person = await self._person(organization_id, user_id)
        own = dataclasses.replace(draft, user_id=user_id)
        return await self._keys.create(organization_id, own, by, _within(person))

    async def switch(
        self, organization_id: OrganizationId, user_id: UserId, key_id: ApiKeyId, status: Status, by: Actor
    ) -> StoredApiKey:
        """Disable, enable or archive one of a person's keys; NotFound for any other. Errors as `ApiKeys.update`."""
        person = await self._person(organization_id, user_id)
        key = await self._keys.get(organization_id, key_id)
        if user_id not in {key.user_id, key.created_by}:
            message = "API key not found."
            raise NotFound(message)
        return await self._keys.update(organization_id, key_id, Change(status=status), by, _within(person))

    async def _person(self, organization_id: OrganizationId, user_id: UserId) -> Member:
        async with self._units.read() as unit:
            person = await self._members.find(unit, organization_id, user_id)
        if person is None:
            message = "You are not a member of this organization."
            raise PermissionDenied(message)
        return person


def _within(person: Member) -> UserId | None:
    """Return whose roles in workspaces bound what they do; an organisation's admins are not bound."""
    return None if person.role is OrganizationRole.ADMIN else person.id
