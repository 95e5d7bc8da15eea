"""What a caller of sessions may see."""

from antechamber.base.principal import EnvironmentKey, Tenant, WorkToken
from antechamber.features.sessions.model.sessions import Reach


def reach_of(caller: Tenant) -> Reach:
    """Return the workspace of a caller; of a worker only its environment, or its one session."""
    place = (caller.organization_id, caller.workspace_id)
    if isinstance(caller, WorkToken):
        return Reach(*place, caller.environment_id, caller.session_id)
    if isinstance(caller, EnvironmentKey):
        return Reach(*place, caller.environment_id)
    return Reach(*place)
