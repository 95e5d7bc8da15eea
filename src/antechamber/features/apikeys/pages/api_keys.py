"""A person's own API keys: made, seen once, disabled, archived."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.base.errors import InvalidRequest, WireError
from antechamber.base.ids import ApiKeyId, WorkspaceId
from antechamber.features.accounts.service import acting
from antechamber.features.apikeys.model import Draft, Status, check_models
from antechamber.features.apikeys.pages.desk import (
    KEYS,
    LASTING,
    Chosen,
    Guest,
    KeyDesk,
    ends_at,
    led_back,
    page,
    wrong,
)
from antechamber.http.browser import browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import page_router
from antechamber.http.pages.filled import Filled, Saying

_SWITCHES: Final = {"enable": Status.ACTIVE, "disable": Status.INACTIVE, "archive": Status.ARCHIVED}


def api_key_pages(desk: KeyDesk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.get(KEYS)
    async def show(
        request: Request, visit: Guest, organization: Chosen = "", after: Chosen = "", said: Chosen = ""
    ) -> Response:
        return await page(request, desk, visit, organization, after=after, said=said)

    @routes.post(KEYS)
    async def create(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "organization", "name", "workspace", "models", "days")
        if empty := _empty(fields):
            return await page(request, desk, visit, fields["organization"], 400, empty)
        membership, _ = await desk.membership(visit, fields["organization"])
        try:
            draft, actor = _draft(fields, desk.own.now()), acting(by, visit.user_id)
            _, secret = await desk.own.create(membership.organization_id, visit.user_id, draft, actor)
        except WireError as error:
            status, filled = status_of(error), wrong(fields, error)
            return await page(request, desk, visit, fields["organization"], status, filled)
        return browser_of(request).show_once(led_back(membership), secret.reveal())

    @routes.post(f"{KEYS}/{{api_key_id}}/{{act}}")
    async def switch(api_key_id: str, act: str, request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "organization")
        membership, _ = await desk.membership(visit, fields["organization"])
        status, key_id = _status(act), ApiKeyId(api_key_id)
        await desk.own.switch(membership.organization_id, visit.user_id, key_id, status, acting(by, visit.user_id))
        return led_back(membership, status)

    return routes


def _status(act: str) -> Status:
    if act not in _SWITCHES:
        message = f"A key can be told to {', '.join(_SWITCHES)}."
        raise InvalidRequest(message)
    return _SWITCHES[act]


def _empty(fields: Mapping[str, str]) -> Filled | None:
    errors = {}
    if not fields["name"].strip():
        errors["name"] = Saying("keys.name_missing")
    if not fields["workspace"]:
        errors["workspace"] = Saying("keys.workspace_missing")
    if fields["days"] not in LASTING:
        errors["days"] = Saying("keys.days_wrong")
    return Filled(fields, errors) if errors else None


def _draft(fields: Mapping[str, str], now: int) -> Draft:
    names = [name for name in fields["models"].replace(",", "\n").split() if name]
    return Draft(
        name=fields["name"].strip(),
        workspace_id=WorkspaceId(fields["workspace"]),
        expires_at=ends_at(fields["days"], now),
        models=check_models(names) if names else None,
    )
