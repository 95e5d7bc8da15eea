"""The endpoints of audit."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from antechamber.base.page import IdCursor
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.audit import wire
from antechamber.features.audit.service import Activities, Compliance, Refusals
from antechamber.http.lists import IdList, PageList, show_page
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

Texts = Annotated[list[str], Query(default_factory=list)]
Numbers = Annotated[list[int], Query(default_factory=list)]
# The feed's own reference names no version header (API reference, compliance/activities/list).
Reader = Annotated[Administrator, Needs(Permission.AUDIT_READ, versioned=False)]


SettingsReader = Annotated[Administrator, Needs(Permission.AUDIT_READ)]
SettingsWriter = Annotated[Administrator, Needs(Permission.COMPLIANCE_SETTINGS_WRITE)]
_SETTINGS = "/v1/organizations/compliance_settings"


async def _read_cursor(
    limit: Annotated[int, Query(ge=1, le=5000)] = 100, after_id: str | None = None, before_id: str | None = None
) -> IdCursor:
    return IdCursor(limit, after_id, before_id)


async def _read_window(
    gte: Annotated[str | None, Query(alias="created_at.gte")] = None,
    gt: Annotated[str | None, Query(alias="created_at.gt")] = None,
    lte: Annotated[str | None, Query(alias="created_at.lte")] = None,
    lt: Annotated[str | None, Query(alias="created_at.lt")] = None,
) -> wire.Window:
    return wire.Window(gte, gt, lte, lt)


Within = Annotated[wire.Window, Depends(_read_window)]


def router(feed: Activities, refused: Refusals, compliance: Compliance) -> APIRouter:
    """Return the routes over the services."""
    routes = Router()

    @routes.get("/v1/compliance/activities", summary="What was done, newest first")
    async def activities(
        caller: Reader,
        cursor: Annotated[IdCursor, Depends(_read_cursor)],
        created_at: Within,
        activity_types: Texts,
        exclude_activity_types: Texts,
        actor_ids: Texts,
        organization_ids: Texts,
    ) -> IdList[wire.ActivityBody]:
        query = wire.read_query(
            caller.organization_id,
            created_at,
            types=activity_types,
            without_types=exclude_activity_types,
            actor_ids=actor_ids,
            organization_ids=organization_ids,
        )
        await compliance.require_open(caller.organization_id)
        page = await feed.listing(caller.organization_id, query, cursor)
        return show_page(page, wire.show, lambda shown: shown.activity.id)

    @routes.get("/v1/compliance/activities/verify", summary="Whether the audit log is whole")
    async def verify(caller: Reader, expect: str | None = None) -> wire.VerificationBody:
        return wire.show_verdict(await feed.verify(caller.organization_id, wire.read_expected(expect)))

    @routes.get("/v1/compliance/refusals", summary="What was refused, counted by hour")
    async def refusals(
        caller: Reader,
        created_at: Within,
        statuses: Numbers,
        principal_ids: Texts,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        page: str | None = None,
    ) -> PageList[wire.RefusalBody]:
        query = wire.read_refusals(created_at, statuses, principal_ids, limit, page)
        await compliance.require_open(caller.organization_id)
        data, next_page = wire.show_refusals(await refused.listing(caller.organization_id, query))
        return PageList(data=data, next_page=next_page)

    @routes.get(_SETTINGS, summary="Whether the Compliance API is open")
    async def settings(caller: SettingsReader) -> wire.ComplianceSettingsBody:
        return wire.show_compliance(await compliance.state(caller.organization_id))

    @routes.post(_SETTINGS, summary="Open or close the Compliance API")
    async def update_settings(
        body: wire.UpdateComplianceBody, caller: SettingsWriter, by: Acting
    ) -> wire.ComplianceSettingsBody:
        return wire.show_compliance(await compliance.set(caller.organization_id, body.read(), by))

    return routes
