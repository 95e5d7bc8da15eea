"""The use-cases of service accounts in workspaces, from either side."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import OrganizationId, ServiceAccountId, WorkspaceId
from antechamber.base.page import open_cursor, seal_cursor
from antechamber.base.permissions import WorkspaceRole
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.accounts import (
    IMPLICIT_ROLE,
    Membership,
    ServiceAccount,
    check_workspace_role,
    effective_role,
)
from antechamber.features.federation.model.stamps import stamp
from antechamber.features.federation.service.accounts import ServiceAccounts
from antechamber.features.federation.service.lists import Part
from antechamber.features.federation.service.stores import Stores
from antechamber.features.workspaces.model import Workspace
from antechamber.features.workspaces.service import Workspaces

_STALE: Final = "page: names no membership any more; begin with the first page"


class Memberships:
    """Adds service accounts to workspaces, changes and takes back their roles, and says what one is there."""

    def __init__(
        self,
        stores: Stores,
        accounts: ServiceAccounts,
        workspaces: Workspaces,
        units: Units,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._store = stores.memberships
        self._lock = stores.accounts.lock
        self._accounts = accounts
        self._workspaces = workspaces
        self._units = units
        self._clock = clock
        self._audit = audit

    async def of_account(
        self, organization_id: OrganizationId, service_account_id: ServiceAccountId, limit: int, page: str | None
    ) -> Part[Membership]:
        """Return a page of a service account's memberships, the implicit one at the head of the first.

        NotFound; none for an archived account; InvalidRequest for a cursor whose membership is no more. Beside the
        implicit one a page has one further at least, from which the next goes on.
        """
        binding = {"list": "workspaces of", "organization_id": organization_id, "id": service_account_id}
        after = None if page is None else WorkspaceId(open_cursor(page, binding))
        async with self._units.read() as unit:
            account = await self._accounts.require(unit, organization_id, service_account_id)
            if account.archived is not None and page is None:
                return Part((), None)
            await self._require_place(unit, account, after)
            head = () if page is not None else await self._implicit(unit, account)
            room = max(limit - len(head), 1)
            found = await self._store.of_account(unit, organization_id, account.id, after, room + 1)
        shown = tuple(found[:room])
        following = seal_cursor(shown[-1].workspace_id, binding) if len(found) > room else None
        return Part((*head, *shown), following)

    async def of_workspace(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, limit: int, page: str | None
    ) -> Part[Membership]:
        """Return a page of the service accounts that were added to a workspace; errors as of `of_account`."""
        binding = {"list": "service accounts of", "organization_id": organization_id, "id": workspace_id}
        after = None if page is None else ServiceAccountId(open_cursor(page, binding))
        async with self._units.read() as unit:
            await self._live_workspace(unit, organization_id, workspace_id)
            if after is not None:
                await self._require_place(unit, await self._accounts.find(unit, organization_id, after), workspace_id)
            found = await self._store.of_workspace(unit, organization_id, workspace_id, after, limit + 1)
        shown = tuple(found[:limit])
        following = seal_cursor(shown[-1].service_account_id, binding) if len(found) > limit else None
        return Part(shown, following)

    async def get(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, service_account_id: ServiceAccountId
    ) -> Membership:
        """Return a live service account in a live workspace, the implicit membership too; NotFound, InvalidRequest."""
        async with self._units.read() as unit:
            workspace = await self._live_workspace(unit, organization_id, workspace_id)
            account = await self._accounts.require(unit, organization_id, service_account_id)
            return await self._require(unit, workspace, account)

    async def put(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
        role: WorkspaceRole,
        by: Actor,
    ) -> Membership:
        """Give a service account a role in a workspace, in place of the one it was given before.

        NotFound for either; InvalidRequest for workspace_billing, and if either is archived.
        """
        check_workspace_role(role)
        async with self._units.begin() as unit:
            workspace, account = await self._require_writable(unit, organization_id, workspace_id, service_account_id)
            known = await self._store.find(unit, organization_id, workspace.id, account.id)
            return await self._put(unit, account, known, Membership(account.id, workspace.id, role), by)

    async def change(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
        role: WorkspaceRole,
        by: Actor,
    ) -> Membership:
        """Change a role that was given; errors as of `put`, InvalidRequest for the implicit membership."""
        check_workspace_role(role)
        async with self._units.begin() as unit:
            workspace, account = await self._require_writable(unit, organization_id, workspace_id, service_account_id)
            known = await self._require(unit, workspace, account)
            if known.implicit:
                message = (
                    f"{account.id} is in the default workspace implicitly; to give it a role there, add it with "
                    f"POST /v1/organizations/workspaces/{workspace.id}/service_accounts."
                )
                raise InvalidRequest(message)
            return await self._put(unit, account, known, Membership(account.id, workspace.id, role), by)

    async def remove(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
        by: Actor,
    ) -> None:
        """Take back a role that was given, if it was; NotFound for either, InvalidRequest in an archived workspace.

        In the default workspace the implicit membership remains.
        """
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            workspace = await self._live_workspace(unit, organization_id, workspace_id)
            account = await self._accounts.require(unit, organization_id, service_account_id)
            if await self._store.find(unit, organization_id, workspace.id, account.id) is None:
                return
            await self._store.drop(unit, organization_id, workspace.id, account.id)
            act = ActivityType.SERVICE_ACCOUNT_WORKSPACE_MEMBER_REMOVED
            await self._audit.record(
                unit, organization_id, by, act, service_account_id=account.id, workspace_id=workspace.id
            )

    async def workspace_role(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> WorkspaceRole | None:
        """Return what a service account counts for in a workspace; None for nothing, and if either is archived."""
        account = await self._accounts.find(unit, organization_id, service_account_id)
        workspace = await self._workspaces.find(unit, organization_id, workspace_id)
        if account is None or account.archived is not None or workspace is None or workspace.is_archived:
            return None
        given = await self._store.find(unit, organization_id, workspace.id, account.id)
        return effective_role(workspace.kind, account.role, None if given is None else given.role)

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, ServiceAccountId]]
    ) -> Mapping[tuple[WorkspaceId, ServiceAccountId], WorkspaceRole]:
        """Return the roles given in these places of this server; `model.accounts.effective_role` says their worth."""
        return await self._store.sweep_roles(unit, places)

    async def _put(
        self, unit: Unit, account: ServiceAccount, known: Membership | None, wanted: Membership, by: Actor
    ) -> Membership:
        now = self._clock.now()
        wanted = dataclasses.replace(wanted, created_by=stamp(now, by).by if known is None else known.created_by)
        if known == wanted:
            return known
        await self._store.put(unit, account.organization_id, wanted, now)
        named = {"service_account_id": account.id, "workspace_id": wanted.workspace_id}
        if known is None:
            act = ActivityType.SERVICE_ACCOUNT_WORKSPACE_MEMBER_ADDED
            await self._audit.record(
                unit, account.organization_id, by, act, **named, workspace_role=str(wanted.role)
            )  # fmt: skip
        else:
            act = ActivityType.SERVICE_ACCOUNT_WORKSPACE_MEMBER_UPDATED
            updates = updates_of({"workspace_role": str(known.role)}, {"workspace_role": str(wanted.role)})
            await self._audit.record(unit, account.organization_id, by, act, **named, updates=updates)
        return wanted

    async def _require(self, unit: Unit, workspace: Workspace, account: ServiceAccount) -> Membership:
        given = await self._store.find(unit, account.organization_id, workspace.id, account.id)
        if given is not None and account.archived is None:
            return given
        if workspace.is_default and account.archived is None:
            return Membership(account.id, workspace.id, IMPLICIT_ROLE, implicit=True)
        message = f"{account.id} is not a member of {workspace.id}."
        raise NotFound(message)

    async def _implicit(self, unit: Unit, account: ServiceAccount) -> tuple[Membership, ...]:
        default = await self._workspaces.default(unit, account.organization_id)
        membership = await self._require(unit, default, account)
        return (membership,) if membership.implicit else ()

    async def _require_place(
        self, unit: Unit, account: ServiceAccount | None, workspace_id: WorkspaceId | None
    ) -> None:
        """Refuse a cursor whose membership is no more; the list may have gone on anywhere since."""
        if account is None or account.archived is not None:
            raise InvalidRequest(_STALE)
        if workspace_id is None:
            return
        if await self._store.find(unit, account.organization_id, workspace_id, account.id) is None:
            raise InvalidRequest(_STALE)

    async def _require_writable(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> tuple[Workspace, ServiceAccount]:
        await self._lock(unit, organization_id)
        workspace = await self._live_workspace(unit, organization_id, workspace_id)
        account = await self._accounts.require(unit, organization_id, service_account_id)
        if account.archived is not None:
            message = f"{account.id} is archived and can be in no workspace any more."
            raise InvalidRequest(message)
        return workspace, account

    async def _live_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Workspace:
        workspace = await self._workspaces.require(unit, organization_id, workspace_id)
        if workspace.is_archived:
            message = f"{workspace.id} is archived."
            raise InvalidRequest(message)
        return workspace
