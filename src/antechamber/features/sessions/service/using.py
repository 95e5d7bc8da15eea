"""What using a session means to its container: one that a limit stopped is started again."""

from antechamber.base.ids import OrganizationId, SessionId
from antechamber.base.unit import Unit
from antechamber.features.sessions.model.containers import ContainerState
from antechamber.features.sessions.ports.stores import ContainerStore


async def use(
    store: ContainerStore, unit: Unit, organization_id: OrganizationId, session_id: SessionId, now: int
) -> bool:
    """Let a stopped container start again, and return whether it was one; its keeper is to be woken then."""
    known = await store.find(unit, organization_id, session_id)
    if known is None or known.state is not ContainerState.STOPPED:
        return False
    await store.put(unit, organization_id, known.lost(now))
    return True
