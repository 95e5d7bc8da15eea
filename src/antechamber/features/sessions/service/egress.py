"""What the egress proxy decided for a session's container."""

from collections.abc import Mapping, Sequence

from antechamber.base.errors import NotFound
from antechamber.base.ids import Kind, SessionId, is_id
from antechamber.base.page import PageQuery, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.environments.ports.sandboxes import EgressLog
from antechamber.features.sessions.model.sessions import Reach, Session
from antechamber.features.sessions.ports.stores import SessionStore


async def require(store: SessionStore, unit: Unit, reach: Reach, session_id: SessionId) -> Session:
    """Return a session that the caller may see; NotFound, in the same words for one of somebody else."""
    found = (
        await store.find(unit, reach.organization_id, reach, session_id) if is_id(Kind.SESSION, session_id) else None
    )
    if found is None:
        message = f"Session not found: {session_id}"
        raise NotFound(message)
    return found


class SessionEgress:
    """Reads the egress log by session."""

    def __init__(self, store: SessionStore, log: EgressLog, units: Units) -> None:
        self._store = store
        self._log = log
        self._units = units

    async def listing(
        self, reach: Reach, session_id: SessionId, query: PageQuery
    ) -> tuple[Sequence[Mapping[str, object]], str | None]:
        """Return decisions, oldest first, and the cursor of what follows; NotFound."""
        bound = {"list": "egress", "session": session_id}
        after = 0 if query.page is None else read_number(open_cursor(query.page, bound))
        async with self._units.read() as unit:
            await require(self._store, unit, reach, session_id)
        found = await self._log.read(session_id, after=after, limit=query.limit + 1)
        shown = found[: query.limit]
        if len(found) <= query.limit:
            return shown, None
        return shown, seal_cursor(str(shown[-1]["sequence"]), bound)
