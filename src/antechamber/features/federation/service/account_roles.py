"""What service accounts are now, as the tokens that stand for them ask."""

from collections.abc import Collection, Mapping

from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.features.federation.model.accounts import effective_role
from antechamber.features.federation.service.accounts import ServiceAccounts
from antechamber.features.federation.service.memberships import Memberships
from antechamber.features.oauth.ports import ServiceAccountPlace
from antechamber.features.workspaces.service import Workspaces

Roles = tuple[ServiceAccountRole, WorkspaceRole | None]


class AccountRoles:
    """Says what service accounts are in their organisations and in workspaces (`oauth.ports.ServiceAccountRoles`)."""

    def __init__(self, accounts: ServiceAccounts, memberships: Memberships, workspaces: Workspaces) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._workspaces = workspaces

    async def sweep_roles(
        self, unit: Unit, places: Collection[ServiceAccountPlace]
    ) -> Mapping[ServiceAccountPlace, Roles]:
        """Return both roles of each; archived accounts and workspaces, and unknown ones, are left out."""
        if len(places) == 1:
            # one token that is seen for the first time must not cost a look at every account of the server
            (place,) = places
            found = await self._look(unit, place)
            return {} if found is None else {place: found}
        roles = await self._accounts.sweep_roles(unit)
        kinds = await self._workspaces.sweep_kinds(unit)
        bound = {(place.workspace_id, place.service_account_id) for place in places if place.workspace_id is not None}
        given = await self._memberships.sweep_roles(unit, bound)
        found_roles: dict[ServiceAccountPlace, Roles] = {}
        for place in places:
            role = roles.get((place.organization_id, place.service_account_id))
            if role is None:
                continue
            if place.workspace_id is None:
                found_roles[place] = role, None
            elif (kind := kinds.get(place.workspace_id)) is not None:
                explicit = given.get((place.workspace_id, place.service_account_id))
                found_roles[place] = role, effective_role(kind, role, explicit)
        return found_roles

    async def _look(self, unit: Unit, place: ServiceAccountPlace) -> Roles | None:
        role = await self._accounts.role_of(unit, place.organization_id, place.service_account_id)
        if role is None or place.workspace_id is None:
            return None if role is None else (role, None)
        workspace = await self._workspaces.find(unit, place.organization_id, place.workspace_id)
        if workspace is None or workspace.is_archived:
            return None
        inside = await self._memberships.workspace_role(
            unit, place.organization_id, workspace.id, place.service_account_id
        )
        return role, inside
