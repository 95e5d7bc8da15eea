"""Making keys' ids and secrets."""

from dataclasses import dataclass

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import Kind, mint
from antechamber.base.secret import Secret, SecretKind, digest, hint, mint_secret


@dataclass(frozen=True, slots=True)
class Minted:
    """A new secret, what may be shown of it, and the keyed hash under which it is kept."""

    secret: Secret
    hint: str
    digest: bytes


class Mint:
    """Makes what every new key needs."""

    def __init__(self, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()

    def now(self) -> int:
        """Return the present instant, in microseconds."""
        return self._clock.now()

    def make_id(self, kind: Kind) -> str:
        """Return a new id."""
        return mint(kind, self._clock, self._chance)

    def make_secret(self, kind: SecretKind) -> Minted:
        """Return a new secret; its text is nowhere else."""
        secret = mint_secret(kind, self._chance)
        return Minted(secret, hint(secret), digest(self._pepper, secret.reveal()))
