"""What an assertion must say of itself: the claims of RFC 7523 §3, their types, and the times that they give."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.base.clock import MICROSECONDS
from antechamber.features.federation.model.history import Reason

LONGEST_BYTES: Final = 16 * 1024
LEEWAY_SECONDS: Final = 30
MIN_SECONDS: Final = 60
_LONGEST_KEY_ID: Final = 255
_LONGEST_JTI: Final = 1024
# seconds since the epoch beyond which no calendar reaches; keeps sums of what a stranger wrote finite
_LATEST: Final = 10**12
ALGORITHMS: Final = frozenset({"ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"})


class Unverified(NamedTuple):
    """An assertion taken apart; nothing of it is to be believed before its signature is checked."""

    header: Mapping[str, object]
    claims: Mapping[str, object]


class Signer(NamedTuple):
    """Which of the issuer's keys is said to have signed, and how (RFC 7515 §4.1)."""

    key_id: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a well-formed assertion says; times in seconds since the epoch."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    issued_at: float
    expires_at: float
    not_before: float | None
    jti: str | None
    claims: Mapping[str, object]

    def refuse_times(self, now: int, max_lifetime_seconds: int) -> Reason | None:
        """Return what is wrong with its times at `now` (microseconds), with 30 s of leeway (RFC 7519 §4.1.4)."""
        seconds = now / MICROSECONDS
        if self.expires_at <= self.issued_at or self.expires_at - self.issued_at > max_lifetime_seconds:
            return Reason.LIFETIME
        if seconds >= self.expires_at + LEEWAY_SECONDS:
            return Reason.EXPIRED
        starts = max(self.issued_at, self.not_before or 0.0)
        return Reason.NOT_YET_VALID if starts > seconds + LEEWAY_SECONDS else None

    def minted_seconds(self, now: int, rule_seconds: int) -> int:
        """Return how long a token minted for it lives: twice what is left of it at most, a minute at least."""
        left = self.expires_at - now / MICROSECONDS
        return max(MIN_SECONDS, min(rule_seconds, math.floor(2 * left)))

    @property
    def forgotten_at(self) -> int:
        """When it can no longer be accepted, in microseconds: until then its `jti` is remembered."""
        return math.ceil((self.expires_at + LEEWAY_SECONDS) * MICROSECONDS)


def read_signer(header: Mapping[str, object]) -> Signer | Reason:
    """Return who is said to have signed; a reason if that may not be (RFC 8725 §3.1, RFC 7515 §4.1.11)."""
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return Reason.ALGORITHM
    if "crit" in header:
        # there is no extension that we understand
        return Reason.MALFORMED
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _LONGEST_KEY_ID:
        return Reason.KEY_ID_MISSING
    return Signer(key_id, algorithm)


def read_claims(claims: Mapping[str, object]) -> Assertion | Reason:
    """Return what the claims say; a reason if one that must be there is missing, or one is of a wrong type."""
    if any(claims.get(name) is None for name in ("iss", "sub", "iat", "exp")):
        return Reason.CLAIM_MISSING
    issuer, subject, audiences = _text(claims["iss"]), _text(claims["sub"]), _audiences(claims.get("aud"))
    issued_at, expires_at = _instant(claims["iat"]), _instant(claims["exp"])
    not_before, jti = claims.get("nbf"), claims.get("jti")
    if issuer is None or subject is None or audiences is None or issued_at is None or expires_at is None:
        return Reason.CLAIM_MALFORMED
    if not_before is not None and (not_before := _instant(not_before)) is None:
        return Reason.CLAIM_MALFORMED
    if jti is not None and ((jti := _text(jti)) is None or len(jti) > _LONGEST_JTI):
        return Reason.CLAIM_MALFORMED
    return Assertion(issuer, subject, audiences, issued_at, expires_at, not_before, jti, claims)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _instant(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # nan and the infinities fail the comparison
    return float(value) if 0 <= value <= _LATEST else None


def _audiences(value: object) -> tuple[str, ...] | None:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    return None
