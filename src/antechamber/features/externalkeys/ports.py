"""What external keys need from outside."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.base.ids import ExternalKeyId, OrganizationId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.externalkeys.model import ExternalKey, KeyConfig, Proof


class ExternalKeyStore(Protocol):
    """Where external keys are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, key: ExternalKey) -> None:
        """Keep a new one."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, key: ExternalKey) -> None:
        """Keep what has changed of a known one."""
        ...

    async def delete(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId) -> None:
        """Forget one."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId) -> ExternalKey | None:
        """Return one."""
        ...

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[ExternalKey]:
        """Return what was asked for."""
        ...


class KeyService(Protocol):
    """Whoever can use customers' keys."""

    async def prove(self, organization_id: OrganizationId, config: KeyConfig) -> Proof:
        """Encrypt something with a key and decrypt it again, within 30 seconds; never fails."""
        ...


class KeyEvents(Protocol):
    """Whoever is told how keys stand; in the transaction in which that is noted."""

    async def external_key_failed(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        """Tell that a key stopped working."""
        ...

    async def external_key_recovered(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        """Tell that a key works again."""
        ...
