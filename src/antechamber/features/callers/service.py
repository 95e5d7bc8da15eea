"""The use-case of asking who one is."""

from antechamber.base.principal import AccessToken, AdminKey, ApiKey, Holder, workspace_of
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.service import AdminKeys, ApiKeys
from antechamber.features.callers.model import (
    Credential,
    CredentialKind,
    Description,
    PersonInside,
    ServiceAccountInside,
    WorkspaceInside,
)
from antechamber.features.federation.service import ServiceAccounts
from antechamber.features.organizations.service import Members, Organizations
from antechamber.features.workspaces.service import Workspaces


class Callers:
    """Describes principals."""

    def __init__(
        self,
        units: Units,
        organizations: Organizations,
        members: Members,
        workspaces: Workspaces,
        keys: tuple[ApiKeys, AdminKeys],
        service_accounts: ServiceAccounts,
    ) -> None:
        self._units = units
        self._organizations = organizations
        self._members = members
        self._workspaces = workspaces
        self._api_keys, self._admin_keys = keys
        self._service_accounts = service_accounts

    async def describe(self, caller: Holder) -> Description:
        """Return what a principal is and may do, with the names of this moment."""
        organization = await self._organizations.me(caller.organization_id)
        admin_key_name = (
            (await self._admin_keys.get(caller.organization_id, caller.key_id)).name
            if isinstance(caller, AdminKey)
            else None
        )
        async with self._units.read() as unit:
            return Description(
                credential=await self._credential(unit, caller, admin_key_name),
                organization_id=organization.id,
                organization_name=organization.name,
                account=await self._account(unit, caller),
                workspace=await self._workspace(unit, caller),
                permissions=sorted(caller.permissions),
            )

    async def _credential(self, unit: Unit, caller: Holder, admin_key_name: str | None) -> Credential:
        if isinstance(caller, AccessToken):
            granted = tuple(caller.scope.split())
            return Credential(
                CredentialKind.ACCESS_TOKEN, caller.token_id, None, granted, caller.expires_at, caller.client_id
            )
        if isinstance(caller, AdminKey):
            scopes = caller.scopes or None
            return Credential(CredentialKind.ADMIN_KEY, caller.key_id, admin_key_name, scopes, caller.expires_at)
        known = (await self._api_keys.names(unit, caller.organization_id, [caller.key_id])).get(caller.key_id)
        return Credential(CredentialKind.API_KEY, caller.key_id, known.name if known else None, None, caller.expires_at)

    async def _account(self, unit: Unit, caller: Holder) -> PersonInside | ServiceAccountInside | None:
        if isinstance(caller, AdminKey):
            return None
        if isinstance(caller, AccessToken) and (account_id := caller.service_account_id) is not None:
            names = await self._service_accounts.names(unit, caller.organization_id, [account_id])
            return ServiceAccountInside(account_id, names.get(account_id), caller.service_account_role)
        if caller.user_id is None:
            return None
        member = (await self._members.names(unit, caller.organization_id, [caller.user_id])).get(caller.user_id)
        return None if member is None else PersonInside(member.id, member.email, member.name, member.role)

    async def _workspace(self, unit: Unit, caller: Holder) -> WorkspaceInside | None:
        workspace_id = workspace_of(caller)
        if workspace_id is None:
            return None
        found = (await self._workspaces.names(unit, caller.organization_id, [workspace_id])).get(workspace_id)
        if found is None:
            return None
        if isinstance(caller, ApiKey):
            return WorkspaceInside(workspace_id, found.name, caller.default_workspace, caller.role)
        role = caller.workspace_role if isinstance(caller, AccessToken) else None
        return WorkspaceInside(workspace_id, found.name, is_default=found.is_default, role=role)
