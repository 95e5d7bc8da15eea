"""An organisation's admin keys, for those who hold the permission to see or make them."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.base.errors import PermissionDenied, WireError
from antechamber.base.ids import AdminKeyId
from antechamber.base.permissions import ROLES, Permission
from antechamber.features.accounts.service import acting
from antechamber.features.apikeys.model import AdminDraft
from antechamber.features.apikeys.pages.desk import (
    ADMIN_KEYS,
    LASTING,
    OFFERED,
    Guest,
    KeyDesk,
    ends_at,
    holds,
    led_back,
    page,
    wrong,
)
from antechamber.features.organizations.model import Membership
from antechamber.http.browser import browser_of
from antechamber.http.errors import status_of
from antechamber.http.needs import Acting
from antechamber.http.pages import page_router
from antechamber.http.pages.filled import Filled, Saying

_NAMES: Final = ("organization", "admin_name", "reach", "admin_days", *(f"scope:{scope}" for scope in OFFERED))
_REACHES: Final = ("everything", "only")


def admin_key_pages(desk: KeyDesk) -> APIRouter:
    """Return the pages."""
    routes = page_router()

    @routes.post(ADMIN_KEYS)
    async def create(request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, *_NAMES)
        membership, _ = await desk.membership(visit, fields["organization"])
        _demand(membership)
        if empty := _empty(fields):
            return await page(request, desk, visit, fields["organization"], 400, empty)
        try:
            draft, actor = _draft(fields, desk.admin.now()), acting(by, visit.user_id)
            _, secret = await desk.admin.create(membership.organization_id, draft, actor, ROLES[membership.role])
        except WireError as error:
            status, filled = status_of(error), wrong(fields, error, "admin_")
            return await page(request, desk, visit, fields["organization"], status, filled)
        return browser_of(request).show_once(led_back(membership), secret.reveal())

    @routes.post(f"{ADMIN_KEYS}/{{admin_api_key_id}}/delete")
    async def delete(admin_api_key_id: str, request: Request, visit: Guest, by: Acting) -> Response:
        fields = await browser_of(request).fields(request, "organization")
        membership, _ = await desk.membership(visit, fields["organization"])
        _demand(membership)
        actor = acting(by, visit.user_id)
        await desk.admin.revoke(membership.organization_id, AdminKeyId(admin_api_key_id), actor)
        return led_back(membership, "revoked", "#admin-keys")

    return routes


def _demand(membership: Membership) -> None:
    if not holds(membership, Permission.ADMIN_KEYS_WRITE):
        message = "Admin keys are for the admins of an organization."
        raise PermissionDenied(message)


def _empty(fields: Mapping[str, str]) -> Filled | None:
    errors = {}
    if not fields["admin_name"].strip():
        errors["admin_name"] = Saying("keys.name_missing")
    if fields["reach"] not in _REACHES or (fields["reach"] == "only" and not _scopes(fields)):
        errors["reach"] = Saying("keys.scopes_missing")
    if fields["admin_days"] not in LASTING:
        errors["admin_days"] = Saying("keys.days_wrong")
    return Filled(fields, errors) if errors else None


def _scopes(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(scope for scope in OFFERED if fields[f"scope:{scope}"])


def _draft(fields: Mapping[str, str], now: int) -> AdminDraft:
    scopes = _scopes(fields) if fields["reach"] == "only" else ()
    return AdminDraft(fields["admin_name"].strip(), scopes, ends_at(fields["admin_days"], now))
