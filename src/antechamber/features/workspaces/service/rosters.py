"""A page of the people in a workspace: roles given by hand, merged with those that are inherited."""

from collections.abc import Sequence

from antechamber.base.ids import UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.features.organizations.model import Member
from antechamber.features.workspaces.model import Workspace, WorkspaceMember, effective_role


def roster(
    workspace: Workspace,
    given: Sequence[tuple[UserId, WorkspaceRole]],
    inheriting: Sequence[Member],
    cursor: IdCursor,
) -> Page[WorkspaceMember]:
    """Merge the roles given by hand beyond a cursor with the inherited ones; ids descend, as they grow with time."""
    by_hand = dict(given)
    inherited = {person.id: person.role for person in inheriting if _is_beyond(person.id, cursor)}
    backwards = cursor.before_id is not None
    ids = sorted(by_hand.keys() | inherited.keys(), reverse=not backwards)
    has_more = len(ids) > cursor.limit
    ids = sorted(ids[: cursor.limit], reverse=True)
    members = (_show(workspace, user_id, inherited.get(user_id), by_hand.get(user_id)) for user_id in ids)
    return Page(tuple(members), has_more)


def _is_beyond(user_id: UserId, cursor: IdCursor) -> bool:
    if cursor.before_id is not None:
        return user_id > cursor.before_id
    return cursor.after_id is None or user_id < cursor.after_id


def _show(
    workspace: Workspace, user_id: UserId, inherits: OrganizationRole | None, given: WorkspaceRole | None
) -> WorkspaceMember:
    # a role that inherits nothing stands for all of those
    role = effective_role(workspace.kind, inherits or OrganizationRole.USER, given)
    assert role is not None  # noqa: S101 - one of the two lists has it
    return WorkspaceMember(workspace.id, user_id, role, inherited=role is not given)
