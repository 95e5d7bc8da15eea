"""What accounts need from outside."""

from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import SetupLink


class SetupLinkStore(Protocol):
    """Where set-up links are kept, under their digests."""

    async def add(self, unit: Unit, organization_id: OrganizationId, link: SetupLink, digest: bytes) -> None:
        """Keep a new link."""
        ...

    async def resolve_link(self, unit: Unit, digest: bytes) -> SetupLink | None:
        """Return the link that a secret opens."""
        ...
