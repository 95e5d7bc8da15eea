"""Spend limits as administrators see and set them, and what each person resolves."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, SpendLimitId, UserId, is_id, mint
from antechamber.base.page import IdCursor, foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.limits.model.definitions import Period, Scope, SpendLimit
from antechamber.features.limits.model.entries import SpendSummary
from antechamber.features.limits.ports import Holders, LimitStore, SpentSoFar
from antechamber.features.organizations.model import Member

MAX_PERSONS: Final = 100


@dataclass(frozen=True, slots=True)
class SpendQuery:
    """What the list was asked."""

    scopes: tuple[Scope, ...]
    workspace_id: str | None = None
    limit: int = 20
    page: str | None = None


@dataclass(frozen=True, slots=True)
class EffectiveQuery:
    """What the report was asked; `limit` counts persons, no `user_ids` mean everyone, no periods mean all."""

    user_ids: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    limit: int = 20
    page: str | None = None


class SpendLimits:
    """Tells and sets spend limits."""

    def __init__(
        self,
        store: LimitStore,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        holders: Holders,
        spending: SpentSoFar,
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._holders = holders
        self._spending = spending

    async def listing(self, organization_id: OrganizationId, query: SpendQuery) -> tuple[list[SpendLimit], str | None]:
        """Return a page of the organisation's spend limits, newest first, and the next page's cursor."""
        asked = {"scopes": sorted(query.scopes), "workspace_id": query.workspace_id}
        after = None if query.page is None else _position(open_cursor(query.page, asked))
        if query.workspace_id is not None and not is_id(Kind.WORKSPACE, query.workspace_id):
            return [], None
        async with self._units.read() as unit:
            found = await self._store.spend_limits(
                unit,
                organization_id,
                scopes=query.scopes,
                workspace_id=query.workspace_id,
                after=after,
                limit=query.limit + 1,
            )
        shown = list(found[: query.limit])
        if len(found) <= query.limit:
            return shown, None
        return shown, seal_cursor(f"{shown[-1].created_at} {shown[-1].id}", asked)

    async def get(self, organization_id: OrganizationId, spend_limit_id: str) -> SpendLimit:
        """Return one; NotFound."""
        async with self._units.read() as unit:
            return await self._known(unit, organization_id, spend_limit_id)

    async def _known(self, unit: Unit, organization_id: OrganizationId, spend_limit_id: str) -> SpendLimit:
        found = None
        if is_id(Kind.SPEND_LIMIT, spend_limit_id):
            found = await self._store.get_spend_limit(unit, organization_id, SpendLimitId(spend_limit_id))
        if found is None:
            message = f"Spend limit {spend_limit_id} not found."
            raise NotFound(message)
        return found

    async def set(
        self,
        organization_id: OrganizationId,
        scope: Scope,
        scope_id: str,
        period: Period,
        amount: int | None,
        by: Actor,
    ) -> SpendLimit:
        """Set what a scope may spend in a period, in nano-USD; a limit that exists keeps its id.

        An amount of None says that a person has no limit of their own; the other scopes always carry one. NotFound for
        who is not of the organisation; InvalidRequest for the Default workspace and for an archived one.
        """
        if amount is None and scope is not Scope.USER:
            message = f"amount: a limit of scope {scope} always carries one; DELETE removes a limit"
            raise InvalidRequest(message)
        async with self._units.begin() as unit:
            return await self.put(unit, organization_id, scope, scope_id, period, amount, by)

    async def put(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        scope: Scope,
        scope_id: str,
        period: Period,
        amount: int | None,
        by: Actor,
    ) -> SpendLimit:
        """Set what a scope may spend, in the caller's transaction; refuses as `set` does."""
        await self._store.lock(unit, organization_id)
        await self._require(unit, organization_id, scope, scope_id)
        now = self._clock.now()
        known = await self._store.find_spend_limit(unit, organization_id, scope, scope_id, period)
        if known is None:
            minted = SpendLimitId(mint(Kind.SPEND_LIMIT, self._clock, self._chance))
            limit = SpendLimit(minted, organization_id, scope, scope_id, period, amount, now, now)
        else:
            limit = dataclasses.replace(known, amount=amount, updated_at=now)
        await self._store.put_spend_limit(unit, organization_id, limit)
        await self._audit.record(
            unit,
            organization_id,
            by,
            ActivityType.SPEND_LIMIT_CREATED if known is None else ActivityType.SPEND_LIMIT_UPDATED,
            **_details(limit),
            amount_nano_usd=amount,
            former_amount_nano_usd=None if known is None else known.amount,
        )
        return limit

    async def delete(self, organization_id: OrganizationId, spend_limit_id: str, by: Actor) -> None:
        """Remove one; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._known(unit, organization_id, spend_limit_id)
            await self._store.remove_spend_limit(unit, organization_id, known.id)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.SPEND_LIMIT_DELETED,
                **_details(known),
                amount_nano_usd=known.amount,
            )

    async def effective(
        self, organization_id: OrganizationId, query: EffectiveQuery
    ) -> tuple[list[SpendSummary], str | None]:
        """Return what each member resolves for each period and has spent in it, and the next page's cursor.

        Members are newest first and their rows stay on one page; a period for which nobody set anything has none.
        """
        if len(query.user_ids) > MAX_PERSONS:
            message = f"user_ids: at most {MAX_PERSONS} may be given"
            raise InvalidRequest(message)
        members, next_page = await self._members(organization_id, query)
        async with self._units.read() as unit:
            holders = [(Scope.ORGANIZATION, str(organization_id)), *((Scope.USER, str(each.id)) for each in members)]
            limits = await self._store.holders_limits(unit, organization_id, holders)
        known = {
            period: {limit.scope_id: limit for limit in limits if limit.period is period}
            for period in Period
            if not query.periods or period in query.periods
        }
        spent = await self._spending.people(organization_id, [period for period in known if known[period]])
        columns = [(own, own.get(organization_id), spent[period]) for period, own in known.items() if own]
        rows = [
            SpendSummary(member, limit, sums.get(name, 0))
            for member in members
            for name in (member.id,)
            for own, shared, sums in columns
            if (limit := own.get(name, shared)) is not None
        ]
        return rows, next_page

    async def _members(
        self, organization_id: OrganizationId, query: EffectiveQuery
    ) -> tuple[Sequence[Member], str | None]:
        asked = {"user_ids": sorted(set(query.user_ids)), "periods": sorted(query.periods)}
        last = None if query.page is None else open_cursor(query.page, asked)
        if query.user_ids:
            members = sorted(
                await self._holders.members_among(organization_id, sorted(set(query.user_ids))),
                key=lambda each: each.id,
                reverse=True,
            )
            rest = [each for each in members if last is None or each.id < UserId(last)]
            members, has_more = rest[: query.limit], len(rest) > query.limit
        else:
            page = await self._holders.members(organization_id, IdCursor(query.limit, after_id=last))
            members, has_more = list(page.items), page.has_more
        return members, seal_cursor(members[-1].id, asked) if has_more else None

    async def _require(self, unit: Unit, organization_id: OrganizationId, scope: Scope, scope_id: str) -> None:
        if scope is Scope.WORKSPACE:
            workspace = await self._holders.workspace(unit, organization_id, scope_id)
            if workspace.is_default:
                message = "The Default workspace has no limits of its own; set the organization's."
                raise InvalidRequest(message)
            if workspace.archived_at is not None:
                message = f"Workspace {scope_id} is archived; its limits cannot be changed."
                raise InvalidRequest(message)
        elif scope is Scope.API_KEY:
            await self._holders.find_api_key(unit, organization_id, scope_id)
        elif scope is Scope.USER:
            await self._holders.member(unit, organization_id, scope_id)


def _position(text: str) -> tuple[int, str]:
    at, _, key = text.partition(" ")
    if not is_id(Kind.SPEND_LIMIT, key):
        raise foreign_cursor()
    return read_number(at), key


def _details(limit: SpendLimit) -> dict[str, object]:
    named = {} if limit.scope is Scope.ORGANIZATION else {f"{limit.scope}_id": limit.scope_id}
    return {"spend_limit_id": limit.id, "scope": limit.scope.value, "period": limit.period.value, **named}
