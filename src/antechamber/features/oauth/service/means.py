"""What the use-cases of OAuth are made of: the stores, and clock, chance, keys, transactions and audit."""

from dataclasses import dataclass

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.secret import Digester, Secret
from antechamber.base.unit import Units
from antechamber.features.audit.service import Audit
from antechamber.features.oauth.model import Lifetimes
from antechamber.features.oauth.ports import ClientStore, DeviceStore, GrantStore, TokenStore


@dataclass(frozen=True, slots=True)
class Stores:
    """Where everything of OAuth is kept."""

    clients: ClientStore
    devices: DeviceStore
    grants: GrantStore
    tokens: TokenStore


class Means:
    """What each use-case needs besides."""

    def __init__(
        self,
        units: Units,
        clock: Clock,
        chance: Chance,
        pepper: Secret,
        audit: Audit,
        lifetimes: Lifetimes = Lifetimes(),  # noqa: B008 - frozen
    ) -> None:
        self.units = units
        self.clock = clock
        self.chance = chance
        self.pepper = pepper
        self.audit = audit
        self.lifetimes = lifetimes
        self._digest = Digester(pepper.reveal().encode())

    def digest(self, text: str) -> bytes:
        """Return the keyed hash under which a secret is kept."""
        return self._digest(text)
