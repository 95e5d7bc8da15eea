"""Rate limits as administrators see and set them: the organisation's, a workspace's, a key's, a person's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import OrganizationId
from antechamber.base.page import open_cursor, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.limits.model.definitions import Limiter, RateRule, Scope, check_rates
from antechamber.features.limits.model.entries import HolderEntry, RateEntry, holder_values
from antechamber.features.limits.model.groups import Group, GroupType, entry_id
from antechamber.features.limits.ports import Holders, LimitStore, ServedModels
from antechamber.features.limits.service.book import LimitBook

Entry = TypeVar("Entry", RateEntry, HolderEntry)
Changes = Sequence[tuple[Limiter, int | None]]

_DETAIL: Final[Mapping[Scope, str]] = {
    Scope.WORKSPACE: "workspace_id",
    Scope.API_KEY: "api_key_id",
    Scope.USER: "user_id",
}
# the hosted feed knows workspaces' rates only
_ACTS: Final[Mapping[Scope, tuple[ActivityType, ActivityType]]] = {
    Scope.WORKSPACE: (ActivityType.WORKSPACE_RATE_LIMIT_UPDATED, ActivityType.WORKSPACE_RATE_LIMIT_DELETED),
}


@dataclass(frozen=True, slots=True)
class RateQuery:
    """What a list was asked; `limit` None is everything that remains."""

    group_type: GroupType | None = None
    model: str | None = None
    include_inherited: bool = False
    limit: int | None = None
    page: str | None = None


class RateLimits:
    """Tells and sets rate limits."""

    def __init__(
        self,
        store: LimitStore,
        units: Units,
        clock: Clock,
        audit: Audit,
        book: LimitBook,
        holders: Holders,
        models: ServedModels,
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._audit = audit
        self._book = book
        self._holders = holders
        self._models = models

    async def listing(self, organization_id: OrganizationId, query: RateQuery) -> tuple[list[RateEntry], str | None]:
        """Return the organisation's entries and the next page's cursor.

        A group is listed while some model of it is known, or while it has a limit; one without limits holds nothing
        back. NotFound for a model that nothing serves.
        """
        async with self._units.read() as unit:
            own = await self._store.rates(unit, organization_id, Scope.ORGANIZATION, organization_id)
        names = await self._names(query.model)
        entries = [self._entry(organization_id, group, names, _in(group, own)) for group in self._groups(query)]
        shown = [entry for entry in entries if entry.rules or entry.models or entry.models is None]
        return self._page(shown, query, (Scope.ORGANIZATION, organization_id))

    async def set_organization(
        self, organization_id: OrganizationId, rate_limit_id: str, changes: Changes, by: Actor
    ) -> RateEntry:
        """Set or clear the organisation's own rates in a group; the server's file stays a ceiling over them."""
        group = self._group(organization_id, rate_limit_id)
        own = await self._change(organization_id, (Scope.ORGANIZATION, organization_id), group, changes, by)
        return self._entry(organization_id, group, await self._names(None), own)

    async def holder_listing(
        self, organization_id: OrganizationId, scope: Scope, scope_id: str, query: RateQuery
    ) -> tuple[list[HolderEntry], str | None]:
        """Return the entries of a workspace, a key or a person; without `include_inherited` only what is its own."""
        async with self._units.read() as unit:
            await self._require(unit, organization_id, (scope, scope_id), writes=False)
            above = await self._store.rates(unit, organization_id, Scope.ORGANIZATION, organization_id)
            own = await self._store.rates(unit, organization_id, scope, scope_id)
        names = await self._names(None)
        entries = []
        for group in self._groups(query):
            entry = self._entry(organization_id, group, names, _in(group, above))
            below = _below(entry, (scope, scope_id), _in(group, own), inherited=query.include_inherited)
            if below.values:
                entries.append(below)
        return self._page(entries, query, (scope, scope_id))

    async def set_holder(
        self,
        organization_id: OrganizationId,
        scope: Scope,
        scope_id: str,
        rate_limit_id: str,
        changes: Changes,
        by: Actor,
    ) -> HolderEntry:
        """Set or clear the rates of a workspace, a key or a person in a group.

        A value above the organisation's is kept, and the lower one holds. InvalidRequest for the Default workspace,
        which has no limits of its own, and for one that is archived.
        """
        group = self._group(organization_id, rate_limit_id)
        own = await self._change(organization_id, (scope, scope_id), group, changes, by)
        async with self._units.read() as unit:
            above = await self._store.rates(unit, organization_id, Scope.ORGANIZATION, organization_id)
        entry = self._entry(organization_id, group, await self._names(None), _in(group, above))
        return _below(entry, (scope, scope_id), own, inherited=False)

    async def _change(
        self,
        organization_id: OrganizationId,
        holder: tuple[Scope, str],
        group: Group,
        changes: Changes,
        by: Actor,
    ) -> list[RateRule]:
        check_rates(changes, group.limiters)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._require(unit, organization_id, holder, writes=True)
            known = _values(_in(group, await self._store.rates(unit, organization_id, *holder)))
            for limiter, value in changes:
                if value == known.get(limiter):
                    continue
                await self._record(unit, organization_id, holder, group, limiter, value, by)
                if value is None:
                    await self._store.clear_rate(unit, organization_id, holder, group.id, limiter)
                else:
                    rule = RateRule(limiter, value, *holder, group.id)
                    await self._store.put_rate(unit, organization_id, rule, self._clock.now())
            return _in(group, await self._store.rates(unit, organization_id, *holder))

    async def _record(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        holder: tuple[Scope, str],
        group: Group,
        limiter: Limiter,
        value: int | None,
        by: Actor,
    ) -> None:
        """Tell of one limiter in the words that the hosted feed has for workspaces."""
        scope, scope_id = holder
        set_, cleared = _ACTS.get(scope, (ActivityType.RATE_LIMIT_UPDATED, ActivityType.RATE_LIMIT_DELETED))
        details: dict[str, object] = {} if scope is Scope.ORGANIZATION else {_DETAIL[scope]: scope_id}
        details |= {"model_group": group.key, "limiter_type": limiter.value}
        if value is not None:
            details["value"] = value
        rate_limit_id = entry_id(organization_id, group)
        act = cleared if value is None else set_
        await self._audit.record(unit, organization_id, by, act, rate_limit_id=rate_limit_id, **details)

    async def _require(
        self, unit: Unit, organization_id: OrganizationId, holder: tuple[Scope, str], *, writes: bool
    ) -> None:
        scope, scope_id = holder
        if scope is Scope.API_KEY:
            await self._holders.find_api_key(unit, organization_id, scope_id)
        elif scope is Scope.USER:
            await self._holders.member(unit, organization_id, scope_id)
        elif scope is Scope.WORKSPACE:
            workspace = await self._holders.workspace(unit, organization_id, scope_id)
            if writes and workspace.is_default:
                message = "The Default workspace has no limits of its own; set the organization's."
                raise InvalidRequest(message)
            if writes and workspace.archived_at is not None:
                message = f"Workspace {scope_id} is archived; its limits cannot be changed."
                raise InvalidRequest(message)

    def _group(self, organization_id: OrganizationId, rate_limit_id: str) -> Group:
        for group in self._book.groups.everything():
            if entry_id(organization_id, group) == rate_limit_id:
                return group
        message = f"Rate limit {rate_limit_id} not found."
        raise NotFound(message)

    def _groups(self, query: RateQuery) -> Sequence[Group]:
        groups = self._book.groups
        found = groups.everything() if query.group_type is None else groups.of_type(query.group_type)
        if query.model is None:
            return found
        of_model = groups.of(query.model).key
        return [group for group in found if group.type is GroupType.MODEL_GROUP and group.key == of_model]

    async def _names(self, model: str | None) -> Mapping[str, Sequence[str]]:
        """Return the known models by their group's key; `model` is one of them though no provider tells of it."""
        if model is not None and not self._models.serves(model):
            message = f"model: {model} is not served here"
            raise NotFound(message)
        by_group: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys([*await self._models.names(), *([] if model is None else [model])]):
            by_group[self._book.groups.of(name).key].append(name)
        return by_group

    def _entry(
        self,
        organization_id: OrganizationId,
        group: Group,
        names: Mapping[str, Sequence[str]],
        own: Sequence[RateRule],
    ) -> RateEntry:
        models = tuple(names.get(group.key, ())) if group.type is GroupType.MODEL_GROUP else None
        rules = self._book.lowest(organization_id, group, own)
        return RateEntry(entry_id(organization_id, group), group, models, tuple(rules))

    def _page(
        self, entries: Sequence[Entry], query: RateQuery, holder: tuple[Scope, str]
    ) -> tuple[list[Entry], str | None]:
        """Return the part of a list that was asked for; the cursor holds the group after which it goes on."""
        asked = {
            "of": " ".join(holder),
            "group_type": query.group_type,
            "model": query.model,
            "include_inherited": query.include_inherited,
        }
        rest = list(entries)
        if query.page is not None:
            # By the order of all groups: the one that the cursor names may have lost its entry meanwhile.
            order = [group.id for group in self._book.groups.everything()]
            last = open_cursor(query.page, asked)
            following = set(order[order.index(last) + 1 :] if last in order else ())
            rest = [entry for entry in rest if entry.group.id in following]
        if query.limit is None or len(rest) <= query.limit:
            return rest, None
        shown = rest[: query.limit]
        return shown, seal_cursor(shown[-1].group.id, asked)


def _in(group: Group, rules: Sequence[RateRule]) -> list[RateRule]:
    return [rule for rule in rules if rule.group_id == group.id]


def _values(rules: Sequence[RateRule]) -> Mapping[Limiter, int]:
    return {rule.limiter: rule.value for rule in rules}


def _below(entry: RateEntry, holder: tuple[Scope, str], own: Sequence[RateRule], *, inherited: bool) -> HolderEntry:
    values = holder_values(own, entry.rules, inherited=inherited)
    return HolderEntry(*holder, entry.id, entry.group, entry.models, values)
