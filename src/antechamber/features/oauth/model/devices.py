"""Device authorisation (RFC 8628): a program without a browser waits while a person types its code into a page."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId

# without vowels, so that no words come about, and without what looks alike (RFC 8628 §6.1)
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8
SECONDS: Final = 900
INTERVAL_SECONDS: Final = 5
_GROUP: Final = 4
_BYTE: Final = 256


class DeviceStatus(StrEnum):
    """What has become of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A waiting program; who approved it, and for what, once someone did. Instants in microseconds.

    `interval` is in seconds and grows with each poll that comes too soon; `address` is where the program asked from.
    """

    user_code: str
    client_id: str
    client_name: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    status: DeviceStatus = DeviceStatus.PENDING
    interval: int = INTERVAL_SECONDS
    polled_at: int | None = None
    address: str | None = None
    user_id: UserId | None = None
    organization_id: OrganizationId | None = None
    workspace_id: WorkspaceId | None = None


def mint_user_code(chance: Chance) -> str:
    """Draw a user code without its hyphen, each letter as likely as any other."""
    most = _BYTE - _BYTE % len(ALPHABET)
    letters: list[str] = []
    while len(letters) < LENGTH:
        letters += [ALPHABET[byte % len(ALPHABET)] for byte in chance.draw(LENGTH * 2) if byte < most]
    return "".join(letters[:LENGTH])


def show_user_code(code: str) -> str:
    """Return a user code as people read it: `BCDF-GHJK`."""
    return f"{code[:_GROUP]}-{code[_GROUP:]}"


def normalize_user_code(text: str) -> str | None:
    """Return what a person typed as a user code, whatever its case, hyphens and spaces; None if it can be none."""
    if len(text) > 4 * LENGTH:
        return None
    code = "".join(character for character in text.upper() if character not in " -\u2010\u2011\u2012\u2013\t")
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
