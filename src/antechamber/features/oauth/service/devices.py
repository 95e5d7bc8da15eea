"""Device authorisation (RFC 8628): begun by a program, decided by a person on the page `/device`."""

import dataclasses
from typing import Final

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import NotFound, RateLimited, Unavailable
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import network_of
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import (
    Choices,
    Client,
    DeviceRequest,
    DeviceStatus,
    GrantRefused,
    GrantType,
    OAuthError,
    mint_user_code,
    normalize_user_code,
    read_scopes,
    reduce,
)
from antechamber.features.oauth.model.devices import SECONDS
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Places
from antechamber.features.oauth.service.throttle import Failures

_MOST_WRONG: Final = 10
_MOST_BEGUN: Final = 60
_WINDOW_SECONDS: Final = 600
_TRIES: Final = 5
_TOO_MANY: Final = "Too many codes that there are not; try again later."


class Devices:
    """Waiting programs; people decide on them."""

    def __init__(self, clients: Clients, stores: Stores, means: Means, places: Places) -> None:
        self._clients = clients
        self._store = stores.devices
        self._grants = stores.grants
        self._means = means
        self._places = places
        self._wrong = Failures(means.clock, _MOST_WRONG, _WINDOW_SECONDS)
        self._begun = Failures(means.clock, _MOST_BEGUN, _WINDOW_SECONDS)

    async def begin(self, client: Client, scope: str | None, by: Actor) -> tuple[DeviceRequest, Secret]:
        """Make a request and its device code, which is returned here and never again; GrantRefused."""
        if GrantType.DEVICE_CODE not in client.grants:
            raise GrantRefused(OAuthError.UNAUTHORIZED_CLIENT, "this client may not use the device grant")
        subject = network_of(by.ip_address)
        if (wait := self._begun.wait(subject)) is not None:
            raise GrantRefused(OAuthError.SLOW_DOWN, "too many device codes; try again later", retry_after=wait)
        self._begun.note(subject)
        default = client.scopes if client.built_in and not client.redirect_uris else None
        scopes = read_scopes(scope, client.scopes, default) if default else read_scopes(scope, client.scopes)
        code = mint_secret(SecretKind.DEVICE_CODE, self._means.chance)
        now = self._means.clock.now()
        request = DeviceRequest(
            "", client.id, client.name, scopes, now, now + SECONDS * MICROSECONDS, address=by.ip_address
        )
        for _ in range(_TRIES):
            request = dataclasses.replace(request, user_code=mint_user_code(self._means.chance))
            async with self._means.units.begin() as unit:
                device = self._means.digest(code.reveal())
                if await self._store.resolve_new(unit, request, device, self._user_digest(request.user_code)):
                    return request, code
        message = "No user code is free; try again."
        raise Unavailable(message, retry_after=1)

    async def find(self, user_id: UserId, user_code: str, by: Actor) -> DeviceRequest | None:
        """Return the pending request of a code that a person typed, None for one that there is not.

        RateLimited for a person or an address that tries too many (RFC 8628 §5.1).
        """
        subjects = (user_id, network_of(by.ip_address))
        waits = [wait for subject in subjects if (wait := self._wrong.wait(subject)) is not None]
        if waits:
            raise RateLimited(_TOO_MANY, retry_after=max(waits))
        code = normalize_user_code(user_code)
        request = None
        if code is not None:
            async with self._means.units.read() as unit:
                request = await self._pending(unit, code)
        if request is None:
            for subject in subjects:
                self._wrong.note(subject)
        return request

    async def choices(self, user_id: UserId, request: DeviceRequest) -> Choices:
        """Return the organisations and workspaces that a person may pick for it."""
        client = await self._clients.find(request.client_id)
        if client is None:
            return Choices((), "no_organization")
        return await self._places.choices(user_id, request.scopes, only=client.organization_id)

    async def approve(
        self, user_id: UserId, user_code: str, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> DeviceRequest:
        """Let the program have tokens; NotFound for a code that is not pending, or a place that may not be picked."""
        code = normalize_user_code(user_code) or ""
        async with self._means.units.begin() as unit:
            await self._grants.lock(unit, organization_id)
            request = await self._required(unit, code)
            client = await self._clients.find(request.client_id)
            standing = await self._places.standing(unit, organization_id, user_id, workspace_id)
            if standing is None or client is None or client.organization_id not in {None, organization_id}:
                message = "There is no such workspace to pick."
                raise NotFound(message)
            approved = dataclasses.replace(
                request,
                status=DeviceStatus.APPROVED,
                scopes=reduce(request.scopes, standing.role, standing.workspace_role),
                user_id=user_id,
                organization_id=organization_id,
                workspace_id=workspace_id,
            )
            if not approved.scopes or not await self._store.decide(
                unit, organization_id, self._user_digest(code), approved
            ):
                raise _not_found()
            await self._record(unit, organization_id, user_id, by, ActivityType.DEVICE_APPROVED, approved)
        return approved

    async def deny(self, user_id: UserId, user_code: str, by: Actor) -> None:
        """Say no to the program; NotFound for a code that is not pending. Each of the person's organisations hears."""
        code = normalize_user_code(user_code) or ""
        async with self._means.units.begin() as unit:
            request = await self._required(unit, code)
            if not await self._store.resolve_denied(unit, self._user_digest(code), user_id):
                raise _not_found()
            for organization_id in sorted(await self._places.organizations(unit, user_id)):
                await self._record(unit, organization_id, user_id, by, ActivityType.DEVICE_DENIED, request)

    async def _pending(self, unit: Unit, code: str) -> DeviceRequest | None:
        request = await self._store.resolve_user_code(unit, self._user_digest(code))
        is_open = request is not None and request.status is DeviceStatus.PENDING
        if request is None or not is_open or request.expires_at <= self._means.clock.now():
            return None
        return dataclasses.replace(request, user_code=code)

    async def _required(self, unit: Unit, code: str) -> DeviceRequest:
        request = await self._pending(unit, code)
        if request is None:
            raise _not_found()
        return request

    async def _record(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        user_id: UserId,
        by: Actor,
        act: ActivityType,
        request: DeviceRequest,
    ) -> None:
        person = dataclasses.replace(by, kind=ActorKind.USER, id=user_id)
        await self._means.audit.record(
            unit,
            organization_id,
            person,
            act,
            client_id=request.client_id,
            workspace_id=request.workspace_id,
            scope=" ".join(request.scopes),
            requested_from=request.address,
        )

    def _user_digest(self, code: str) -> bytes:
        return self._means.digest(f"user code {code}")


def _not_found() -> NotFound:
    message = "There is no such code, or it has expired or been used."
    return NotFound(message)
