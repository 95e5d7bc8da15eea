"""Ending what was granted, at its holder's wish (RFC 7009), and saying what a token is worth (RFC 7662)."""

from collections.abc import Mapping
from typing import NamedTuple

from antechamber.base.actor import Actor
from antechamber.base.principal import AccessToken
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import CLAUDE_CODE, Client, GrantRefused, OAuthError, Refresh, StoredToken
from antechamber.features.oauth.service.callers import CallingClient, ClientCredentials, identify
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.fields import Fields
from antechamber.features.oauth.service.issuing import Issuing
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.principals import TokenPrincipals


class Introspection(NamedTuple):
    """What a live token is, for a resource server; instants in seconds since the epoch."""

    scope: str
    client_id: str | None
    subject: str
    organization_id: str
    workspace_id: str | None
    issued_at: int
    expires_at: int
    is_refresh: bool


class Revocations:
    """Revokes and describes tokens for clients."""

    def __init__(
        self, clients: Clients, stores: Stores, means: Means, issuing: Issuing, principals: TokenPrincipals
    ) -> None:
        self._clients = clients
        self._stores = stores
        self._means = means
        self._issuing = issuing
        self._principals = principals

    async def revoke(self, fields: Mapping[str, object], credentials: ClientCredentials | None, by: Actor) -> None:
        """End a token: a refresh token ends its whole grant, an access token itself alone (RFC 7009 §2.1).

        One that there is not is no error. GrantRefused `invalid_grant` for another client's, which its holder may not
        end; who names no client may end what was given to none, or to Claude Code.
        """
        read = Fields(fields)
        calling = await identify(self._clients, read, credentials)
        digest = self._means.digest(read.require("token"))
        async with self._means.units.read() as unit:
            refresh = await self._stores.grants.resolve_refresh(unit, digest)
            token = None if refresh is not None else await self._stores.tokens.resolve_token(unit, digest)
        if refresh is not None:
            _check_owner(calling, refresh.grant.client_id)
            grant = refresh.grant
            await self._issuing.end(
                grant.organization_id,
                grant.id,
                by,
                ActivityType.GRANT_REVOKED,
                client_id=grant.client_id,
                user_id=grant.user_id,
                reason="revoked_by_holder",
            )
        elif token is not None:
            _check_owner(calling, token.holder.client_id)
            await self._end_token(token, by)

    async def introspect(
        self, fields: Mapping[str, object], credentials: ClientCredentials | None
    ) -> Introspection | None:
        """Return what a live token is, None for any other; GrantRefused unless a confidential client asks.

        A client of one organisation learns of that one's tokens alone; a refresh token is its own client's.
        """
        read = Fields(fields)
        client = (await identify(self._clients, read, credentials)).client
        if not client.confidential:
            raise GrantRefused(OAuthError.INVALID_CLIENT, "only a confidential client may introspect")
        digest = self._means.digest(read.require("token"))
        async with self._means.units.read() as unit:
            token = await self._stores.tokens.resolve_token(unit, digest)
            found = None if token is None else await self._principals.resolve_principal(unit, digest)
            refresh = None if token is not None else await self._stores.grants.resolve_refresh(unit, digest)
        if token is not None and isinstance(found, AccessToken):
            return self._described(token, client)
        return None if refresh is None else self._described_refresh(refresh, client)

    def _described(self, token: StoredToken, client: Client) -> Introspection | None:
        is_live = token.expires_at > self._means.clock.now()
        if not is_live or client.organization_id not in {None, token.organization_id}:
            return None
        holder = token.holder
        return Introspection(
            token.scope,
            holder.client_id,
            holder.user_id or holder.service_account_id or token.id,
            token.organization_id,
            holder.workspace_id,
            token.created_at // 1_000_000,
            token.expires_at // 1_000_000,
            is_refresh=False,
        )

    def _described_refresh(self, refresh: Refresh, client: Client) -> Introspection | None:
        grant = refresh.grant
        is_live = grant.revoked_at is None and refresh.replaced_at is None
        if not is_live or refresh.expires_at <= self._means.clock.now() or grant.client_id != client.id:
            return None
        return Introspection(
            grant.scope,
            grant.client_id,
            grant.user_id,
            grant.organization_id,
            grant.workspace_id,
            refresh.created_at // 1_000_000,
            refresh.expires_at // 1_000_000,
            is_refresh=True,
        )

    async def _end_token(self, token: StoredToken, by: Actor) -> None:
        async with self._means.units.begin() as unit:
            await self._stores.grants.lock(unit, token.organization_id)
            await self._stores.tokens.remove(unit, token.organization_id, token)
            await self._means.audit.record(
                unit,
                token.organization_id,
                by,
                ActivityType.TOKEN_REVOKED,
                token_id=token.id,
                client_id=token.holder.client_id,
                user_id=token.user_id,
            )


def _check_owner(calling: CallingClient, client_id: str | None) -> None:
    owner = client_id or CLAUDE_CODE
    if owner != calling.client.id:
        raise GrantRefused(OAuthError.INVALID_GRANT, "token: another client's")
