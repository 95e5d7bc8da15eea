"""Challenges of passkey ceremonies: signed instead of stored, so that strangers who ask for them fill no table.

Each serves one purpose in one place (a session, a link) for five minutes; that it serves once is what the store of
answered ones is for.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.features.accounts.model import CHALLENGE_SECONDS, ChallengePurpose
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.organizations.model import key_of

_NONCE: Final = 16
_TIME: Final = 8
_MAC: Final = 32


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that is ours and still open."""

    digest: bytes
    expires_at: int


class Challenges:
    """Makes and reads challenges."""

    def __init__(self, ground: Ground) -> None:
        self._clock = ground.clock
        self._chance = ground.chance
        self._pepper = ground.pepper.reveal().encode()

    def make(self, purpose: ChallengePurpose, place: str = "") -> bytes:
        """Return a new challenge of 56 bytes; at least 16 are to be random (WebAuthn §13.4.3)."""
        expires_at = self._clock.now() + CHALLENGE_SECONDS * MICROSECONDS
        head = self._chance.draw(_NONCE) + expires_at.to_bytes(_TIME)
        return head + self._mac(purpose, place, head)

    def read(self, purpose: ChallengePurpose, challenge: bytes, place: str = "") -> Challenge | None:
        """Return what a challenge is, if we made it for this purpose and place and it has not expired."""
        head, mac = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
        if len(mac) != _MAC or not hmac.compare_digest(mac, self._mac(purpose, place, head)):
            return None
        expires_at = int.from_bytes(head[_NONCE:])
        if self._clock.now() >= expires_at:
            return None
        return Challenge(sha256(challenge).digest(), expires_at)

    def handle(self, email: str) -> bytes:
        """Return what passkeys call the person of an address: 32 bytes that say nothing of them (§14.6.1)."""
        return hmac.digest(self._pepper, f"antechamber passkey handle {key_of(email)}".encode(), sha256)

    def _mac(self, purpose: ChallengePurpose, place: str, head: bytes) -> bytes:
        label = f"antechamber challenge {purpose} {place} ".encode()
        return hmac.digest(self._pepper, label + head, sha256)
