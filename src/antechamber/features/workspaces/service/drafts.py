"""What a draft makes of a workspace, and what of that the audit log keeps."""

import dataclasses
from collections.abc import Mapping

from antechamber.base.errors import InvalidRequest
from antechamber.features.workspaces.model import (
    Workspace,
    WorkspaceDraft,
    check_color,
    check_name,
    merge_tags,
    settle_residency,
)


def apply(known: Workspace, said: WorkspaceDraft) -> Workspace:
    """Return the workspace after what was said; InvalidRequest past the rules."""
    _refuse_attachments(known, said)
    return dataclasses.replace(
        known,
        name=known.name if said.name is None else check_name(said.name),
        display_color=known.display_color if said.display_color is None else check_color(said.display_color),
        tags=known.tags if said.tags is None else merge_tags(known.tags, said.tags),
        data_residency=known.data_residency
        if said.data_residency is None
        else settle_residency(known.data_residency, said.data_residency),
        external_key_id=known.external_key_id if said.external_key_id is None else said.external_key_id,
    )


def _refuse_attachments(known: Workspace, said: WorkspaceDraft) -> None:
    """Refuse a second external key, and user profiles, of which there are none."""
    if said.external_key_id is not None and known.external_key_id not in (None, said.external_key_id):
        message = f"external_key_id: {known.id} is tied to {known.external_key_id}, which can't be replaced."
        raise InvalidRequest(message)
    if said.user_profile_id is not None:
        if known.is_default:
            message = "user_profile_id: the default workspace cannot have a user profile."
            raise InvalidRequest(message)
        message = f"user_profile_id: there is no user profile {said.user_profile_id}"
        raise InvalidRequest(message, error_code="user_profile_not_found")


def shown(workspace: Workspace) -> Mapping[str, object]:
    """Return what may change of a workspace, as the audit log tells it."""
    residency = workspace.data_residency
    return {
        "name": workspace.name,
        "display_color": workspace.display_color,
        "tags": dict(workspace.tags),
        "allowed_inference_geos": "unrestricted" if residency.allowed is None else list(residency.allowed),
        "default_inference_geo": residency.default,
        "external_key_id": workspace.external_key_id,
    }
