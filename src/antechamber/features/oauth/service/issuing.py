"""Tokens for a person's grant: the first of a family, and those that follow."""

import dataclasses
import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import GrantId, Kind, OrganizationId, UserId, WorkspaceId, mint
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import Client, Grant, GrantType, Refresh, TokenAnswer
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Standing
from antechamber.features.oauth.service.tokens import Tokens

_SUCCESSORS: Final = b"antechamber refresh successors"


class _Derived:
    """Gives out the bytes that it was made of, where others draw."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def draw(self, size: int) -> bytes:
        """Return the first bytes of the seed."""
        return self._seed[:size]


class Issuing:
    """Keeps a grant, and makes the tokens of each answer."""

    def __init__(self, stores: Stores, means: Means, tokens: Tokens) -> None:
        self._grants = stores.grants
        self._stored = stores.tokens
        self._means = means
        self._tokens = tokens
        self._key = hmac.digest(means.pepper.reveal().encode(), _SUCCESSORS, sha256)

    def mint_grant_id(self) -> GrantId:
        """Return the id of a grant that is going to be kept."""
        return GrantId(mint(Kind.GRANT, self._means.clock, self._means.chance))

    async def begin(
        self, unit: Unit, grant_id: GrantId, client: Client, standing: Standing, scopes: Sequence[str], by: Actor
    ) -> TokenAnswer:
        """Keep a new grant with its first tokens, and audit it."""
        now, lifetimes = self._means.clock.now(), self._means.lifetimes
        grant = Grant(
            grant_id,
            OrganizationId(standing.organization.id),
            UserId(standing.account.id),
            client.id,
            WorkspaceId(standing.workspace.id),
            " ".join(scopes),
            now,
            now + lifetimes.absolute * MICROSECONDS,
        )
        await self._grants.add(unit, grant.organization_id, grant)
        refresh_token = None
        if GrantType.REFRESH_TOKEN in client.grants:
            refresh_token = mint_secret(SecretKind.REFRESH_TOKEN, self._means.chance)
            await self.keep_refresh(unit, grant, 0, refresh_token)
        await self._means.audit.record(
            unit,
            grant.organization_id,
            dataclasses.replace(by, kind=ActorKind.USER, id=grant.user_id),
            ActivityType.GRANT_CREATED,
            grant_id=grant.id,
            client_id=client.id,
            workspace_id=grant.workspace_id,
            scope=grant.scope,
        )
        return await self.answer(unit, grant, standing, scopes, refresh_token)

    async def keep_refresh(self, unit: Unit, grant: Grant, generation: int, secret: Secret) -> None:
        """Keep a refresh token of a family; it ends when it is left unused, or with its grant."""
        now = self._means.clock.now()
        expires_at = min(now + self._means.lifetimes.idle * MICROSECONDS, grant.expires_at)
        refresh = Refresh(grant, generation, now, expires_at)
        await self._grants.add_refresh(unit, grant.organization_id, refresh, self._means.digest(secret.reveal()))

    def successor(self, presented: str, refresh: Refresh) -> Secret:
        """Return what follows a refresh token: always the same, so that it need not be stored to be given again."""
        text = f"{refresh.grant.id} {refresh.generation + 1} {presented}"
        return mint_secret(SecretKind.REFRESH_TOKEN, _Derived(hmac.digest(self._key, text.encode(), sha256)))

    async def answer(
        self, unit: Unit, grant: Grant, standing: Standing, scopes: Sequence[str], refresh_token: Secret | None
    ) -> TokenAnswer:
        """Make an access token of a grant, no longer lived than that."""
        left = (grant.expires_at - self._means.clock.now()) // MICROSECONDS
        seconds, scope = max(1, min(self._means.lifetimes.access, left)), " ".join(scopes)
        _, secret = await self._tokens.issue(
            unit,
            grant.organization_id,
            scope=scope,
            ttl_seconds=seconds,
            workspace_id=grant.workspace_id,
            user_id=grant.user_id,
            client_id=grant.client_id,
            grant_id=grant.id,
        )
        return TokenAnswer(
            secret, seconds, scope, refresh_token, standing.organization, standing.account, standing.workspace
        )

    async def end(
        self, organization_id: OrganizationId, grant_id: GrantId, by: Actor, act: ActivityType, **details: object
    ) -> None:
        """End a grant with all its tokens, and audit it if it had not ended before; in a transaction of its own."""
        async with self._means.units.begin() as unit:
            await self._grants.lock(unit, organization_id)
            is_new = await self._grants.revoke(unit, organization_id, grant_id, self._means.clock.now())
            await self._stored.remove_given(unit, organization_id, grant_id)
            if is_new:
                await self._means.audit.record(unit, organization_id, by, act, grant_id=grant_id, **details)
