"""Who may come to keys' endpoints, and how far their hand reaches."""

from typing import Annotated, TypeAlias

from antechamber.base.ids import UserId
from antechamber.base.permissions import OrganizationRole, Permission
from antechamber.base.principal import AccessToken, Administrator
from antechamber.http.needs import Needs

Reader: TypeAlias = Annotated[Administrator, Needs(Permission.API_KEYS_READ)]
Writer: TypeAlias = Annotated[Administrator, Needs(Permission.API_KEYS_WRITE)]


def within(caller: Administrator) -> UserId | None:
    """Return the person whose roles in workspaces bound what they do; None for the organisation's admins and keys."""
    bounded = isinstance(caller, AccessToken) and caller.role not in {None, OrganizationRole.ADMIN}
    return caller.user_id if isinstance(caller, AccessToken) and bounded else None
