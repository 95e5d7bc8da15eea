"""The refresh grant: rotation, with a grace for processes that refresh at once, and the end of a family on reuse."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import GrantRefused, OAuthError, Refresh, TokenAnswer, narrow, reduce
from antechamber.features.oauth.service.callers import CallingClient
from antechamber.features.oauth.service.fields import Fields
from antechamber.features.oauth.service.issuing import Issuing
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Places

_BAD: Final = "the refresh token is not valid: unknown, expired, revoked, or another client's; log in again"
_GONE: Final = "who granted this may no longer do so in that workspace; log in again"


@dataclass(frozen=True, slots=True)
class _Reused:
    """A refresh token that was used after what followed it had been given for good."""

    refresh: Refresh


class RefreshGrant:
    """`refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2)."""

    def __init__(self, stores: Stores, means: Means, places: Places, issuing: Issuing) -> None:
        self._store = stores.grants
        self._means = means
        self._places = places
        self._issuing = issuing

    async def exchange(self, fields: Fields, calling: CallingClient, by: Actor) -> TokenAnswer:
        """Replace a refresh token; within the grace an old one gets the same successor with a new access token."""
        text, scope = fields.require("refresh_token"), fields.text("scope")
        async with self._means.units.begin() as unit:
            outcome = await self._rotate(unit, text, scope, calling)
        if isinstance(outcome, _Reused):
            grant, generation = outcome.refresh.grant, outcome.refresh.generation
            # of its own: here the grant's row is held before the organisation's, there after it
            await self._issuing.end(
                grant.organization_id,
                grant.id,
                by,
                ActivityType.GRANT_REUSED,
                client_id=grant.client_id,
                user_id=grant.user_id,
                generation=generation,
            )
            raise self._bad(calling)
        return outcome

    async def _rotate(self, unit: Unit, text: str, scope: str | None, calling: CallingClient) -> TokenAnswer | _Reused:
        digest = self._means.digest(text)
        refresh = await self._store.resolve_refresh(unit, digest, lock=True)
        now = self._means.clock.now()
        if refresh is None or not _is_live(refresh, calling, now):
            raise self._bad(calling)
        grace, replaced_at = self._means.lifetimes.grace * MICROSECONDS, refresh.replaced_at
        if replaced_at is not None and now >= replaced_at + grace:
            return _Reused(refresh)
        grant = refresh.grant
        asked = narrow(scope, grant.scope.split())
        standing = await self._places.standing(unit, grant.organization_id, grant.user_id, grant.workspace_id)
        scopes = reduce(asked, standing.role, standing.workspace_role) if standing else ()
        if standing is None or not scopes:
            raise GrantRefused(OAuthError.INVALID_GRANT, _GONE, relogin=not calling.is_named)
        successor = self._issuing.successor(text, refresh)
        if replaced_at is None:
            if await self._store.replace(unit, grant.organization_id, digest, now):
                await self._issuing.keep_refresh(unit, grant, refresh.generation + 1, successor)
            elif not grace:
                # replaced by another that held the grant until now
                return _Reused(refresh)
        return await self._issuing.answer(unit, grant, standing, scopes, successor)

    def _bad(self, calling: CallingClient) -> GrantRefused:
        return GrantRefused(OAuthError.INVALID_GRANT, _BAD, relogin=not calling.is_named)


def _is_live(refresh: Refresh, calling: CallingClient, now: int) -> bool:
    grant = refresh.grant
    if grant.client_id != calling.client.id or grant.revoked_at is not None or grant.expires_at <= now:
        return False
    # one that was replaced counts as reused however old it is: its family may live
    return refresh.replaced_at is not None or refresh.expires_at > now
