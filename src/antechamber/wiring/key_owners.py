"""Whose a personal key is, for what it spends counts as its owner's."""

from collections.abc import Iterable, Mapping
from typing import Final

from antechamber.base.ids import ApiKeyId, OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.apikeys.service import ApiKeys

_MOST: Final = 100_000


class KeyOwners:
    """Remembers whose keys are: an owner never changes, nor does a key of nobody's get one."""

    def __init__(self, api_keys: ApiKeys) -> None:
        self._api_keys = api_keys
        self._owners: dict[str, str] = {}

    async def read(
        self, unit: Unit, organization_id: OrganizationId, api_key_ids: Iterable[str | None]
    ) -> Mapping[str, str]:
        """Return the owners of at least these keys by key; the empty text for nobody's and for unknown ones."""
        if len(self._owners) > _MOST:
            self._owners.clear()
        ids = {ApiKeyId(key_id) for key_id in api_key_ids if key_id} - self._owners.keys()
        if ids:
            named = await self._api_keys.names(unit, organization_id, ids)
            self._owners.update({key_id: (key.user_id or "") if (key := named.get(key_id)) else "" for key_id in ids})
        return self._owners
