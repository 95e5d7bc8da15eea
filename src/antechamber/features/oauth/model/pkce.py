"""PKCE with S256, the only method (RFC 7636, RFC 9700 §2.1.1)."""

import base64
import hmac
import re
from hashlib import sha256
from typing import Final

METHOD: Final = "S256"
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64url without padding (RFC 7636 §4.2)
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1


def check_challenge(challenge: str) -> bool:
    """Say whether a text has the form of an S256 challenge."""
    return _CHALLENGE.fullmatch(challenge) is not None


def challenge_of(verifier: str) -> str:
    """Return a verifier's S256 challenge."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def proves(verifier: str, challenge: str) -> bool:
    """Say whether a verifier of the right form is the one that a challenge was made of."""
    is_sound = _VERIFIER.fullmatch(verifier) is not None and check_challenge(challenge)
    return is_sound and hmac.compare_digest(challenge_of(verifier), challenge)
