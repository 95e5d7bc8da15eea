"""The use-cases of accounts."""

from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import Kind, OrganizationId, mint
from antechamber.base.secret import Secret, SecretKind, digest, mint_secret
from antechamber.base.unit import Unit, Units
from antechamber.features.accounts.model import SETUP_SECONDS, SetupLink
from antechamber.features.accounts.ports import SetupLinkStore
from antechamber.features.organizations.model import check_email


class Accounts:
    """Makes set-up links and reads them."""

    def __init__(self, store: SetupLinkStore, units: Units, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()

    async def create_setup_link(
        self, unit: Unit, organization_id: OrganizationId, email: str | None
    ) -> tuple[SetupLink, Secret]:
        """Make a link in the caller's transaction; InvalidRequest. Its secret is returned here and never again."""
        secret = mint_secret(SecretKind.SETUP, self._chance)
        now = self._clock.now()
        link = SetupLink(
            id=mint(Kind.SETUP, self._clock, self._chance),
            organization_id=organization_id,
            email=None if email is None else check_email(email, "admin_email"),
            created_at=now,
            expires_at=now + SETUP_SECONDS * MICROSECONDS,
            used_at=None,
        )
        await self._store.add(unit, organization_id, link, digest(self._pepper, secret.reveal()))
        return link, secret

    async def open_setup_link(self, secret: str) -> SetupLink | None:
        """Return the link that a secret opens, if it can still be used."""
        async with self._units.read() as unit:
            link = await self._store.resolve_link(unit, digest(self._pepper, secret))
        return link if link is not None and link.is_open(self._clock.now()) else None
