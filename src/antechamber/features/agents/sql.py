"""Agents in the database."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, Row, Select, Table, insert, select, update

from antechamber.base.ids import AgentId, OrganizationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.agents.model import Agent, pack, unpack

agents: Final = Table(
    "agents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Index("ix_agents_workspace_id", "workspace_id", "created_at"),
)
agent_versions: Final = Table(
    "agent_versions",
    metadata,
    Column("agent_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("organization_id", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)


class SqlAgents:
    """The store of agents."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep the first version of a new agent."""
        values = {"id": agent.id, "workspace_id": agent.workspace_id, "created_at": agent.created_at}
        statement = insert(agents).values(organization_id=organization_id, version=agent.version, **values)
        await connection(unit).execute(statement)
        await self._add_version(unit, organization_id, agent)

    async def save(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep a further version, which becomes the present one."""
        here = (agents.c.organization_id == organization_id, agents.c.id == agent.id)
        await connection(unit).execute(update(agents).where(*here).values(version=agent.version))
        await self._add_version(unit, organization_id, agent)

    async def archive(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep when an agent was archived."""
        here = (agents.c.organization_id == organization_id, agents.c.id == agent.id)
        await connection(unit).execute(update(agents).where(*here).values(archived_at=agent.archived_at))

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId
    ) -> Agent | None:
        """Return the present version, archived or not."""
        query = _of(organization_id, workspace_id).where(_present(), agents.c.id == agent_id)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def version(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId, version: int
    ) -> Agent | None:
        """Return one version."""
        query = _of(organization_id, workspace_id).where(agents.c.id == agent_id, agent_versions.c.version == version)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        asked: Asked,
        *,
        archived: bool,
        since: int | None,
        until: int | None,
    ) -> Sequence[Agent]:
        """Return present versions, newest agent first; `since` and `until` bound when the agent was made."""
        query = _of(organization_id, workspace_id).where(_present())
        if not archived:
            query = query.where(agents.c.archived_at.is_(None))
        if since is not None:
            query = query.where(agents.c.created_at >= since)
        if until is not None:
            query = query.where(agents.c.created_at <= until)
        rows = await connection(unit).execute(page_of(query, (agents.c.created_at, agents.c.id), asked))
        return [_read(row) for row in rows]

    async def versions(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        *,
        before: int | None,
        limit: int,
    ) -> Sequence[Agent]:
        """Return versions below `before`, newest first."""
        query = _of(organization_id, workspace_id).where(agents.c.id == agent_id)
        if before is not None:
            query = query.where(agent_versions.c.version < before)
        rows = await connection(unit).execute(query.order_by(agent_versions.c.version.desc()).limit(limit))
        return [_read(row) for row in rows]

    async def _add_version(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        statement = insert(agent_versions).values(
            agent_id=agent.id,
            version=agent.version,
            organization_id=organization_id,
            definition=json.dumps(pack(agent.definition), separators=(",", ":")),
            created_at=agent.updated_at,
        )
        await connection(unit).execute(statement)


def _of(organization_id: OrganizationId, workspace_id: WorkspaceId) -> Select[Any]:
    return (
        select(
            agents.c.id,
            agents.c.organization_id,
            agents.c.workspace_id,
            agents.c.created_at,
            agents.c.archived_at,
            agent_versions.c.version,
            agent_versions.c.definition,
            agent_versions.c.created_at.label("updated_at"),
        )
        .join_from(agents, agent_versions, agent_versions.c.agent_id == agents.c.id)
        .where(agents.c.organization_id == organization_id, agents.c.workspace_id == workspace_id)
    )


def _present() -> Any:  # noqa: ANN401 - SQLAlchemy's own expression
    return agent_versions.c.version == agents.c.version


def _read(row: Row[Any]) -> Agent:
    return Agent(
        id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        version=row.version,
        definition=unpack(json.loads(row.definition)),
        created_at=row.created_at,
        updated_at=row.updated_at,
        archived_at=row.archived_at,
    )
