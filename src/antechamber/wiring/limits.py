"""Limits, joined to whom they are for, to the models that are served and to the ledger."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from antechamber.base.errors import NotFound
from antechamber.base.ids import ApiKeyId, Kind, OrganizationId, UserId, WorkspaceId, is_id
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.gateway.model import Catalogue, Endpoint
from antechamber.features.gateway.service import Models
from antechamber.features.limits.service.administration_quotas import Quotas
from antechamber.features.limits.service.administration_rates import RateLimits
from antechamber.features.limits.service.administration_spending import SpendLimits
from antechamber.features.limits.service.book import LimitBook
from antechamber.features.limits.service.holding import OwnLimits
from antechamber.features.limits.service.increases import IncreaseRequests
from antechamber.features.limits.sql import SqlIncreases, SqlLimits
from antechamber.features.organizations.model import Member
from antechamber.features.usage.ports import UsageStore
from antechamber.features.workspaces.model import Workspace
from antechamber.settings import Loaded
from antechamber.wiring.ledger_sums import LedgerSums
from antechamber.wiring.limit_tables import read_limit_tables
from antechamber.wiring.storage import Storage


class LimitHolders:
    """Whom limits are for (`limits.ports.Holders`)."""

    def __init__(self, storage: Storage) -> None:
        self._units = storage.database
        self._workspaces = storage.workspaces
        self._members = storage.members
        self._api_keys = storage.api_keys

    async def workspace(self, unit: Unit, organization_id: OrganizationId, workspace_id: str) -> Workspace:
        """Return a workspace, archived or not; NotFound."""
        _check(Kind.WORKSPACE, workspace_id, f"Workspace not found: {workspace_id}")
        return await self._workspaces.require(unit, organization_id, WorkspaceId(workspace_id))

    async def find_api_key(self, unit: Unit, organization_id: OrganizationId, api_key_id: str) -> None:
        """Return if there is such a key; NotFound."""
        message = "API key not found."
        _check(Kind.API_KEY, api_key_id, message)
        if not await self._api_keys.names(unit, organization_id, [ApiKeyId(api_key_id)]):
            raise NotFound(message)

    async def member(self, unit: Unit, organization_id: OrganizationId, user_id: str) -> Member:
        """Return someone who is a member now; NotFound."""
        message = "User not found."
        _check(Kind.USER, user_id, message)
        member = await self._members.find(unit, organization_id, UserId(user_id))
        if member is None:
            raise NotFound(message)
        return member

    async def members(self, organization_id: OrganizationId, cursor: IdCursor) -> Page[Member]:
        """Return a page of the members, newest first."""
        return await self._members.listing(organization_id, cursor)

    async def members_among(self, organization_id: OrganizationId, user_ids: Sequence[str]) -> Sequence[Member]:
        """Return those of some persons who are members now."""
        ids = [UserId(user_id) for user_id in user_ids if is_id(Kind.USER, user_id)]
        async with self._units.read() as unit:
            named = await self._members.names(unit, organization_id, ids)
        return [member for member in named.values() if member.removed_at is None]

    async def named(self, organization_id: OrganizationId, user_ids: Sequence[UserId]) -> Mapping[UserId, Member]:
        """Return persons by id, those who were removed too."""
        async with self._units.read() as unit:
            return await self._members.names(unit, organization_id, user_ids)


def _check(kind: Kind, text: str, message: str) -> None:
    # PostgreSQL has no text with a NUL in it, and would fail at the look
    if not is_id(kind, text):
        raise NotFound(message)


class CataloguedModels:
    """Which models can be asked for (`limits.ports.ServedModels`)."""

    def __init__(self, catalogue: Callable[[], Catalogue], models: Callable[[], Models]) -> None:
        self._catalogue = catalogue
        self._models = models

    def serves(self, model: str) -> bool:
        """Say whether some provider serves a model or alias of this name."""
        return self._catalogue().known_elsewhere(model) is not None

    async def names(self) -> Sequence[str]:
        """Return every name that is known to be served, aliases included."""
        models = self._models()
        lists = await asyncio.gather(models.listing(Endpoint.MESSAGES), models.listing(Endpoint.CHAT_COMPLETIONS))
        return list(dict.fromkeys(model.id for found in lists for model in found))


class Limits:
    """The book of limits in force and its administration."""

    def __init__(
        self,
        storage: Storage,
        usage: UsageStore,
        catalogue: Callable[[], Catalogue],
        models: Callable[[], Models],
    ) -> None:
        store, units, clock, audit = SqlLimits(), storage.database, storage.clock, storage.audit
        self.book = LimitBook(store, units)
        holders, served = LimitHolders(storage), CataloguedModels(catalogue, models)
        sums = LedgerSums(usage, storage.api_keys, units, clock)
        self.rates = RateLimits(store, units, clock, audit, self.book, holders, served)
        self.spends = SpendLimits(store, units, clock, storage.chance, audit, holders, sums)
        requests = SqlIncreases()
        self.increases = IncreaseRequests(requests, units, clock, storage.chance, audit, holders, self.spends)
        self.quotas = Quotas(store, units, clock, audit, holders, served)
        self.own = OwnLimits(store, units, clock, self.book, sums, sums)

    def adopt(self, loaded: Loaded, catalogue: Catalogue) -> None:
        """Take up the file's groups of models and rates; CatalogueError for bad ones, which change nothing."""
        self.book.adopt(*read_limit_tables(loaded, catalogue))
