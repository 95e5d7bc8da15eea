"""The use-cases of destinations."""

import dataclasses
from collections.abc import Mapping, Sequence

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind, OrganizationId, TelemetryDestinationId, WorkspaceId, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.seals import SealError
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.telemetry.model.destinations import (
    MOST_AT_ONCE,
    MOST_DESTINATIONS,
    Destination,
    DestinationChange,
    DestinationDraft,
    DisabledReason,
    Keep,
    Traces,
    apply_traces,
    check_name,
    check_scope,
    check_urls,
    covers,
    kept,
    origin,
    shown,
)
from antechamber.features.telemetry.model.headers import check_headers, merge_headers
from antechamber.features.telemetry.model.standing import Standing
from antechamber.features.telemetry.ports import Addresses, Stored
from antechamber.features.telemetry.service.lists import WorkspaceLists
from antechamber.features.telemetry.service.stores import HeaderSeals, Stores


class Destinations:
    """Makes, finds, changes and removes destinations."""

    def __init__(
        self,
        stores: Stores,
        lists: WorkspaceLists,
        seals: HeaderSeals,
        addresses: Addresses,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._stores = stores
        self._lists = lists
        self._seals = seals
        self._addresses = addresses
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(self, organization_id: OrganizationId, draft: DestinationDraft, by: Actor) -> Destination:
        """Make one that is enabled; InvalidRequest past the rules, for the eleventh, or for workspaces of no use."""
        traces = apply_traces(Traces(), draft.traces)
        self._check_urls(draft.endpoint_url, traces.endpoint_url)
        headers = check_headers(draft.headers)
        check_scope(draft.scope)
        now = self._clock.now()
        new = Destination(
            id=TelemetryDestinationId(mint(Kind.TELEMETRY_DESTINATION, self._clock, self._chance)),
            organization_id=organization_id,
            display_name=check_name(draft.display_name),
            endpoint_url=draft.endpoint_url,
            header_names=tuple(headers),
            traces=traces,
            scope=draft.scope.scope,
            disabled_reason=None,
            created_at=now,
            updated_at=now,
        )
        async with self._units.begin() as unit:
            await self._stores.destinations.lock(unit, organization_id)
            if len(await self._stores.destinations.everything(unit, organization_id)) >= MOST_DESTINATIONS:
                message = f"This organization has {MOST_DESTINATIONS} telemetry destinations, the most it may have."
                raise InvalidRequest(message)
            stored = Stored(new, self._seals.seal(new.id, headers), Standing(due_at=now))
            await self._stores.destinations.add(unit, organization_id, stored)
            listed = await self._lists.replace(unit, new, draft.scope.workspace_ids or ())
            details = {**shown(new), "workspace_ids": listed}
            await self._record(unit, new, by, ActivityType.TELEMETRY_DESTINATION_CREATED, **details)
        return new

    async def listing(
        self, organization_id: OrganizationId, query: PageQuery, workspace_ids: Sequence[WorkspaceId]
    ) -> Part[Destination]:
        """Return a page, newest first; with workspaces only of those that cover at least one of them."""
        if len(workspace_ids) > MOST_AT_ONCE:
            message = f"workspace_ids: at most {MOST_AT_ONCE}"
            raise InvalidRequest(message)
        paging = Paging(Kind.TELEMETRY_DESTINATION, query, organization=organization_id, covering=sorted(workspace_ids))
        asked = paging.asked()
        async with self._units.read() as unit:
            found = list(await self._stores.destinations.everything(unit, organization_id))
            if workspace_ids:
                found = await self._covering(unit, organization_id, found, workspace_ids)
        if asked.after is not None:
            found = [each for each in found if _place(each) < asked.after]
        return paging.part(found[: asked.limit], _place)

    async def get(self, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> Destination:
        """Return one; NotFound."""
        async with self._units.read() as unit:
            return (await self._stores.require(unit, organization_id, destination_id)).destination

    async def update(
        self,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        change: DestinationChange,
        by: Actor,
    ) -> Destination:
        """Change what was said of one; errors as of `create`, and NotFound."""
        if change.is_empty:
            message = "The body says nothing: send at least one field."
            raise InvalidRequest(message)
        if not isinstance(change.scope, Keep):
            check_scope(change.scope)
        async with self._units.begin() as unit:
            await self._stores.destinations.lock(unit, organization_id)
            known = await self._stores.require(unit, organization_id, destination_id)
            before = known.destination
            headers, is_set = self._headers(known, change)
            changed = self._apply(before, change, tuple(before.header_names if headers is None else headers))
            listed = await self._relist(unit, before, change)
            if changed != before or is_set or listed is not None:
                changed = dataclasses.replace(changed, updated_at=self._clock.now())
                sealed = known.sealed if headers is None else self._seals.seal(before.id, headers)
                await self._save(unit, known, changed, sealed)
                details = {"updates": updates_of(shown(before), shown(changed)), **_more(listed, is_set=is_set)}
                await self._record(unit, changed, by, ActivityType.TELEMETRY_DESTINATION_UPDATED, **details)
        return changed

    async def delete(self, organization_id: OrganizationId, destination_id: TelemetryDestinationId, by: Actor) -> None:
        """Remove one, its list and what waits for it; NotFound."""
        async with self._units.begin() as unit:
            await self._stores.destinations.lock(unit, organization_id)
            known = (await self._stores.require(unit, organization_id, destination_id)).destination
            await self._stores.destinations.drop(unit, organization_id, destination_id)
            named = {"endpoint_url": known.endpoint_url, "display_name": known.display_name}
            await self._record(unit, known, by, ActivityType.TELEMETRY_DESTINATION_DELETED, **named)

    def _apply(self, before: Destination, change: DestinationChange, header_names: tuple[str, ...]) -> Destination:
        url = kept(change.endpoint_url, before.endpoint_url)
        traces = before.traces if isinstance(change.traces, Keep) else apply_traces(before.traces, change.traces)
        self._check_urls(url, traces.endpoint_url)
        reason = before.disabled_reason
        if not isinstance(change.enabled, Keep):
            reason = None if change.enabled else reason or DisabledReason.CALLER
        return dataclasses.replace(
            before,
            display_name=check_name(kept(change.display_name, before.display_name)),
            endpoint_url=url,
            header_names=header_names,
            traces=traces,
            scope=before.scope if isinstance(change.scope, Keep) else change.scope.scope,
            disabled_reason=reason,
        )

    def _headers(self, known: Stored, change: DestinationChange) -> tuple[dict[str, str] | None, bool]:
        """Return the headers as they are to be, None if they stay, and whether one is set."""
        before = known.destination
        is_moved = not isinstance(change.endpoint_url, Keep) and _is_elsewhere(change.endpoint_url, before.endpoint_url)
        if isinstance(change.headers, Keep):
            # a header is given to one host, and goes to no other unasked
            return ({}, False) if is_moved and before.header_names else (None, False)
        is_set = any(value is not None for value in change.headers.values())
        if is_set and isinstance(change.endpoint_url, Keep):
            message = "endpoint_url: send it, too, when a header's value is set; the current one will do"
            raise InvalidRequest(message)
        return merge_headers({} if is_moved else self._values(known, change.headers), change.headers), is_set

    def _values(self, known: Stored, said: Mapping[str, str | None]) -> dict[str, str]:
        before = known.destination
        try:
            found = self._seals.open(before.id, known.sealed)
        except SealError as error:
            again = {name.lower() for name in said}
            if any(name.lower() not in again for name in before.header_names):
                message = "headers: this server cannot open the values that are stored; send every header again"
                raise InvalidRequest(message, note=str(error)) from None
            return {}
        return {name: value.reveal() for name, value in found.items()}

    async def _relist(self, unit: Unit, before: Destination, change: DestinationChange) -> list[str] | None:
        if isinstance(change.scope, Keep):
            return None
        said = change.scope
        if said.workspace_ids is None and said.scope is before.scope:
            return None
        return await self._lists.replace(unit, before, said.workspace_ids or ())

    async def _save(self, unit: Unit, known: Stored, changed: Destination, sealed: bytes | None) -> None:
        before, standing = known.destination, known.standing
        is_begun = before.disabled_reason is not None and changed.disabled_reason is None
        if is_begun or changed.address != before.address or sealed != known.sealed:
            standing = Standing(due_at=self._clock.now())
        # what is settled while nothing is taken is not sent later
        if is_begun or changed.disabled_reason is not None or not changed.traces.enabled:
            await self._stores.queue.clear(unit, changed.organization_id, changed.id)
        stored = dataclasses.replace(known, destination=changed, sealed=sealed, standing=standing)
        await self._stores.destinations.save(unit, changed.organization_id, stored)

    async def _covering(
        self, unit: Unit, organization_id: OrganizationId, found: Sequence[Destination], asked: Sequence[WorkspaceId]
    ) -> list[Destination]:
        there = await self._lists.known(unit, organization_id, asked)
        covering = []
        for each in found:
            entries = await self._stores.lists.entries(unit, organization_id, each.id)
            if any(covers(each.scope, listed=workspace_id in entries) for workspace_id in there):
                covering.append(each)
        return covering

    def _check_urls(self, endpoint_url: str, traces_url: str | None) -> None:
        self._addresses.check("endpoint_url", endpoint_url)
        if traces_url is not None:
            self._addresses.check("traces.endpoint_url", traces_url)
        check_urls(endpoint_url, traces_url)

    async def _record(
        self, unit: Unit, destination: Destination, by: Actor, act: ActivityType, **details: object
    ) -> None:
        named = {"telemetry_destination_id": destination.id, **details}
        await self._audit.record(unit, destination.organization_id, by, act, **named)


def _place(destination: Destination) -> tuple[int, str]:
    return destination.created_at, destination.id


def _is_elsewhere(url: str, before: str) -> bool:
    try:
        return origin(url)[1:] != origin(before)[1:]
    except ValueError:
        # no address at all, which the guard will say
        return True


def _more(listed: list[str] | None, *, is_set: bool) -> dict[str, object]:
    more: dict[str, object] = {} if listed is None else {"workspace_ids": listed}
    return {**more, "header_values_set": True} if is_set else more
