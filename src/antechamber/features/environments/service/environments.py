"""Environments made, found, changed, archived and deleted (wire-agents.md 2)."""

import dataclasses
from dataclasses import dataclass

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict
from antechamber.base.ids import EnvironmentId, Kind, OrganizationId, WorkspaceId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.configs import new_config, settle_config, to_plain
from antechamber.features.environments.model.environments import (
    ARCHIVED,
    Change,
    Environment,
    EnvironmentDraft,
    Revision,
    Unsaid,
    check_description,
    check_name,
    merge_metadata,
)
from antechamber.features.environments.ports.environments import EnvironmentEffects, EnvironmentStore, SessionsCounted


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands on environments, as they see it."""

    sessions: SessionsCounted
    effects: EnvironmentEffects


class Environments:
    """Makes, finds, changes, archives and deletes environments."""

    def __init__(
        self,
        store: EnvironmentStore,
        neighbours: Neighbours,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._store = store
        self._sessions = neighbours.sessions
        self._effects = neighbours.effects
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, said: EnvironmentDraft, by: Actor
    ) -> Environment:
        """Make an environment; InvalidRequest past the rules, StateConflict for a name that a live one has."""
        now = self._clock.now()
        environment = Environment(
            id=EnvironmentId(mint(Kind.ENVIRONMENT, self._clock, self._chance)),
            organization_id=organization_id,
            workspace_id=workspace_id,
            name=check_name(said.name or ""),
            description=None if said.description is Unsaid.KEEP else check_description(said.description),
            config=new_config(said.config),
            metadata=merge_metadata({}, said.metadata),
            created_at=now,
            updated_at=now,
        )
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._require_free(unit, environment)
            await self._store.add(unit, organization_id, environment)
            await self._note(unit, environment, Change.CREATED, by)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.ENVIRONMENT_CREATED,
                environment_id=environment.id,
                workspace_id=workspace_id,
                name=environment.name,
                config=to_plain(environment.config),
            )
        return environment

    async def listing(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, query: PageQuery, *, archived: bool = False
    ) -> Part[Environment]:
        """Return a page, newest first; InvalidRequest for a cursor of no list, or of another."""
        paging = Paging(Kind.ENVIRONMENT, query, workspace_id=workspace_id, archived=archived)
        asked = paging.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, workspace_id, asked, archived=archived)
        return paging.part(found, lambda environment: (environment.created_at, environment.id))

    async def get(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Return an environment, archived or not; NotFound."""
        async with self._units.read() as unit:
            return await self.require(unit, organization_id, workspace_id, environment_id)

    async def require(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Return an environment, archived or not, in the caller's transaction; NotFound."""
        environment = None
        if is_id(Kind.ENVIRONMENT, environment_id):
            environment = await self._store.find(unit, organization_id, workspace_id, environment_id)
        if environment is None:
            message = f"Environment not found: {environment_id}"
            raise NotFound(message)
        return environment

    async def resolve(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Return an environment from which something new may start; NotFound, InvalidRequest for an archived one."""
        async with self._units.read() as unit:
            return await self.require_live(unit, organization_id, workspace_id, environment_id)

    async def require_live(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Do what `resolve` does in the caller's transaction, which holds the organisation's lock if it writes."""
        environment = await self.require(unit, organization_id, workspace_id, environment_id)
        if environment.is_archived:
            message = f"{environment_id} is archived: nothing new starts from it, and it cannot be changed."
            raise InvalidRequest(message, error_code=ARCHIVED)
        return environment

    async def update(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        said: EnvironmentDraft,
        by: Actor,
    ) -> Environment:
        """Change what was said of a live environment, for containers that start from now on.

        NotFound, InvalidRequest past the rules or when it is archived, StateConflict for a name that another live
        one has.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require_live(unit, organization_id, workspace_id, environment_id)
            changed = _apply(known, said)
            if changed == known:
                return known
            if changed.name != known.name:
                await self._require_free(unit, changed)
            changed = dataclasses.replace(changed, updated_at=self._clock.now(), revision=known.revision + 1)
            await self._store.save(unit, organization_id, changed)
            await self._note(unit, changed, Change.UPDATED, by)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.ENVIRONMENT_UPDATED,
                environment_id=environment_id,
                workspace_id=workspace_id,
                updates=updates_of(_shown(known), _shown(changed)),
            )
            return changed

    async def archive(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        by: Actor,
    ) -> Environment:
        """Archive an environment for good, which frees its name; again, it changes nothing. NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require(unit, organization_id, workspace_id, environment_id)
            if known.is_archived:
                return known
            now = self._clock.now()
            archived = dataclasses.replace(known, archived_at=now, updated_at=now, revision=known.revision + 1)
            await self._store.save(unit, organization_id, archived)
            await self._note(unit, archived, Change.ARCHIVED, by)
            await self._record_end(unit, archived, ActivityType.ENVIRONMENT_ARCHIVED, by)
            await self._effects.archived(unit, organization_id, environment_id, by)
            return archived

    async def delete(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        by: Actor,
    ) -> None:
        """Remove an environment with its history; NotFound, StateConflict while undeleted sessions refer to it."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require(unit, organization_id, workspace_id, environment_id)
            count = await self._sessions.count(unit, organization_id, environment_id)
            if count:
                sessions = "1 session refers" if count == 1 else f"{count} sessions refer"
                message = f"{environment_id} cannot be deleted: {sessions} to it. Delete them first, or archive it."
                raise StateConflict(message, details={"session_count": count})
            await self._effects.removed(unit, organization_id, environment_id, by)
            await self._store.drop(unit, organization_id, environment_id)
            await self._record_end(unit, known, ActivityType.ENVIRONMENT_DELETED, by)

    async def _require_free(self, unit: Unit, environment: Environment) -> None:
        holder = await self._store.named(unit, environment.organization_id, environment.workspace_id, environment.name)
        if holder is not None and holder != environment.id:
            message = f"name: another environment of this workspace is named {environment.name!r}: {holder}"
            raise StateConflict(message)

    async def _note(self, unit: Unit, environment: Environment, change: Change, by: Actor) -> None:
        revision = Revision(
            number=environment.revision,
            change=change,
            changed_at=environment.updated_at,
            by=by,
            name=environment.name,
            description=environment.description,
            config=environment.config,
            metadata=environment.metadata,
        )
        await self._store.add_revision(unit, environment.organization_id, environment.id, revision)

    async def _record_end(self, unit: Unit, environment: Environment, act: ActivityType, by: Actor) -> None:
        await self._audit.record(
            unit,
            environment.organization_id,
            by,
            act,
            environment_id=environment.id,
            workspace_id=environment.workspace_id,
            name=environment.name,
        )


def _apply(known: Environment, said: EnvironmentDraft) -> Environment:
    return dataclasses.replace(
        known,
        name=known.name if said.name is None else check_name(said.name),
        description=known.description if said.description is Unsaid.KEEP else check_description(said.description),
        config=settle_config(known.config, said.config),
        metadata=merge_metadata(known.metadata, said.metadata),
    )


def _shown(environment: Environment) -> dict[str, object]:
    return {
        "name": environment.name,
        "description": environment.description,
        "config": to_plain(environment.config),
        "metadata": dict(environment.metadata),
    }
