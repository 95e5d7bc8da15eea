"""The first run: an organisation, its Default workspace, its first keys and the link for its first admin."""

from dataclasses import dataclass

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.database.locks import lock_founding
from antechamber.features.accounts.service import Accounts
from antechamber.features.apikeys.model import AdminDraft, Draft
from antechamber.features.apikeys.service import AdminKeys, ApiKeys
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.service import Organizations
from antechamber.features.workspaces.service import Workspaces


@dataclass(frozen=True, slots=True)
class Founded:
    """What a first run made; the secrets exist nowhere else."""

    organization_id: OrganizationId
    workspace_id: str
    admin_email: str | None
    setup_secret: Secret
    admin_key: Secret | None
    api_key: Secret | None


class Founder:
    """Makes organisations whole, in one transaction each."""

    def __init__(
        self,
        organizations: Organizations,
        workspaces: Workspaces,
        accounts: Accounts,
        api_keys: ApiKeys,
        admin_keys: AdminKeys,
        audit: Audit,
        units: Units,
    ) -> None:
        self._organizations = organizations
        self._workspaces = workspaces
        self._accounts = accounts
        self._api_keys = api_keys
        self._admin_keys = admin_keys
        self._audit = audit
        self._units = units

    async def found_first(
        self, name: str, admin_email: str | None, *, admin_key: bool, api_key: bool
    ) -> Founded | None:
        """Make the first organisation; None when there is one, though another founds it at this moment."""
        async with self._units.begin() as unit:
            await lock_founding(unit)
            if await self._organizations.everyone(unit):
                return None
            return await self._found(unit, name, admin_email, admin_key=admin_key, api_key=api_key)

    async def found(self, name: str, admin_email: str | None, *, admin_key: bool, api_key: bool) -> Founded:
        """Make an organisation, with the keys that are asked for."""
        async with self._units.begin() as unit:
            return await self._found(unit, name, admin_email, admin_key=admin_key, api_key=api_key)

    async def _found(
        self, unit: Unit, name: str, admin_email: str | None, *, admin_key: bool, api_key: bool
    ) -> Founded:
        organization = await self._organizations.create(unit, name)
        workspace = await self._workspaces.create_default(unit, organization.id)
        await self._audit.record(
            unit,
            organization.id,
            OPERATOR,
            ActivityType.ORGANIZATION_CREATED,
            name=organization.name,
            workspace_id=workspace.id,
        )
        link, setup_secret = await self._accounts.create_setup_link(unit, organization.id, admin_email)
        made_admin = made_api = None
        if admin_key:
            _, made_admin = await self._admin_keys.make(unit, organization.id, AdminDraft("First admin key"), OPERATOR)
        if api_key:
            _, made_api = await self._api_keys.make(unit, organization.id, Draft("First API key"), OPERATOR)
        return Founded(
            organization_id=organization.id,
            workspace_id=workspace.id,
            admin_email=link.email,
            setup_secret=setup_secret,
            admin_key=made_admin,
            api_key=made_api,
        )

    async def another_api_key(self, organization_id: OrganizationId, name: str) -> Secret:
        """Make one more ownerless key of the Default workspace."""
        _, secret = await self._api_keys.create(organization_id, Draft(name), OPERATOR)
        return secret
