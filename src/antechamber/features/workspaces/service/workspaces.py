"""The use-cases of workspaces (wire-admin.md 2.4)."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import SYSTEM, Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import ExternalKeyId, Kind, OrganizationId, WorkspaceId, mint
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.service import Members
from antechamber.features.workspaces.model import (
    CLAUDE_CODE_NAME,
    CLAUDE_CODE_ROLE,
    DEFAULT_COLOR,
    DEFAULT_NAME,
    MAX_LIVE,
    PALETTE,
    Workspace,
    WorkspaceDraft,
    WorkspaceKind,
    check_cursor,
    check_name,
    has_form,
)
from antechamber.features.workspaces.ports import (
    WorkspaceEffects,
    WorkspaceKeys,
    WorkspaceMemberStore,
    WorkspaceStore,
)
from antechamber.features.workspaces.service.drafts import apply, shown

_OWN_NAMES: Final = frozenset({DEFAULT_NAME.casefold(), CLAUDE_CODE_NAME.casefold()})


@dataclass(frozen=True, slots=True)
class Stores:
    """Where workspaces and roles in them are kept."""

    workspaces: WorkspaceStore
    members: WorkspaceMemberStore


class Workspaces:
    """Makes, finds, changes and archives workspaces."""

    def __init__(
        self,
        stores: Stores,
        people: Members,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        effects: WorkspaceEffects,
    ) -> None:
        self._store = stores.workspaces
        self._roles = stores.members
        self._people = people
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._effects = effects
        self._keys: WorkspaceKeys | None = None

    def bind_keys(self, keys: WorkspaceKeys) -> None:
        """Join the external keys that workspaces may be tied to."""
        self._keys = keys

    async def create_default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Make the workspace that every organisation is born with, in the caller's transaction."""
        workspace = self._new(organization_id, WorkspaceKind.DEFAULT, DEFAULT_NAME, DEFAULT_COLOR)
        await self._store.add(unit, organization_id, workspace)
        return workspace

    async def create(self, organization_id: OrganizationId, said: WorkspaceDraft, by: Actor) -> Workspace:
        """Make a workspace; InvalidRequest past the rules or 100 live ones, Conflict for a name that is taken.

        One named `Claude Code` while there is none alive becomes the Claude Code workspace. An external key has to work
        (`ports.WorkspaceKeys`).
        """
        proven = await self._prove(organization_id, said, by)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._confirm(unit, organization_id, said, proven)
            name = check_name(said.name or "")
            if name == CLAUDE_CODE_NAME and await self._has_no_claude_code(unit, organization_id):
                drafted = apply(self._new(organization_id, WorkspaceKind.CLAUDE_CODE, name, DEFAULT_COLOR), said)
                return await self._add_claude_code(unit, drafted, by)
            await self._require_free(unit, organization_id, name)
            live, total = await self._store.count(unit, organization_id)
            if live >= MAX_LIVE:
                message = f"This organization has {MAX_LIVE} workspaces, the most it may have. Archive one first."
                raise InvalidRequest(message)
            new = self._new(organization_id, WorkspaceKind.ORDINARY, name, PALETTE[total % len(PALETTE)])
            workspace = apply(new, said)
            await self._add(unit, workspace, by)
            return workspace

    async def ensure_claude_code(self, unit: Unit, organization_id: OrganizationId) -> Workspace | None:
        """Return the live Claude Code workspace, made if there never was one; None once it has been archived.

        To be called in the writing transaction of the one who gets to use Claude Code. Archiving it is the admin's no
        to Claude Code, which a further person does not undo.
        """
        await self._store.lock(unit, organization_id)
        known = await self._store.claude_code(unit, organization_id)
        if known is not None:
            return None if known.is_archived else known
        new = self._new(organization_id, WorkspaceKind.CLAUDE_CODE, CLAUDE_CODE_NAME, DEFAULT_COLOR)
        return await self._add_claude_code(unit, new, SYSTEM)

    async def listing(
        self,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        ids: Collection[WorkspaceId] | None = None,
        archived: bool = False,
        default: bool = False,
    ) -> Page[Workspace]:
        """Return a page of workspaces, newest first; `ids` that the organisation does not have are left out."""
        check_cursor(Kind.WORKSPACE, cursor)
        only = None if ids is None else [text for text in ids if has_form(Kind.WORKSPACE, text)]
        async with self._units.read() as unit:
            return await self._store.listing(
                unit, organization_id, cursor, ids=only, archived=archived, default=default
            )

    async def get(self, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace:
        """Return a workspace, archived or not; NotFound."""
        async with self._units.read() as unit:
            return await self.require(unit, organization_id, workspace_id)

    async def require(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace:
        """Return a workspace in the caller's transaction; NotFound."""
        workspace = await self.find(unit, organization_id, workspace_id)
        if workspace is None:
            message = f"Workspace not found: {workspace_id}"
            raise NotFound(message)
        return workspace

    async def find(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace, archived or not, in the caller's transaction."""
        if not has_form(Kind.WORKSPACE, workspace_id):
            return None
        return await self._store.find(unit, organization_id, workspace_id)

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        return await self._store.default(unit, organization_id)

    async def claude_code(self, unit: Unit, organization_id: OrganizationId) -> Workspace | None:
        """Return the newest Claude Code workspace, archived or not; None if there never was one."""
        return await self._store.claude_code(unit, organization_id)

    async def names(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[WorkspaceId]
    ) -> Mapping[WorkspaceId, Workspace]:
        """Return those of these workspaces that the organisation has, archived or not, for what shows their names."""
        found = await self._store.several(unit, organization_id, ids)
        return {workspace.id: workspace for workspace in found}

    async def keys_in_use(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ExternalKeyId]
    ) -> Collection[ExternalKeyId]:
        """Return those of these external keys that a workspace is tied to, archived or not."""
        return await self._store.keys_in_use(unit, organization_id, ids) if ids else ()

    async def sweep_kinds(self, unit: Unit) -> Mapping[WorkspaceId, WorkspaceKind]:
        """Return the kind of every live workspace of this server."""
        return await self._store.sweep_kinds(unit)

    async def update(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, said: WorkspaceDraft, by: Actor
    ) -> Workspace:
        """Change what was said of a live workspace; NotFound, InvalidRequest past the rules, Conflict for its name.

        An external key that it is not tied to yet has to work, as for a new one.
        """
        proven = await self._prove(organization_id, said, by, workspace_id)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._confirm(unit, organization_id, said, proven)
            known = await self.require(unit, organization_id, workspace_id)
            changed = _change(known, said)
            if changed == known:
                return known
            if changed.name != known.name:
                await self._check_rename(unit, known, changed.name)
            await self._store.save(unit, organization_id, changed)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.WORKSPACE_UPDATED,
                workspace_id=workspace_id,
                updates=updates_of(shown(known), shown(changed)),
            )
            return changed

    async def archive(self, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor) -> Workspace:
        """Archive a workspace for good, and revoke its keys in the same transaction; again, it changes nothing.

        NotFound; InvalidRequest for the Default workspace.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require(unit, organization_id, workspace_id)
            if known.is_default:
                message = "The default workspace cannot be archived."
                raise InvalidRequest(message)
            if known.is_archived:
                return known
            archived = dataclasses.replace(known, archived_at=self._clock.now())
            await self._store.save(unit, organization_id, archived)
            await self._audit.record(
                unit, organization_id, by, ActivityType.WORKSPACE_ARCHIVED, workspace_id=workspace_id, name=known.name
            )
            await self._effects.archived(unit, organization_id, workspace_id, by)
            return archived

    async def _prove(
        self, organization_id: OrganizationId, said: WorkspaceDraft, by: Actor, workspace_id: WorkspaceId | None = None
    ) -> int | None:
        """Have an external key tried, with no transaction open; return the state of it that works.

        None where there is nothing to try: no key is named, or the one that the workspace is tied to.
        """
        if said.external_key_id is None:
            return None
        if self._keys is None:
            message = "external_key_id: customer-managed encryption keys are not enabled for this organization."
            raise InvalidRequest(message, error_code="workspace_policy_violation", details={"field": "external_key_id"})
        if workspace_id is not None:
            known = await self.get(organization_id, workspace_id)
            if _change(known, said).external_key_id == known.external_key_id:
                return None
        return await self._keys.prove(organization_id, said.external_key_id, by)

    async def _confirm(
        self, unit: Unit, organization_id: OrganizationId, said: WorkspaceDraft, proven: int | None
    ) -> None:
        if said.external_key_id is not None and proven is not None and self._keys is not None:
            await self._keys.confirm(unit, organization_id, said.external_key_id, proven)

    def _new(self, organization_id: OrganizationId, kind: WorkspaceKind, name: str, color: str) -> Workspace:
        return Workspace(
            id=WorkspaceId(mint(Kind.WORKSPACE, self._clock, self._chance)),
            organization_id=organization_id,
            name=name,
            display_color=color,
            kind=kind,
            compartment_id=mint(Kind.COMPARTMENT, self._clock, self._chance),
            created_at=self._clock.now(),
        )

    async def _check_rename(self, unit: Unit, known: Workspace, name: str) -> None:
        if known.kind is not WorkspaceKind.ORDINARY:
            message = f"The {known.name} workspace cannot be renamed."
            raise InvalidRequest(message)
        await self._require_free(unit, known.organization_id, name, but=known.id)

    async def _require_free(
        self, unit: Unit, organization_id: OrganizationId, name: str, *, but: WorkspaceId | None = None
    ) -> None:
        if name.casefold() in _OWN_NAMES:
            message = f"name: {name} is the name of a workspace of the platform's own"
            raise Conflict(message)
        holder = await self._store.named(unit, organization_id, name)
        if holder is not None and holder.id != but:
            message = f"name: another workspace of this organization is named {holder.name}: {holder.id}"
            raise Conflict(message)

    async def _has_no_claude_code(self, unit: Unit, organization_id: OrganizationId) -> bool:
        known = await self._store.claude_code(unit, organization_id)
        return known is None or known.is_archived

    async def _add_claude_code(self, unit: Unit, workspace: Workspace, by: Actor) -> Workspace:
        """Keep a Claude Code workspace, with everyone in it who may use Claude Code."""
        await self._add(unit, workspace, by)
        people = await self._people.by_role(unit, workspace.organization_id, {OrganizationRole.CLAUDE_CODE_USER})
        for person in people:
            await self._roles.put(
                unit, workspace.organization_id, workspace.id, person.id, CLAUDE_CODE_ROLE, self._clock.now()
            )
            await self._audit.record(
                unit,
                workspace.organization_id,
                by,
                ActivityType.WORKSPACE_MEMBER_ADDED,
                workspace_id=workspace.id,
                user_id=person.id,
                workspace_role=CLAUDE_CODE_ROLE,
            )
        return workspace

    async def _add(self, unit: Unit, workspace: Workspace, by: Actor) -> None:
        await self._store.add(unit, workspace.organization_id, workspace)
        await self._audit.record(
            unit,
            workspace.organization_id,
            by,
            ActivityType.WORKSPACE_CREATED,
            workspace_id=workspace.id,
            name=workspace.name,
        )


def _change(known: Workspace, said: WorkspaceDraft) -> Workspace:
    """Return a workspace after what was said; InvalidRequest past the rules, and for an archived one."""
    if known.is_archived:
        message = f"{known.id} is archived and cannot be changed."
        raise InvalidRequest(message)
    return apply(known, said)
