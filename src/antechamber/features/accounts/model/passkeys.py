"""What a passkey is, and the ceremonies that make and use one (W3C WebAuthn Level 3)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import PasskeyId, UserId

CHALLENGE_SECONDS: Final = 5 * 60
MOST_PASSKEYS: Final = 20
_LONGEST_NAME: Final = 60


class PasskeyRejectedError(Exception):
    """What a browser sent is no passkey, or does not answer the challenge; `str()` is for the log only."""


class ChallengePurpose(StrEnum):
    """What a challenge was given for; it serves nothing else."""

    LOG_IN = "log_in"
    REGISTER = "register"
    WELCOME = "welcome"


@dataclass(frozen=True, slots=True)
class MadePasskey:
    """A passkey as an authenticator has just made it; `sign_count` is 0 where it does not count."""

    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...]
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a person; times in microseconds, `is_synced` where a provider keeps copies of it."""

    id: PasskeyId
    user_id: UserId
    name: str
    credential_id: bytes
    public_key: bytes = field(repr=False)
    user_handle: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...]
    is_synced: bool
    created_at: int
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Asserted:
    """What a valid answer to a challenge says: the authenticator's new count, and that it verified its user."""

    sign_count: int
    is_verified: bool


def check_passkey_name(name: str) -> str:
    """Return a passkey's name, `Passkey` for an empty one; InvalidRequest if it can't be shown."""
    trimmed = name.strip() or "Passkey"
    if len(trimmed) > _LONGEST_NAME or not trimmed.isprintable():
        message = f"name: must be at most {_LONGEST_NAME} printable characters"
        raise InvalidRequest(message, error_code="passkey_name")
    return trimmed
