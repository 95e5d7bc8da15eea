"""Requests for more: filed by persons, decided by administrators."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import NotFound
from antechamber.base.ids import IncreaseRequestId, Kind, OrganizationId, UserId, is_id, mint
from antechamber.base.page import foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.limits.model.definitions import Period, Scope
from antechamber.features.limits.model.increases import (
    IncreaseDraft,
    IncreaseRequest,
    RequestStatus,
    ShownRequest,
    is_to_be_decided,
    require_none_pending,
    row_for,
)
from antechamber.features.limits.ports import Holders, IncreaseStore
from antechamber.features.limits.service.administration_spending import EffectiveQuery, SpendLimits

if TYPE_CHECKING:
    from antechamber.features.limits.model.entries import SpendSummary


@dataclass(frozen=True, slots=True)
class IncreaseQuery:
    """What the list was asked; empty filters let everything through."""

    user_ids: tuple[str, ...] = ()
    statuses: tuple[RequestStatus, ...] = ()
    limit: int = 20
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What an approval says: nano-USD, and a period if it is another than was asked for."""

    amount: int
    period: Period | None = None
    is_quiet: bool = False


class IncreaseRequests:
    """Takes requests, and tells, approves and denies them; those of who left are as if they had never been."""

    def __init__(
        self,
        store: IncreaseStore,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        holders: Holders,
        limits: SpendLimits,
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._holders = holders
        self._limits = limits
        self._on_resolved: Callable[[], None] = _nothing

    def on_resolved(self, callback: Callable[[], None]) -> None:
        """Call back after each decision that somebody is to be told of."""
        self._on_resolved = callback

    async def file(
        self, organization_id: OrganizationId, user_id: UserId, draft: IncreaseDraft, by: Actor
    ) -> ShownRequest:
        """Ask for a member; InvalidRequest where no limit holds them, Conflict while they wait for the same.

        NotFound for who is removed meanwhile.
        """
        query = EffectiveQuery((user_id,), limit=1)
        rows, _ = await self._limits.effective(organization_id, query)
        raised = row_for(rows, draft)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._holders.member(unit, organization_id, user_id)
            require_none_pending(await self._store.pending(unit, organization_id, user_id, raised.limit.period))
            request = IncreaseRequest(
                id=IncreaseRequestId(mint(Kind.INCREASE_REQUEST, self._clock, self._chance)),
                organization_id=organization_id,
                user_id=user_id,
                period=raised.limit.period,
                amount=draft.amount,
                reason=draft.reason,
                status=RequestStatus.PENDING,
                created_at=self._clock.now(),
            )
            await self._store.add(unit, organization_id, request)
            await self._record(unit, request, by, ActivityType.SPEND_LIMIT_INCREASE_REQUESTED, request.amount)
        return ShownRequest(request, raised.member, summary=raised)

    async def listing(
        self, organization_id: OrganizationId, query: IncreaseQuery
    ) -> tuple[list[ShownRequest], str | None]:
        """Return a page of the requests, newest first, and the next page's cursor."""
        asked = {"user_ids": sorted(set(query.user_ids)), "statuses": sorted(query.statuses)}
        after = None if query.page is None else _position(open_cursor(query.page, asked))
        user_ids = [UserId(each) for each in set(query.user_ids) if is_id(Kind.USER, each)]
        if query.user_ids and not user_ids:
            return [], None
        found: list[IncreaseRequest] = []
        while len(found) <= query.limit:
            async with self._units.read() as unit:
                rows = await self._store.listing(
                    unit,
                    organization_id,
                    statuses=query.statuses,
                    user_ids=user_ids,
                    after=after,
                    limit=query.limit + 1,
                )
            found += await self._of_members(organization_id, rows)
            if len(rows) <= query.limit:
                break
            after = (rows[-1].created_at, rows[-1].id)
        shown = await self._show(organization_id, found[: query.limit])
        if len(found) <= query.limit:
            return shown, None
        last = found[query.limit - 1]
        return shown, seal_cursor(f"{last.created_at} {last.id}", asked)

    async def get(self, organization_id: OrganizationId, request_id: str) -> ShownRequest:
        """Return one; NotFound."""
        async with self._units.read() as unit:
            request = await self._known(unit, organization_id, request_id)
        return await self._shown(organization_id, request)

    async def approve(
        self, organization_id: OrganizationId, request_id: str, approval: Approval, by: Actor
    ) -> ShownRequest:
        """Give the requester a limit of their own; NotFound, InvalidRequest unless it is pending."""
        async with self._units.begin() as unit:
            known = await self._locked(unit, organization_id, request_id)
            is_to_be_decided(known, RequestStatus.APPROVED)
            period = approval.period or known.period
            limit = await self._limits.put(
                unit, organization_id, Scope.USER, known.user_id, period, approval.amount, by
            )
            request = await self._resolve(unit, known, RequestStatus.APPROVED, by, is_quiet=approval.is_quiet)
            await self._record(unit, request, by, ActivityType.SPEND_LIMIT_INCREASE_APPROVED, approval.amount)
        self._on_resolved()
        return dataclasses.replace(await self._shown(organization_id, request), limit=limit)

    async def deny(
        self, organization_id: OrganizationId, request_id: str, by: Actor, *, is_quiet: bool
    ) -> ShownRequest:
        """Leave the requester's limits as they are; NotFound, InvalidRequest once it is approved."""
        async with self._units.begin() as unit:
            request = await self._locked(unit, organization_id, request_id)
            if is_to_be_decided(request, RequestStatus.DENIED):
                request = await self._resolve(unit, request, RequestStatus.DENIED, by, is_quiet=is_quiet)
                await self._record(unit, request, by, ActivityType.SPEND_LIMIT_INCREASE_DENIED, None)
        self._on_resolved()
        return await self._shown(organization_id, request)

    async def _resolve(
        self, unit: Unit, request: IncreaseRequest, status: RequestStatus, by: Actor, *, is_quiet: bool
    ) -> IncreaseRequest:
        now = self._clock.now()
        who = Actor(by.kind, by.id)
        resolved = dataclasses.replace(request, status=status, resolved_at=now, resolved_by=who)
        await self._store.resolve(unit, request.organization_id, resolved, None if is_quiet else now)
        return resolved

    async def _record(
        self, unit: Unit, request: IncreaseRequest, by: Actor, act: ActivityType, amount: int | None
    ) -> None:
        await self._audit.record(
            unit,
            request.organization_id,
            by,
            act,
            spend_limit_increase_request_id=request.id,
            user_id=request.user_id,
            period=request.period.value,
            amount_nano_usd=amount,
        )

    async def _known(self, unit: Unit, organization_id: OrganizationId, request_id: str) -> IncreaseRequest:
        found = None
        if is_id(Kind.INCREASE_REQUEST, request_id):
            found = await self._store.find(unit, organization_id, IncreaseRequestId(request_id))
        if found is None:
            raise _unknown(request_id)
        return found

    async def _locked(self, unit: Unit, organization_id: OrganizationId, request_id: str) -> IncreaseRequest:
        """Return a member's request, who stays one until the unit ends; NotFound."""
        await self._store.lock(unit, organization_id)
        known = await self._known(unit, organization_id, request_id)
        try:
            await self._holders.member(unit, organization_id, known.user_id)
        except NotFound:
            raise _unknown(request_id) from None
        return known

    async def _of_members(
        self, organization_id: OrganizationId, requests: Sequence[IncreaseRequest]
    ) -> list[IncreaseRequest]:
        asked = sorted({request.user_id for request in requests})
        members = {member.id for member in await self._holders.members_among(organization_id, asked)}
        return [request for request in requests if request.user_id in members]

    async def _shown(self, organization_id: OrganizationId, request: IncreaseRequest) -> ShownRequest:
        if not await self._of_members(organization_id, [request]):
            raise _unknown(request.id)
        (shown,) = await self._show(organization_id, [request])
        return shown

    async def _show(self, organization_id: OrganizationId, requests: Sequence[IncreaseRequest]) -> list[ShownRequest]:
        """Return what is told of some requests; the spend of those that are pending is that of this moment."""
        resolvers = {request.id: UserId(user_id) for request in requests if (user_id := _person(request)) is not None}
        asked = {*(request.user_id for request in requests), *resolvers.values()}
        named = await self._holders.named(organization_id, sorted(asked))
        rows: dict[tuple[str, Period], SpendSummary] = {}
        waiting = sorted({request.user_id for request in requests if request.is_pending})
        if waiting:
            found, _ = await self._limits.effective(organization_id, EffectiveQuery(tuple(waiting), limit=len(waiting)))
            rows = {(row.member.id, row.limit.period): row for row in found}
        return [
            ShownRequest(
                request,
                named[request.user_id],
                named.get(resolvers[request.id]) if request.id in resolvers else None,
                rows.get((request.user_id, request.period)) if request.is_pending else None,
            )
            for request in requests
        ]


def _person(request: IncreaseRequest) -> str | None:
    by = request.resolved_by
    return by.id if by is not None and by.kind is ActorKind.USER else None


def _nothing() -> None:
    pass


def _unknown(request_id: str) -> NotFound:
    message = f"Spend limit increase request {request_id} not found."
    return NotFound(message)


def _position(text: str) -> tuple[int, str]:
    at, _, key = text.partition(" ")
    if not is_id(Kind.INCREASE_REQUEST, key):
        raise foreign_cursor()
    return read_number(at), key
