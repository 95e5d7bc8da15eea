"""Clients: those that every server has, those of its settings, and those that the operator registers."""

import dataclasses
import hmac
import uuid
from collections.abc import Sequence
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.secret import Secret, SecretKind, mint_secret
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.oauth.model import Client, ClientDraft, GrantType, check_draft
from antechamber.features.oauth.service.means import Means, Stores

_LONGEST_ID: Final = 128


class Clients:
    """Finds clients, and registers them for the operator."""

    def __init__(self, stores: Stores, means: Means, built_in: Sequence[Client]) -> None:
        self._stores = stores
        self._means = means
        self._built_in = {client.id: client for client in built_in}
        self._set: dict[str, Client] = {}

    def adopt(self, drafts: Sequence[tuple[ClientDraft, Secret | None]]) -> None:
        """Take up the clients of the settings in place of those before; InvalidRequest changes nothing."""
        found: dict[str, Client] = {}
        for draft, secret in drafts:
            client = self._drawn_up(check_draft(draft))
            if client.id in self._built_in or client.id in found:
                message = f"id: {client.id} is another client's"
                raise InvalidRequest(message)
            if client.confidential is (secret is None):
                message = "secret: a confidential client has one, a public one has none"
                raise InvalidRequest(message)
            digest = None if secret is None else self._means.digest(secret.reveal())
            found[client.id] = dataclasses.replace(client, secret_digest=digest, built_in=True)
        self._set = found

    async def find(self, client_id: str) -> Client | None:
        """Return a client, or None."""
        known = self._built_in.get(client_id) or self._set.get(client_id)
        if known is not None or not 0 < len(client_id) <= _LONGEST_ID or "\x00" in client_id:
            return known
        async with self._means.units.read() as unit:
            return await self._stores.clients.resolve_client(unit, client_id)

    def knows_secret(self, client: Client, secret: Secret) -> bool:
        """Say whether a secret is a confidential client's."""
        digest = self._means.digest(secret.reveal())
        return client.secret_digest is not None and hmac.compare_digest(digest, client.secret_digest)

    async def everyone(self) -> Sequence[Client]:
        """Return every client of this server: built-in ones, then those of the settings, then registered ones."""
        async with self._means.units.read() as unit:
            registered = await self._stores.clients.sweep_all(unit)
        return [*self._built_in.values(), *self._set.values(), *registered]

    async def register(self, draft: ClientDraft, by: Actor) -> tuple[Client, Secret | None]:
        """Register a client; a confidential one's secret is returned here and never again. InvalidRequest, Conflict."""
        client, secret = self._drawn_up(check_draft(draft)), self._secret_for(draft)
        if secret is not None:
            client = dataclasses.replace(client, secret_digest=self._means.digest(secret.reveal()))
        async with self._means.units.begin() as unit:
            known = self._built_in.get(client.id) or self._set.get(client.id)
            if known is not None or await self._stores.clients.resolve_client(unit, client.id) is not None:
                message = f"id: there is a client {client.id} already"
                raise Conflict(message)
            await self._stores.clients.sweep_in(unit, client)
            await self._record(unit, client, by, ActivityType.CLIENT_REGISTERED)
        return client, secret

    async def rotate_secret(self, client_id: str, by: Actor) -> Secret:
        """Give a confidential client a new secret, which ends the old one; NotFound, InvalidRequest."""
        secret = mint_secret(SecretKind.CLIENT_SECRET, self._means.chance)
        async with self._means.units.begin() as unit:
            client = await self._registered(unit, client_id)
            if not client.confidential:
                message = f"{client_id} is a public client, which has no secret"
                raise InvalidRequest(message)
            digest = self._means.digest(secret.reveal())
            await self._stores.clients.sweep_in(unit, dataclasses.replace(client, secret_digest=digest))
            await self._record(unit, client, by, ActivityType.CLIENT_SECRET_ROTATED)
        return secret

    async def remove(self, client_id: str, by: Actor) -> None:
        """Forget a registered client and end what was granted to it; NotFound, InvalidRequest for a built-in one."""
        async with self._means.units.begin() as unit:
            client = await self._registered(unit, client_id)
            await self._stores.clients.sweep_out(unit, client_id)
            await self._stores.grants.sweep_revoked_client(unit, client_id, self._means.clock.now())
            await self._stores.tokens.sweep_out_client(unit, client_id)
            await self._record(unit, client, by, ActivityType.CLIENT_REMOVED)

    async def _registered(self, unit: Unit, client_id: str) -> Client:
        if client_id in self._built_in or client_id in self._set:
            message = f"{client_id} is built in or comes from the settings"
            raise InvalidRequest(message)
        is_possible = len(client_id) <= _LONGEST_ID and "\x00" not in client_id
        client = await self._stores.clients.resolve_client(unit, client_id) if is_possible else None
        if client is None:
            message = f"There is no client {client_id[:_LONGEST_ID]!r}"
            raise NotFound(message)
        return client

    def _drawn_up(self, draft: ClientDraft) -> Client:
        return Client(
            draft.id or str(uuid.UUID(bytes=self._means.chance.draw(16), version=4)),
            draft.name,
            draft.confidential,
            tuple(dict.fromkeys(draft.redirect_uris)),
            tuple(GrantType(grant) for grant in dict.fromkeys(draft.grants)),
            tuple(dict.fromkeys(draft.scopes)),
            draft.organization_id,
            None,
            self._means.clock.now(),
        )

    def _secret_for(self, draft: ClientDraft) -> Secret | None:
        return mint_secret(SecretKind.CLIENT_SECRET, self._means.chance) if draft.confidential else None

    async def _record(self, unit: Unit, client: Client, by: Actor, act: ActivityType) -> None:
        """Record an act on a client of one organisation; those of all are the operator's alone."""
        if client.organization_id is not None:
            await self._means.audit.record(unit, client.organization_id, by, act, client_id=client.id, name=client.name)
