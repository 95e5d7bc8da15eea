"""The use-cases of workspaces' keys."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import ApiKeyId, Kind, OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.secret import Secret, SecretKind
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.model import (
    DAY,
    Change,
    Draft,
    KeyFilter,
    Quota,
    Rotated,
    Status,
    StoredApiKey,
    StoredSecret,
    Unused,
    check_expiry,
    check_name,
    check_rotation,
    revise,
)
from antechamber.features.apikeys.ports import ApiKeyStore
from antechamber.features.apikeys.service.minting import Mint
from antechamber.features.apikeys.service.rooms import Rooms
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.workspaces.model import Workspace


class ApiKeys:
    """Makes keys, lists, changes and rotates them, and takes them back."""

    def __init__(
        self, store: ApiKeyStore, units: Units, mint: Mint, audit: Audit, rooms: Rooms, quota: Quota | None = None
    ) -> None:
        self._store = store
        self._units = units
        self._mint = mint
        self._audit = audit
        self._rooms = rooms
        self._quota = quota or Quota()

    def now(self) -> int:
        """Return the present instant, in microseconds."""
        return self._mint.now()

    async def listing(self, organization_id: OrganizationId, cursor: IdCursor, chosen: KeyFilter) -> Page[StoredApiKey]:
        """Return a page of the organisation's keys, newest first, with the status of this moment."""
        now = self._mint.now()
        async with self._units.read() as unit:
            page = await self._store.listing(unit, organization_id, cursor, chosen, now)
        return Page(tuple(key.at(now) for key in page.items), page.has_more)

    async def get(self, organization_id: OrganizationId, key_id: ApiKeyId) -> StoredApiKey:
        """Return a key with the status of this moment; NotFound if the organisation has no such key."""
        async with self._units.read() as unit:
            key = await self._known(unit, organization_id, key_id)
        return key.at(self._mint.now())

    async def names(
        self, unit: Unit, organization_id: OrganizationId, key_ids: Collection[ApiKeyId]
    ) -> Mapping[ApiKeyId, StoredApiKey]:
        """Return those of the ids that the organisation has or had, for reports."""
        return await self._store.find(unit, organization_id, key_ids)

    async def update(
        self,
        organization_id: OrganizationId,
        key_id: ApiKeyId,
        change: Change,
        by: Actor,
        within: UserId | None = None,
    ) -> StoredApiKey:
        """Change a key; `within` as of `create`.

        NotFound if there is none, InvalidRequest for what its status or a quota forbids, PermissionDenied.
        """
        now = self._mint.now()
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            before = await self._known(unit, organization_id, key_id)
            await self._rooms.check_hand(
                unit, organization_id, before.workspace_id, before.user_id, within, learns=False
            )
            after = revise(before, change, now)
            if after == before:
                return after.at(now)
            if after.status is Status.ACTIVE and before.status is not Status.ACTIVE:
                await self._rooms.check_revival(unit, after)
                await self._check_quota(unit, organization_id, after.workspace_id, now)
            await self._store.put(unit, organization_id, after)
            updates = updates_of(_shown(before), _shown(after))
            await self._audit.record(
                unit, organization_id, by, ActivityType.API_KEY_UPDATED, api_key_id=key_id, updates=updates
            )
        return after.at(now)

    async def create(
        self, organization_id: OrganizationId, draft: Draft, by: Actor, within: UserId | None = None
    ) -> tuple[StoredApiKey, Secret]:
        """Make a key; the secret is returned here and never again.

        `within` is a person whose workspace roles bound what they may do. NotFound for the workspace, InvalidRequest
        for what it does not take and over a quota, PermissionDenied.
        """
        async with self._units.begin() as unit:
            return await self.make(unit, organization_id, draft, by, within)

    async def make(
        self, unit: Unit, organization_id: OrganizationId, draft: Draft, by: Actor, within: UserId | None = None
    ) -> tuple[StoredApiKey, Secret]:
        """Make a key in the caller's transaction, as `create` does."""
        await self._store.lock(unit, organization_id)
        workspace = await self._rooms.for_new(unit, organization_id, draft)
        await self._rooms.check_hand(unit, organization_id, workspace.id, draft.user_id, within, learns=True)
        return await self._add(unit, workspace, draft, by)

    async def claude_code_key(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, by: Actor
    ) -> tuple[StoredApiKey, Secret]:
        """Make a person's key of the Claude Code workspace; InvalidRequest unless they are in it."""
        await self._store.lock(unit, organization_id)
        workspace = await self._rooms.claude_code(unit, organization_id, user_id)
        return await self._add(unit, workspace, Draft("Claude Code", user_id=user_id), by)

    async def _add(self, unit: Unit, workspace: Workspace, draft: Draft, by: Actor) -> tuple[StoredApiKey, Secret]:
        now, organization_id = self._mint.now(), workspace.organization_id
        await self._check_quota(unit, organization_id, workspace.id, now)
        minted = self._mint.make_secret(SecretKind.API_KEY)
        key = StoredApiKey(
            id=ApiKeyId(self._mint.make_id(Kind.API_KEY)),
            organization_id=organization_id,
            workspace_id=workspace.id,
            default_workspace=workspace.is_default,
            name=check_name(draft.name),
            status=Status.ACTIVE,
            hint=minted.hint,
            user_id=draft.user_id,
            created_at=now,
            expires_at=check_expiry(draft.expires_at, now),
            created_by=_person(by),
            models=draft.models,
            networks=draft.networks,
        )
        await self._store.add(unit, organization_id, key, minted.digest)
        details = {"api_key_id": key.id, "name": key.name, "workspace_id": key.workspace_id, "user_id": key.user_id}
        await self._audit.record(unit, organization_id, by, ActivityType.API_KEY_CREATED, **details)
        return key, minted.secret

    async def rotate(
        self,
        organization_id: OrganizationId,
        key_id: ApiKeyId,
        revoke_at: int | None,
        by: Actor,
        within: UserId | None = None,
    ) -> Rotated:
        """Give a key another secret; the earlier ones open until `revoke_at` (microseconds, None is in a day).

        NotFound; InvalidRequest for a key that opens no more, past 30 days, and past ten live secrets;
        PermissionDenied as of `create`.
        """
        now = self._mint.now()
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            key = await self._known(unit, organization_id, key_id)
            await self._rooms.check_hand(unit, key.organization_id, key.workspace_id, key.user_id, within, learns=True)
            before = await self._store.secrets(unit, organization_id, key_id)
            until = check_rotation(key.at(now), before, revoke_at, now)
            minted = self._mint.make_secret(SecretKind.API_KEY)
            secret = StoredSecret(minted.hint, now, None, None)
            await self._store.rotate(unit, organization_id, key_id, secret, minted.digest, until)
            details = {"api_key_id": key_id, "revoke_at": to_rfc3339(until)}
            await self._audit.record(unit, organization_id, by, ActivityType.API_KEY_ROTATED, **details)
        return Rotated(dataclasses.replace(key, hint=minted.hint).at(now), minted.secret, until)

    async def secrets(self, organization_id: OrganizationId, key_id: ApiKeyId) -> Sequence[StoredSecret]:
        """Return a key's secrets without their texts, those that have ended too, newest first; NotFound."""
        async with self._units.read() as unit:
            await self._known(unit, organization_id, key_id)
            return await self._store.secrets(unit, organization_id, key_id)

    async def unused(self, organization_id: OrganizationId, cursor: IdCursor, days: int) -> Page[Unused[StoredApiKey]]:
        """Return a page of the active keys that are older than `days` and were not used in them, newest first."""
        now = self._mint.now()
        async with self._units.read() as unit:
            page = await self._store.unused(unit, organization_id, cursor, now - days * DAY, now)
        return Page(tuple(Unused(key.at(now), used) for key, used in page.items), page.has_more)

    async def unused_workspaces(self, organization_id: OrganizationId, days: int) -> Sequence[Unused[Workspace]]:
        """Return the live workspaces that are older than `days` and none of whose keys was used in them."""
        since = self._mint.now() - days * DAY
        workspaces = await self._rooms.live(organization_id)
        async with self._units.read() as unit:
            uses = await self._store.last_uses(unit, organization_id)
        old = [workspace for workspace in workspaces if workspace.created_at < since]
        return [Unused(it, uses.get(it.id)) for it in old if uses.get(it.id, 0) < since]

    async def archive_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """Archive every key of a workspace, in the transaction in which that is archived."""
        await self._store.lock(unit, organization_id)
        archived = await self._store.archive_workspace(unit, organization_id, workspace_id)
        if archived:
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.API_KEY_UPDATED,
                api_key_ids=list(archived),
                workspace_id=workspace_id,
                updates=[{"type": "status", "previous_value": None, "current_value": Status.ARCHIVED.value}],
            )

    async def disable_personal(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """Switch off the keys that act as a person, in the transaction in which that person leaves.

        So that none opens again by itself should they come back; an admin may switch one on again then.
        """
        disabled = await self._store.disable_personal(unit, organization_id, user_id)
        if disabled:
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.API_KEY_UPDATED,
                api_key_ids=list(disabled),
                user_id=user_id,
                updates=[
                    {
                        "type": "status",
                        "previous_value": Status.ACTIVE.value,
                        "current_value": Status.INACTIVE.value,
                    }
                ],
            )

    async def _known(self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId) -> StoredApiKey:
        key = await self._store.get(unit, organization_id, key_id)
        if key is None:
            message = "API key not found."
            raise NotFound(message)
        return key

    async def _check_quota(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, now: int
    ) -> None:
        """Refuse one more active key over a quota (SDK types `{org,workspace}_api_key_limit_exceeded_error`)."""
        everywhere, here = await self._store.count_active(unit, organization_id, workspace_id, now)
        if self._quota.organization is not None and everywhere >= self._quota.organization:
            message = f"The organization has reached its limit of {self._quota.organization} active API keys."
            raise InvalidRequest(message, error_code="org_api_key_limit_exceeded")
        if self._quota.workspace is not None and here >= self._quota.workspace:
            message = f"The workspace has reached its limit of {self._quota.workspace} active API keys."
            raise InvalidRequest(message, error_code="workspace_api_key_limit_exceeded")


def _person(by: Actor) -> UserId | None:
    return UserId(by.id) if by.kind is ActorKind.USER and by.id is not None else None


def _shown(key: StoredApiKey) -> dict[str, object]:
    """Return what may change of a key, as the audit log tells it."""
    return {
        "name": key.name,
        "status": key.status,
        "expires_at": None if key.expires_at is None else to_rfc3339(key.expires_at),
        "models": None if key.models is None else list(key.models),
        "allowed_ips": None if key.networks is None else [str(network) for network in key.networks],
    }
