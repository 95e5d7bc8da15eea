"""`/device`: a person types the code that a program shows, sees which program asks from where, and decides (RFC 8628).

A code that came with the address is filled in and never sent by itself (§5.4): who is sent a link must see what for.
"""

from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.base.errors import NotFound
from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.features.oauth.model import DeviceRequest
from antechamber.features.oauth.model.devices import normalize_user_code, show_user_code
from antechamber.features.oauth.pages.places import (
    UNFRAMED,
    Picking,
    actor_of,
    open_router,
    pick,
    somebody_else,
    why_not,
)
from antechamber.features.oauth.service import Devices
from antechamber.http.browser import Visit, Visitor, browser_of
from antechamber.http.context import context_of
from antechamber.http.pages import render
from antechamber.http.pages.filled import Filled, Saying

PATH: Final = "/device"
_FIELDS: Final = ("user_code", "organization", "workspace", "decision")
_LONGEST_CODE: Final = 40


class _Decision:
    """One form that was sent: what it says, and who sent it."""

    def __init__(self, request: Request, devices: Devices, visit: Visit, form: dict[str, str]) -> None:
        self.request = request
        self.form = form
        self._devices = devices
        self._visit = visit
        self._by = actor_of(request, visit)

    async def answer(self) -> Response:
        """Return the next page."""
        code = normalize_user_code(self.form["user_code"])
        if code is None:
            return await self._again("device.malformed")
        asked = await self._devices.find(self._visit.user_id, code, self._by)
        if asked is None:
            return await self._again("device.unknown")
        try:
            return await self._about(asked)
        except NotFound:
            # decided elsewhere, or too late, in the meantime
            return await self._again("device.unknown")

    async def _about(self, asked: DeviceRequest) -> Response:
        if self.form["decision"] == "deny":
            await self._devices.deny(self._visit.user_id, asked.user_code, self._by)
            return await self._render("oauth/device_done.html", asked)
        choices = await self._devices.choices(self._visit.user_id, asked)
        picking = pick(choices, self.form["organization"], self.form["workspace"])
        if not picking.organizations:
            return await self._render("oauth/stop.html", asked, why=why_not(choices.reason))
        if picking.organization is None or picking.workspace is None:
            return await self._render("oauth/pick.html", asked, picking=picking)
        if self.form["decision"] != "allow":
            return await self._render("oauth/consent.html", asked, picking=picking)
        place = OrganizationId(picking.organization.id), WorkspaceId(picking.workspace.id)
        await self._devices.approve(self._visit.user_id, asked.user_code, *place, self._by)
        return await self._render("oauth/device_done.html", asked, picking=picking)

    async def _again(self, key: str) -> Response:
        filled = Filled({"user_code": self.form["user_code"][:_LONGEST_CODE]}, {"user_code": Saying(key)})
        return await render(self.request, "oauth/device.html", 400, headers=UNFRAMED, filled=filled, user_code="")

    async def _render(
        self, template: str, asked: DeviceRequest, *, picking: Picking | None = None, why: str = ""
    ) -> Response:
        code = show_user_code(asked.user_code)
        kept = [("user_code", code)]
        if picking is not None and picking.organization is not None:
            kept.append(("organization", picking.organization.id))
        place = _place(asked.address, context_of(self.request.scope).address)
        return await render(
            self.request,
            template,
            403 if why else 200,
            headers=UNFRAMED,
            client=asked.client_name,
            scopes=asked.scopes,
            picking=picking,
            method="post",
            action=PATH,
            kept=kept,
            again=f"{PATH}?user_code={code}" if picking is not None and picking.is_changeable else None,
            why=why,
            somebody_else=somebody_else(f"{PATH}?user_code={code}"),
            device={"address": asked.address, "place": place, "at": asked.created_at},
            code=code,
        )


def device_pages(devices: Devices) -> APIRouter:
    """Return the page over a service."""
    routes = open_router()

    @routes.get(PATH)
    async def show(request: Request, visit: Visitor, user_code: str = "") -> Response:
        del visit
        code = normalize_user_code(user_code[:_LONGEST_CODE])
        return await render(
            request, "oauth/device.html", headers=UNFRAMED, user_code=show_user_code(code) if code else ""
        )

    @routes.post(PATH)
    async def decide(request: Request, visit: Visitor) -> Response:
        form = await browser_of(request).fields(request, *_FIELDS)
        return await _Decision(request, devices, visit, form).answer()

    return routes


def _place(address: str | None, own: str | None) -> str:
    """Return what to say of where a program asks from, as far as an address tells."""
    if address is None:
        return "unknown"
    if address == own:
        return "same"
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    return "machine" if found.is_loopback else "network" if found.is_private else "internet"
