"""The use-cases of roles, which come with the platform and are only read."""

from antechamber.base.errors import NotFound
from antechamber.base.ids import OrganizationId, RbacRoleId
from antechamber.base.page import Item, PageQuery, Part, open_cursor, read_number, seal_cursor
from antechamber.base.permissions import Permission
from antechamber.features.organizations.service import Organizations
from antechamber.features.rbac.model import Role, built_in


class Roles:
    """Tells what roles there are, and what each permits."""

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations

    async def listing(self, organization_id: OrganizationId, query: PageQuery) -> Part[Role]:
        """Return a page of the roles, those of the organisation first."""
        born = (await self._organizations.me(organization_id)).created_at
        return _cut(tuple(Role(key, name, born) for key, (name, _) in built_in().items()), query, "roles")

    async def get(self, organization_id: OrganizationId, role_id: RbacRoleId) -> Role:
        """Return a role; NotFound `rbac_role_not_found`."""
        name, _ = _require(role_id)
        return Role(role_id, name, (await self._organizations.me(organization_id)).created_at)

    def permissions(self, role_id: RbacRoleId, query: PageQuery) -> Part[Permission]:
        """Return a page of what a role permits, in alphabetical order; NotFound `rbac_role_not_found`."""
        return _cut(_require(role_id)[1], query, role_id)


def _require(role_id: RbacRoleId) -> tuple[str, tuple[Permission, ...]]:
    found = built_in().get(role_id)
    if found is None:
        message = f"RBAC Role not found: {role_id}"
        raise NotFound(message, error_code="rbac_role_not_found")
    return found


def _cut(items: tuple[Item, ...], query: PageQuery, bound: str) -> Part[Item]:
    """Return the page of a list that never changes; its cursors are positions in it."""
    mark = {"list": bound}
    start = 0 if query.page is None else read_number(open_cursor(query.page, mark))
    end = start + query.limit
    return Part(items[start:end], seal_cursor(str(end), mark) if end < len(items) else None)
