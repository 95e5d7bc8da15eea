"""People as log-in sees them: the server's, whichever organisations they are in."""

from collections.abc import Sequence
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import UserId
from antechamber.base.unit import Unit
from antechamber.features.organizations.model import Membership, Person, check_email, key_of
from antechamber.features.organizations.ports import PeopleStore

_LONGEST: Final = 320


class People:
    """Finds people by what they say of themselves; nothing of it is to reach somebody who has not proved it."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store

    async def find(self, unit: Unit, user_id: UserId) -> Person | None:
        """Return the person of an id."""
        return await self._store.resolve_user(unit, user_id)

    async def find_by_email(self, unit: Unit, email: str) -> Person | None:
        """Return the person of an address, whatever a stranger wrote for one."""
        return await self._store.resolve_person(unit, email_key(email))

    async def memberships(self, unit: Unit, user_id: UserId) -> Sequence[Membership]:
        """Return where a person is a member now, by the organisations' ids."""
        return await self._store.resolve_memberships(unit, user_id)


def email_key(text: str) -> str:
    """Return the key of an address; an empty one, which nobody's has, for a text that is none."""
    try:
        return key_of(check_email(text)) if len(text) <= _LONGEST else ""
    except InvalidRequest:
        return ""
