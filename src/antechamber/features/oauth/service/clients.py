"""Clients: those that every server has, those of its settings, and those that the operator registers."""

from collections.abc import Sequence

from antechamber.base.actor import Actor
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import Client, ClientDraft


class Clients:
    """Finds clients, and registers them for the operator."""

    async def find(self, client_id: str) -> Client | None:
        """Return a client, or None."""
        raise NotImplementedError

    async def everyone(self) -> Sequence[Client]:
        """Return every client of this server: built-in ones, then those of the settings, then registered ones."""
        raise NotImplementedError

    async def register(self, draft: ClientDraft, by: Actor) -> tuple[Client, Secret | None]:
        """Register a client; a confidential one's secret is returned here and never again. InvalidRequest, Conflict."""
        raise NotImplementedError

    async def rotate_secret(self, client_id: str, by: Actor) -> Secret:
        """Give a confidential client a new secret, which ends the old one; NotFound, InvalidRequest."""
        raise NotImplementedError

    async def remove(self, client_id: str, by: Actor) -> None:
        """Forget a registered client and end what was granted to it; NotFound, InvalidRequest for a built-in one."""
        raise NotImplementedError
