"""The use-cases of service accounts."""

import dataclasses
from collections.abc import Collection, Mapping

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, ServiceAccountId, is_id, mint
from antechamber.base.permissions import ServiceAccountRole
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.accounts import (
    AccountChange,
    AccountDraft,
    Keep,
    ServiceAccount,
    check_role_giver,
)
from antechamber.features.federation.model.stamps import check_description, check_name, stamp
from antechamber.features.federation.service.lists import Book, ListQuery, Part
from antechamber.features.federation.service.stores import Stores


class ServiceAccounts:
    """Makes, finds, changes and archives service accounts."""

    def __init__(self, stores: Stores, units: Units, clock: Clock, chance: Chance, audit: Audit) -> None:
        self._store = stores.accounts
        self._rules = stores.rules
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(self, organization_id: OrganizationId, draft: AccountDraft, by: Actor) -> ServiceAccount:
        """Make one; InvalidRequest past the rules, Conflict for a name in use, PermissionDenied for who gives admin."""
        check_role_giver(draft.role, by)
        made = stamp(self._clock.now(), by)
        account = ServiceAccount(
            id=ServiceAccountId(mint(Kind.SERVICE_ACCOUNT, self._clock, self._chance)),
            organization_id=organization_id,
            name=check_name(draft.name),
            description=check_description(draft.description),
            role=draft.role,
            created=made,
            updated=made,
        )
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            if (holder := await self._store.named(unit, organization_id, account.name)) is not None:
                message = f"name: another service account of this organization is named {holder.name}: {holder.id}"
                raise Conflict(message)
            await self._store.add(unit, organization_id, account)
            await self._record(
                unit, account, by, ActivityType.SERVICE_ACCOUNT_CREATED, name=account.name,
                organization_role=account.role,
            )  # fmt: skip
        return account

    async def listing(self, organization_id: OrganizationId, query: ListQuery) -> Part[ServiceAccount]:
        """Return a page of service accounts, newest first."""
        book = Book(Kind.SERVICE_ACCOUNT, organization_id, query)
        asked = book.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, asked)
        return book.part(found, lambda account: (account.created, account.id))

    async def get(self, organization_id: OrganizationId, service_account_id: ServiceAccountId) -> ServiceAccount:
        """Return one, archived or not; NotFound."""
        async with self._units.read() as unit:
            return await self.require(unit, organization_id, service_account_id)

    async def require(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> ServiceAccount:
        """Return one, archived or not, in the caller's transaction; NotFound."""
        account = await self.find(unit, organization_id, service_account_id)
        if account is None:
            message = f"Service account not found: {service_account_id}"
            raise NotFound(message)
        return account

    async def find(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> ServiceAccount | None:
        """Return one, archived or not, in the caller's transaction."""
        if not is_id(Kind.SERVICE_ACCOUNT, service_account_id):
            return None
        return await self._store.find(unit, organization_id, service_account_id)

    async def names(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ServiceAccountId]
    ) -> Mapping[ServiceAccountId, str]:
        """Return the names of those of these that the organisation has, archived ones too."""
        return {account.id: account.name for account in await self._store.several(unit, organization_id, ids)}

    async def role_of(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> ServiceAccountRole | None:
        """Return what a live service account is in its organisation; None for an archived one."""
        account = await self.find(unit, organization_id, service_account_id)
        return None if account is None or account.archived is not None else account.role

    async def sweep_roles(self, unit: Unit) -> Mapping[tuple[OrganizationId, ServiceAccountId], ServiceAccountRole]:
        """Return the role of every live service account of this server."""
        return await self._store.sweep_roles(unit)

    async def update(
        self,
        organization_id: OrganizationId,
        service_account_id: ServiceAccountId,
        change: AccountChange,
        by: Actor,
    ) -> ServiceAccount:
        """Change what was said of a live one; NotFound, InvalidRequest, PermissionDenied as of `create`."""
        if change.role is not Keep.IT:
            check_role_giver(change.role, by)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require(unit, organization_id, service_account_id)
            if known.archived is not None:
                message = f"{known.id} is archived and cannot be changed; create a new service account."
                raise InvalidRequest(message)
            description = known.description if change.description is Keep.IT else check_description(change.description)
            role = known.role if change.role is Keep.IT else change.role
            changed = dataclasses.replace(known, description=description, role=role)
            if changed == known:
                return known
            changed = dataclasses.replace(changed, updated=stamp(self._clock.now(), by))
            await self._store.save(unit, organization_id, changed)
            updates = updates_of(_shown(known), _shown(changed))
            await self._record(unit, changed, by, ActivityType.SERVICE_ACCOUNT_UPDATED, updates=updates)
            return changed

    async def archive(
        self, organization_id: OrganizationId, service_account_id: ServiceAccountId, by: Actor
    ) -> ServiceAccount:
        """End one for good, and its credentials with it; again, it changes nothing.

        NotFound; InvalidRequest while a live rule stands for it.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self.require(unit, organization_id, service_account_id)
            if known.archived is not None:
                return known
            if rules := await self._rules.live(unit, organization_id, service_account_id=known.id):
                names = ", ".join(rule.name for rule in rules)
                message = (
                    f"{known.id} is the target of live federation rules ({names}); archive or retarget them first."
                )
                raise InvalidRequest(message)
            ended = stamp(self._clock.now(), by)
            archived = dataclasses.replace(known, updated=ended, archived=ended)
            await self._store.save(unit, organization_id, archived)
            await self._record(unit, archived, by, ActivityType.SERVICE_ACCOUNT_ARCHIVED, name=known.name)
            return archived

    async def _record(
        self, unit: Unit, account: ServiceAccount, by: Actor, act: ActivityType, **details: object
    ) -> None:
        await self._audit.record(
            unit, account.organization_id, by, act, service_account_id=account.id, **details
        )  # fmt: skip


def _shown(account: ServiceAccount) -> Mapping[str, object]:
    return {"description": account.description, "organization_role": str(account.role)}
