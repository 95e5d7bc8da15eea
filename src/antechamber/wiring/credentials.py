"""Whom a key stands for: keys joined with people and workspaces, as authentication asks; and when each was used."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from antechamber.base.clock import Clock
from antechamber.base.permissions import WorkspaceRole
from antechamber.base.principal import ApiKey, Principal
from antechamber.base.unit import Unit
from antechamber.features.apikeys.service import LastUses
from antechamber.features.apikeys.sql import SqlPrincipals
from antechamber.features.organizations.service import Members
from antechamber.features.workspaces.model import effective_role
from antechamber.features.workspaces.service import WorkspaceMembers, Workspaces
from antechamber.http.authenticate import Authenticator

if TYPE_CHECKING:
    from antechamber.wiring.storage import Storage


class KeySource:
    """API keys and admin keys; a personal key opens only while its owner is something in its workspace."""

    def __init__(
        self,
        store: SqlPrincipals,
        members: Members,
        workspaces: Workspaces,
        workspace_members: WorkspaceMembers,
        clock: Clock,
    ) -> None:
        self._store = store
        self._members = members
        self._workspaces = workspaces
        self._workspace_members = workspace_members
        self._clock = clock

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a digest stands for now."""
        key = await self._store.resolve_api_key(unit, digest)
        if key is None:
            return await self._store.resolve_admin_key(unit, digest)
        if key.user_id is None:
            return key
        role = await self._workspace_members.role_of(unit, key.organization_id, key.workspace_id, key.user_id)
        return _acting(key, role)

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every live digest, in a handful of queries however many there are."""
        keys = await self._store.sweep_api_keys(unit, self._clock.now())
        found: dict[bytes, Principal] = {digest: key for digest, key in keys.items() if key.user_id is None}
        found.update(await self._store.sweep_admin_keys(unit))
        if personal := {digest: key for digest, key in keys.items() if key.user_id is not None}:
            found.update(await self._sweep_personal(unit, personal))
        return found

    async def _sweep_personal(self, unit: Unit, keys: Mapping[bytes, ApiKey]) -> dict[bytes, Principal]:
        people = await self._members.sweep_roles(unit)
        kinds = await self._workspaces.sweep_kinds(unit)
        places = {(key.workspace_id, key.user_id) for key in keys.values() if key.user_id is not None}
        given = await self._workspace_members.sweep_roles(unit, places)
        found: dict[bytes, Principal] = {}
        for digest, key in keys.items():
            kind = kinds.get(key.workspace_id)
            if key.user_id is None or kind is None:
                continue
            person = people.get((key.organization_id, key.user_id))
            acting = _acting(key, effective_role(kind, person, given.get((key.workspace_id, key.user_id))))
            if acting is not None:
                found[digest] = acting
        return found


def _acting(key: ApiKey, role: WorkspaceRole | None) -> ApiKey | None:
    return None if role is None else dataclasses.replace(key, role=role)


class LastUseKeeping:
    """Keeps when each secret was last used, beside the requests."""

    def __init__(self, storage: "Storage", authenticator: Authenticator) -> None:
        self.uses = LastUses(SqlPrincipals(), storage.database, storage.clock, authenticator.take_used)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write every few seconds."""
        self._task = asyncio.create_task(self.uses.run())

    async def stop(self) -> None:
        """Write what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.uses.flush()
