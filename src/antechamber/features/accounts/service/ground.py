"""What every use-case of accounts stands on."""

from dataclasses import dataclass

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.secret import Secret, digest
from antechamber.base.unit import Units


@dataclass(frozen=True, slots=True)
class Ground:
    """Transactions, time, randomness, and the key of the hashes under which secrets are kept."""

    units: Units
    clock: Clock
    chance: Chance
    pepper: Secret

    def digest(self, text: str) -> bytes:
        """Return the keyed hash by which a secret is kept and looked up."""
        return digest(self.pepper.reveal().encode(), text)
