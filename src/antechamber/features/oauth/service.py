"""The use-cases of access tokens."""

from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import Kind, OrganizationId, TokenId, mint
from antechamber.base.secret import Secret, SecretKind, digest, mint_secret
from antechamber.base.unit import Units
from antechamber.features.oauth.model import StoredToken, check_lifetime, check_scope
from antechamber.features.oauth.ports import TokenStore


class Tokens:
    """Mints access tokens."""

    def __init__(self, store: TokenStore, units: Units, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()

    async def mint(self, organization_id: OrganizationId, scope: str, ttl_seconds: int) -> tuple[StoredToken, Secret]:
        """Make a token for the operator; its text is returned here and never again."""
        secret = mint_secret(SecretKind.ACCESS_TOKEN, self._chance)
        now = self._clock.now()
        token = StoredToken(
            id=TokenId(mint(Kind.TOKEN, self._clock, self._chance)),
            organization_id=organization_id,
            scope=check_scope(scope),
            created_at=now,
            expires_at=now + check_lifetime(ttl_seconds) * MICROSECONDS,
        )
        async with self._units.begin() as unit:
            await self._store.add(unit, organization_id, token, digest(self._pepper, secret.reveal()))
        return token, secret
