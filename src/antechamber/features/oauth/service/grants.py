"""The grants of people: each reads its fields and answers with tokens; the endpoint has done what is common to all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import GrantId, OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import (
    Code,
    DeviceRequest,
    DeviceStatus,
    GrantRefused,
    GrantType,
    OAuthError,
    TokenAnswer,
    proves,
    reduce,
)
from antechamber.features.oauth.service.callers import CallingClient
from antechamber.features.oauth.service.fields import Fields
from antechamber.features.oauth.service.issuing import Issuing
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Places
from antechamber.features.oauth.service.refreshing import RefreshGrant

_SLOWER_SECONDS: Final = 5
_BAD_CODE: Final = "the code is not valid: unknown, expired, used, or another client's"
_BAD_DEVICE: Final = "the device code is not valid: unknown, used, or another client's"
_GONE: Final = "who granted this may no longer do so in that workspace"


class PersonGrant(Protocol):
    """One value of `grant_type` that stands for a person."""

    async def exchange(self, fields: Fields, calling: CallingClient, by: Actor) -> TokenAnswer:
        """Return tokens; GrantRefused."""
        ...


@dataclass(frozen=True, slots=True)
class _Replayed:
    """A code that had been redeemed, and what that gave."""

    organization_id: OrganizationId
    grant_id: GrantId | None


class CodeGrant:
    """`authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

    def __init__(self, stores: Stores, means: Means, places: Places, issuing: Issuing) -> None:
        self._store = stores.grants
        self._means = means
        self._places = places
        self._issuing = issuing

    async def exchange(self, fields: Fields, calling: CallingClient, by: Actor) -> TokenAnswer:
        """Redeem a code once; a second time ends what the first gave (RFC 6749 §4.1.2)."""
        if not calling.is_named:
            raise GrantRefused(OAuthError.INVALID_REQUEST, "client_id: Field required")
        text, verifier, uri = fields.require("code"), fields.require("code_verifier"), fields.require("redirect_uri")
        digest, state = self._means.digest(text), fields.text("state")
        async with self._means.units.begin() as unit:
            code = await self._store.resolve_code(unit, digest)
            if code is None:
                raise GrantRefused(OAuthError.INVALID_GRANT, _BAD_CODE)
            outcome: TokenAnswer | _Replayed = _Replayed(code.organization_id, code.grant_id)
            if code.used_at is None:
                self._check(code, calling, verifier, uri, state)
                outcome = await self._redeem(unit, code, digest, calling, by)
        if isinstance(outcome, _Replayed):
            await self._end(outcome, digest, by)
            raise GrantRefused(OAuthError.INVALID_GRANT, _BAD_CODE)
        return outcome

    def _check(self, code: Code, calling: CallingClient, verifier: str, uri: str, state: str | None) -> None:
        if code.client_id != calling.client.id or code.expires_at <= self._means.clock.now():
            raise GrantRefused(OAuthError.INVALID_GRANT, _BAD_CODE)
        if uri != code.redirect_uri:
            raise GrantRefused(OAuthError.INVALID_GRANT, "redirect_uri: not that of the authorization request")
        if not proves(verifier, code.challenge):
            raise GrantRefused(OAuthError.INVALID_GRANT, "code_verifier: does not fit the code_challenge")
        is_known = state is not None and code.state_digest is not None
        if is_known and self._means.digest(state or "") != code.state_digest:
            raise GrantRefused(OAuthError.INVALID_GRANT, "state: not that of the authorization request")

    async def _redeem(
        self, unit: Unit, code: Code, digest: bytes, calling: CallingClient, by: Actor
    ) -> TokenAnswer | _Replayed:
        await self._store.lock(unit, code.organization_id)
        standing = await self._places.standing(unit, code.organization_id, code.user_id, code.workspace_id)
        scopes = reduce(code.scope.split(), standing.role, standing.workspace_role) if standing else ()
        if standing is None or not scopes:
            raise GrantRefused(OAuthError.INVALID_GRANT, _GONE)
        grant_id = self._issuing.mint_grant_id()
        if not await self._store.use_code(unit, code.organization_id, digest, grant_id, self._means.clock.now()):
            return _Replayed(code.organization_id, None)
        return await self._issuing.begin(unit, grant_id, calling.client, standing, scopes, by)

    async def _end(self, replayed: _Replayed, digest: bytes, by: Actor) -> None:
        grant_id = replayed.grant_id
        if grant_id is None:
            # lost against another that was redeemed at the same time
            async with self._means.units.read() as unit:
                code = await self._store.resolve_code(unit, digest)
            grant_id = None if code is None else code.grant_id
        if grant_id is not None:
            await self._issuing.end(
                replayed.organization_id, grant_id, by, ActivityType.GRANT_REVOKED, reason="authorization_code_reused"
            )


class DeviceGrant:
    """`urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4)."""

    def __init__(self, stores: Stores, means: Means, places: Places, issuing: Issuing) -> None:
        self._store = stores.devices
        self._lock = stores.grants.lock
        self._means = means
        self._places = places
        self._issuing = issuing

    async def exchange(self, fields: Fields, calling: CallingClient, by: Actor) -> TokenAnswer:
        """Answer a poll: tokens once, when somebody has approved."""
        digest = self._means.digest(fields.require("device_code"))
        async with self._means.units.begin() as unit:
            request = await self._store.resolve_device(unit, digest)
            if request is None or request.client_id != calling.client.id:
                raise GrantRefused(OAuthError.INVALID_GRANT, _BAD_DEVICE)
            outcome = await self._poll(unit, request, digest, calling, by)
        if isinstance(outcome, GrantRefused):
            raise outcome
        return outcome

    async def _poll(
        self, unit: Unit, request: DeviceRequest, digest: bytes, calling: CallingClient, by: Actor
    ) -> TokenAnswer | GrantRefused:
        """Return the answer; a refusal is a value, as the poll is noted all the same."""
        if request.status is DeviceStatus.DENIED:
            return GrantRefused(OAuthError.ACCESS_DENIED, "the person said no")
        if request.status is DeviceStatus.USED:
            return GrantRefused(OAuthError.INVALID_GRANT, _BAD_DEVICE)
        now = self._means.clock.now()
        if request.expires_at <= now:
            return GrantRefused(OAuthError.EXPIRED_TOKEN, "the device code has expired; begin again")
        if request.status is DeviceStatus.PENDING:
            is_early = request.polled_at is not None and now < request.polled_at + request.interval * MICROSECONDS
            interval = request.interval + (_SLOWER_SECONDS if is_early else 0)
            await self._store.resolve_polled(unit, digest, now, interval)
            if is_early:
                return GrantRefused(OAuthError.SLOW_DOWN, f"poll every {interval} seconds from now on")
            return GrantRefused(OAuthError.AUTHORIZATION_PENDING, "nobody has decided yet")
        return await self._give(unit, request, digest, calling, by)

    async def _give(
        self, unit: Unit, request: DeviceRequest, digest: bytes, calling: CallingClient, by: Actor
    ) -> TokenAnswer | GrantRefused:
        organization_id, workspace_id, user_id = request.organization_id, request.workspace_id, request.user_id
        if organization_id is None or workspace_id is None or user_id is None:
            return GrantRefused(OAuthError.INVALID_GRANT, _BAD_DEVICE)
        await self._lock(unit, organization_id)
        standing = await self._places.standing(unit, organization_id, user_id, workspace_id)
        scopes = reduce(request.scopes, standing.role, standing.workspace_role) if standing else ()
        if standing is None or not scopes:
            return GrantRefused(OAuthError.ACCESS_DENIED, _GONE)
        if not await self._store.use(unit, organization_id, digest):
            return GrantRefused(OAuthError.INVALID_GRANT, _BAD_DEVICE)
        grant_id = self._issuing.mint_grant_id()
        return await self._issuing.begin(unit, grant_id, calling.client, standing, scopes, by)


def grants_of(stores: Stores, means: Means, places: Places, issuing: Issuing) -> Mapping[GrantType, PersonGrant]:
    """Return every grant that stands for a person, by its `grant_type`."""
    return {
        GrantType.AUTHORIZATION_CODE: CodeGrant(stores, means, places, issuing),
        GrantType.DEVICE_CODE: DeviceGrant(stores, means, places, issuing),
        GrantType.REFRESH_TOKEN: RefreshGrant(stores, means, places, issuing),
    }
