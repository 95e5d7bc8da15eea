"""Fields that federation's resources share on the wire."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, WithJsonSchema

from antechamber.base.clock import to_rfc3339
from antechamber.features.federation.model.stamps import Stamp
from antechamber.http.bodies import Body


class ResourceBody(BaseModel):
    """What every resource has; who did what when is told by `user_` or `svac_` ids, null for the operator."""

    id: str
    type: str
    name: str
    created_at: str
    created_by_actor_id: str | None
    updated_at: str
    updated_by_actor_id: str | None
    archived_at: str | None
    archived_by_actor_id: str | None


class NothingBody(Body):
    """`{}`: what archiving takes, if anything."""


def _refuse(value: object) -> object:
    del value
    message = "cannot be changed; archive this one and create another"
    raise ValueError(message)


# a field of a resource that an update may not name
Immutable: TypeAlias = Annotated[Any, BeforeValidator(_refuse), WithJsonSchema({"not": {}})]
RoleName: TypeAlias = Literal[
    "workspace_admin", "workspace_developer", "workspace_restricted_developer", "workspace_user"
]


def show_stamps(created: Stamp, updated: Stamp, archived: Stamp | None) -> dict[str, str | None]:
    """Return when and by whom a resource was made, changed and archived."""
    return {
        "created_at": to_rfc3339(created.at),
        "created_by_actor_id": created.by,
        "updated_at": to_rfc3339(updated.at),
        "updated_by_actor_id": updated.by,
        "archived_at": None if archived is None else to_rfc3339(archived.at),
        "archived_by_actor_id": None if archived is None else archived.by,
    }
