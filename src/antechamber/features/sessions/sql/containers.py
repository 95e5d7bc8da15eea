"""The store of what should become of containers."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, SessionId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.upserts import insert_into
from antechamber.features.sessions.model.containers import Container, ContainerState
from antechamber.features.sessions.sql.tables import session_containers

_MOST_AT_ONCE = 500  # bound variables, of which databases take some thousands


class SqlContainers:
    """Keeps which containers there should be."""

    async def put(self, unit: Unit, organization_id: OrganizationId, container: Container) -> None:
        """Keep what should become of a session's container, in place of what was to before."""
        link = connection(unit)
        values = {
            "workspace_id": container.workspace_id,
            "node": container.node,
            "state": container.state,
            "base": container.base,
            "layers": json.dumps(list(container.layers)),
            "problem": container.problem,
            "attempts": container.attempts,
            "due_at": container.due_at,
            "updated_at": container.updated_at,
        }
        statement = insert_into(session_containers, link).values(
            session_id=container.session_id, organization_id=organization_id, **values
        )
        await link.execute(statement.on_conflict_do_update(index_elements=["session_id"], set_=values))

    async def drop(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> None:
        """Forget a container that is no more."""
        await connection(unit).execute(delete(session_containers).where(*_here(organization_id, session_id)))

    async def find(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> Container | None:
        """Return a session's container."""
        query = select(session_containers).where(*_here(organization_id, session_id))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def several(
        self, unit: Unit, organization_id: OrganizationId, session_ids: Collection[SessionId]
    ) -> Mapping[SessionId, Container]:
        """Return the containers of these sessions."""
        found: dict[SessionId, Container] = {}
        waiting = list(session_ids)
        for first in range(0, len(waiting), _MOST_AT_ONCE):
            part = waiting[first : first + _MOST_AT_ONCE]
            tenant = session_containers.c.organization_id == organization_id
            query = select(session_containers).where(tenant, session_containers.c.session_id.in_(part))
            found.update({row.session_id: _read(row) for row in await connection(unit).execute(query)})
        return found

    async def sweep_due(self, unit: Unit, node: str, now: int) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, for which there is something to do."""
        return await _sweep(unit, node, ContainerState.PENDING, ContainerState.REMOVING, due=now)

    async def sweep_running(self, unit: Unit, node: str) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, that are held to run."""
        return await _sweep(unit, node, ContainerState.RUNNING)

    async def sweep_failed(self, unit: Unit, node: str) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, that could not be made."""
        return await _sweep(unit, node, ContainerState.FAILED)


def _here(organization_id: OrganizationId, session_id: SessionId) -> tuple[ColumnElement[bool], ...]:
    return session_containers.c.organization_id == organization_id, session_containers.c.session_id == session_id


async def _sweep(unit: Unit, node: str, *states: ContainerState, due: int | None = None) -> list[Container]:
    named = session_containers.c.state.in_([str(state) for state in states])
    query = select(session_containers).where(session_containers.c.node == node, named)
    if due is not None:
        query = query.where(session_containers.c.due_at <= due)
    rows = await connection(unit).execute(query.order_by(session_containers.c.updated_at))
    return [_read(row) for row in rows]


def _read(row: Row[Any]) -> Container:
    return Container(
        session_id=row.session_id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        node=row.node,
        state=ContainerState(row.state),
        updated_at=row.updated_at,
        base=row.base,
        layers=tuple(json.loads(row.layers)),
        problem=row.problem,
        attempts=row.attempts,
        due_at=row.due_at,
    )
