"""OAuth joined: stores, services and settings to what pages, routes and commands use."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import CLIENT_GRANTS, INTERACTIVE, ClientDraft, Lifetimes, well_known
from antechamber.features.oauth.service import (
    Authorizations,
    Clients,
    Devices,
    Failures,
    Issuing,
    Means,
    Places,
    Revocations,
    Stores,
    Sweeper,
    TokenEndpoint,
    TokenPrincipals,
    Tokens,
    grants_of,
)
from antechamber.features.oauth.sql import SqlClients, SqlDevices, SqlGrants, SqlTokens
from antechamber.settings import Loaded, Settings, SettingsError, resolve_reference

_MINUTE: Final = 60
_NAMES: Final = {"id", "name", "redirect_uris", "confidential", "secret", "grants", "scopes", "organization_id"}


@dataclass(frozen=True, slots=True)
class OAuth:
    """Every service of OAuth."""

    clients: Clients
    authorizations: Authorizations
    devices: Devices
    endpoint: TokenEndpoint
    revocations: Revocations
    principals: TokenPrincipals
    sweeper: Sweeper


def oauth_means_stores() -> Stores:
    """Return the stores, which hold nothing themselves."""
    return Stores(SqlClients(), SqlDevices(), SqlGrants(), SqlTokens())


def lifetimes_of(settings: Settings) -> Lifetimes:
    """Return how long tokens live."""
    return Lifetimes(
        access=settings.access_token_seconds,
        idle=settings.refresh_token_idle_seconds,
        absolute=settings.refresh_token_seconds,
        grace=settings.refresh_grace_seconds,
    )


def build_oauth(settings: Settings, means: Means, places: Places, tokens: Tokens, principals: TokenPrincipals) -> OAuth:
    """Join the services."""
    issuer, stores = settings.base_url(), oauth_means_stores()
    clients = Clients(stores, means, well_known(issuer))
    issuing = Issuing(stores, means, tokens)
    failures = Failures(means.clock, settings.token_failures_per_minute, _MINUTE)
    return OAuth(
        clients=clients,
        authorizations=Authorizations(clients, stores, means, places, issuer),
        devices=Devices(clients, stores, means, places),
        endpoint=TokenEndpoint(clients, grants_of(stores, means, places, issuing), failures),
        revocations=Revocations(clients, stores, means, issuing, principals),
        principals=principals,
        sweeper=Sweeper(stores, means),
    )


def challenge_of(issuer: str) -> str:
    """Return what a 401 of the API says: how to show who one is, and where that is described (RFC 9728 §5.1)."""
    return f'Bearer realm="antechamber", resource_metadata="{issuer}/.well-known/oauth-protected-resource"'


def read_clients(loaded: Loaded) -> list[tuple[ClientDraft, Secret | None]]:
    """Return the clients of the file's `[[oauth_clients]]`; SettingsError names what is wrong."""
    tables = loaded.catalogue.get("oauth_clients", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        message = f"{loaded.file}: oauth_clients: must be tables, as [[oauth_clients]]"
        raise SettingsError(message)
    return [
        _read_client(table, loaded.environment, f"{loaded.file}: oauth_clients[{number}]")
        for number, table in enumerate(tables)
    ]


def adopt_clients(clients: Clients, loaded: Loaded) -> None:
    """Take up the clients of the file in place of those before; SettingsError changes nothing."""
    try:
        clients.adopt(read_clients(loaded))
    except InvalidRequest as error:
        message = f"{loaded.file}: oauth_clients: {error.message}"
        raise SettingsError(message) from error


def _read_client(
    table: Mapping[str, Any], environment: Mapping[str, str], place: str
) -> tuple[ClientDraft, Secret | None]:
    unknown = sorted(table.keys() - _NAMES)
    if unknown:
        message = f"{place}.{unknown[0]}: there is no such key; there are: {', '.join(sorted(_NAMES))}"
        raise SettingsError(message)
    organization_id = _text(table, "organization_id", place)
    secret = _text(table, "secret", place)
    confidential = table.get("confidential", secret is not None)
    if not isinstance(confidential, bool):
        message = f"{place}.confidential: must be true or false"
        raise SettingsError(message)
    draft = ClientDraft(
        id=_required(table, "id", place),
        name=_required(table, "name", place),
        confidential=confidential,
        redirect_uris=_texts(table, "redirect_uris", place, ()),
        grants=_texts(table, "grants", place, CLIENT_GRANTS),
        scopes=_texts(table, "scopes", place, INTERACTIVE),
        organization_id=None if organization_id is None else OrganizationId(organization_id),
    )
    return draft, None if secret is None else resolve_reference(secret, environment, f"{place}.secret")


def _text(table: Mapping[str, Any], name: str, place: str) -> str | None:
    value = table.get(name)
    if value is not None and not isinstance(value, str):
        message = f"{place}.{name}: must be text"
        raise SettingsError(message)
    return value


def _required(table: Mapping[str, Any], name: str, place: str) -> str:
    value = _text(table, name, place)
    if not value:
        message = f"{place}.{name}: is missing"
        raise SettingsError(message)
    return value


def _texts(table: Mapping[str, Any], name: str, place: str, default: tuple[str, ...]) -> tuple[str, ...]:
    values = table.get(name, default)
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        message = f"{place}.{name}: must be a list of texts"
        raise SettingsError(message)
    return tuple(values)


class Sweeping:
    """Drops what has expired beside the requests."""

    def __init__(self, sweeper: Sweeper) -> None:
        self._sweeper = sweeper
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._sweeper.run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
