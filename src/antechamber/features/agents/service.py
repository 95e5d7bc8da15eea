"""The use-cases of agents (wire-agents.md 3)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict
from antechamber.base.ids import AgentId, Kind, OrganizationId, WorkspaceId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.agents.model import Agent, Definition, changed, check
from antechamber.features.agents.ports import AgentStore, OverridesReading
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit


@dataclass(frozen=True, slots=True)
class AgentQuery:
    """What a caller asks of the list of agents; `since` and `until` are instants, both included."""

    page: PageQuery
    archived: bool = False
    since: int | None = None
    until: int | None = None


class Agents:
    """Makes agents, tells and changes them, and archives them."""

    def __init__(
        self,
        store: AgentStore,
        overrides: OverridesReading,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._store = store
        self._overrides = overrides
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, definition: Definition, by: Actor
    ) -> Agent:
        """Make an agent, version 1; InvalidRequest past the rules."""
        check(definition)
        now = self._clock.now()
        agent_id = AgentId(mint(Kind.AGENT, self._clock, self._chance))
        agent = Agent(agent_id, organization_id, workspace_id, 1, definition, now, now)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._store.add(unit, organization_id, agent)
            await self._record(unit, agent, ActivityType.AGENT_CREATED, by)
        return agent

    async def get(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        version: int | None = None,
    ) -> Agent:
        """Return an agent, archived or not, as it is or as it was in a version; NotFound."""
        async with self._units.read() as unit:
            agent = await self._require(unit, organization_id, workspace_id, agent_id)
            if version is None or version == agent.version:
                return agent
            older = await self._store.version(unit, organization_id, workspace_id, agent_id, version)
        if older is None:
            message = "Agent version not found."
            raise NotFound(message)
        return older

    async def resolve(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        version: int | None,
    ) -> Agent:
        """Return the version that a session is to start from; NotFound, InvalidRequest for an archived agent."""
        agent = await self._require(unit, organization_id, workspace_id, agent_id)
        if agent.is_archived:
            message = f"agent: {agent_id} is archived; no session starts from it"
            raise InvalidRequest(message)
        if version is None or version == agent.version:
            return agent
        older = await self._store.version(unit, organization_id, workspace_id, agent_id, version)
        if older is None:
            message = f"agent.version: {version} not found"
            raise NotFound(message)
        return older

    def overridden(self, definition: Definition, said: Mapping[str, Any]) -> Definition:
        """Return a definition with what a session says in place of parts of it; InvalidRequest past the rules."""
        return check(changed(definition, self._overrides.read(said))) if said else definition

    async def listing(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, query: AgentQuery
    ) -> Part[Agent]:
        """Return a page of agents, newest first."""
        paging = Paging(
            Kind.AGENT, query.page, workspace=workspace_id, archived=query.archived, since=query.since,
            until=query.until,
        )  # fmt: skip
        async with self._units.read() as unit:
            found = await self._store.listing(
                unit,
                organization_id,
                workspace_id,
                paging.asked(),
                archived=query.archived,
                since=query.since,
                until=query.until,
            )
        return paging.part(found, lambda agent: (agent.created_at, agent.id))

    async def versions(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId, query: PageQuery
    ) -> Part[Agent]:
        """Return a page of an agent's versions, newest first; NotFound."""
        bound = {"list": "versions", "agent": agent_id}
        before = None if query.page is None else read_number(open_cursor(query.page, bound))
        async with self._units.read() as unit:
            await self._require(unit, organization_id, workspace_id, agent_id)
            found = await self._store.versions(
                unit, organization_id, workspace_id, agent_id, before=before, limit=query.limit + 1
            )
        shown = tuple(found[: query.limit])
        return Part(shown, None if len(found) <= query.limit else seal_cursor(str(shown[-1].version), bound))

    async def update(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        changes: Mapping[str, Any],
        by: Actor,
        *,
        version: int | None = None,
    ) -> Agent:
        """Make the next version of an agent; what changes nothing makes none.

        NotFound; InvalidRequest for an archived one or past the rules; StateConflict when `version` is not the
        present one.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._require(unit, organization_id, workspace_id, agent_id)
            if known.is_archived:
                message = "Cannot modify archived agent"
                raise InvalidRequest(message)
            if version is not None and version != known.version:
                message = f"Concurrent modification detected: the agent is at version {known.version}, not {version}."
                raise StateConflict(message)
            definition = check(changed(known.definition, changes))
            if definition == known.definition:
                return known
            now = self._clock.now()
            agent = dataclasses.replace(known, version=known.version + 1, definition=definition, updated_at=now)
            await self._store.save(unit, organization_id, agent)
            await self._record(unit, agent, ActivityType.AGENT_UPDATED, by)
            return agent

    async def archive(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId, by: Actor
    ) -> Agent:
        """Archive an agent for good; NotFound. One that is archived stays as it is."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._require(unit, organization_id, workspace_id, agent_id)
            if known.is_archived:
                return known
            agent = dataclasses.replace(known, archived_at=self._clock.now())
            await self._store.archive(unit, organization_id, agent)
            await self._record(unit, agent, ActivityType.AGENT_ARCHIVED, by)
            return agent

    async def _require(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId
    ) -> Agent:
        found = None
        if is_id(Kind.AGENT, agent_id):
            found = await self._store.find(unit, organization_id, workspace_id, agent_id)
        if found is None:
            message = f"Agent not found: {agent_id}"
            raise NotFound(message)
        return found

    async def _record(self, unit: Unit, agent: Agent, what: ActivityType, by: Actor) -> None:
        await self._audit.record(
            unit,
            agent.organization_id,
            by,
            what,
            agent_id=agent.id,
            name=agent.definition.name,
            version=agent.version,
            workspace_id=agent.workspace_id,
        )
