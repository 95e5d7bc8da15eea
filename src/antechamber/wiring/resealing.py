"""Sealing what is stored under the master key that seals now, in slices: a running server goes on meanwhile."""

from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.seals import SealedColumn
from antechamber.database.sealed import lock_sealed, put_sealed, sweep_sealed
from antechamber.features.audit.model import ActivityType
from antechamber.wiring.storage import Storage

_SLICE: Final = 100


async def reseal_slice(storage: Storage, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reseal the values of a column whose rows come `after` one, or with `is_trial` only say what that would do.

    Returns how many were looked at (`secrets`) and how many had or have another key than the newest (`resealed`), and
    the row to go on `after`, null at the end. SealError for one that no key here opens; nothing of a trial changes.
    `key_id` is the key that whoever asks would seal with: InvalidRequest where the server has another one.
    """
    column, after = SealedColumn(asked["column"]), str(asked["after"])
    async with storage.database.read() as unit:
        found = await sweep_sealed(unit, column, after, _SLICE)
    if not found:
        return {"secrets": 0, "resealed": 0, "after": None}
    storage.seals.reread()
    if asked.get("key_id") not in {None, storage.seals.key_id}:
        message = "master_key: the running server seals with another one; restart it with the new key before the old"
        raise InvalidRequest(message)
    if asked.get("is_trial"):
        resealed = sum(storage.seals.renew(each.sealed, column, each.row_id) is not None for each in found)
    else:
        resealed = 0
        whose = attrgetter("organization_id")
        for organization_id, its in groupby(sorted(found, key=whose), whose):
            resealed += await _reseal(storage, organization_id, column, [each.row_id for each in its])
    return {"secrets": len(found), "resealed": resealed, "after": found[-1].row_id if len(found) == _SLICE else None}


async def _reseal(storage: Storage, organization_id: OrganizationId, column: SealedColumn, row_ids: list[str]) -> int:
    """Reseal values of an organisation in one transaction, and return how many were."""
    async with storage.database.begin() as unit:
        known = await lock_sealed(unit, organization_id, column, row_ids)
        renewed = {each.row_id: storage.seals.renew(each.sealed, column, each.row_id) for each in known}
        changed = {row_id: envelope for row_id, envelope in renewed.items() if envelope is not None}
        for row_id, envelope in changed.items():
            await put_sealed(unit, organization_id, column, row_id, envelope)
        if changed:
            told = {"column": column.value, "count": len(changed), "key_id": storage.seals.key_id}
            await storage.audit.record(unit, organization_id, OPERATOR, ActivityType.SECRETS_RESEALED, **told)
    return len(changed)
