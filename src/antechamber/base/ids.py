"""Ids: the one table of their prefixes, and the only code that makes or reads them."""

from enum import StrEnum
from typing import Final, NewType

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock

ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
# Every request mints an id, and two digits at a step halve its cost.
_PAIR: Final = 58 * 58
_PAIRS: Final = tuple(first + second for first in ALPHABET for second in ALPHABET)
_BODY_LENGTH: Final = 22
_RANDOM_BITS: Final = 80
_TIME_MASK: Final = (1 << 48) - 1

OrganizationId = NewType("OrganizationId", str)
WorkspaceId = NewType("WorkspaceId", str)
UserId = NewType("UserId", str)
ApiKeyId = NewType("ApiKeyId", str)
AdminKeyId = NewType("AdminKeyId", str)
TokenId = NewType("TokenId", str)
ActivityId = NewType("ActivityId", str)
InviteId = NewType("InviteId", str)
SpendLimitId = NewType("SpendLimitId", str)
IncreaseRequestId = NewType("IncreaseRequestId", str)
ServiceAccountId = NewType("ServiceAccountId", str)
IssuerId = NewType("IssuerId", str)
RuleId = NewType("RuleId", str)
GrantId = NewType("GrantId", str)
BrowserSessionId = NewType("BrowserSessionId", str)
PasskeyId = NewType("PasskeyId", str)
EnvironmentId = NewType("EnvironmentId", str)
EnvironmentKeyId = NewType("EnvironmentKeyId", str)
BuildId = NewType("BuildId", str)
WorkId = NewType("WorkId", str)
AgentId = NewType("AgentId", str)
SessionId = NewType("SessionId", str)
EventId = NewType("EventId", str)
TelemetryDestinationId = NewType("TelemetryDestinationId", str)
WebhookId = NewType("WebhookId", str)
WebhookEventId = NewType("WebhookEventId", str)
RbacGroupId = NewType("RbacGroupId", str)
RbacRoleId = NewType("RbacRoleId", str)
ExternalKeyId = NewType("ExternalKeyId", str)


class Kind(StrEnum):
    """What an id names; the value is its prefix on the wire (wire-admin.md 1.7)."""

    ACTIVITY = "activity"
    ADMIN_KEY = "adminkey"
    AGENT = "agent"
    API_KEY = "apikey"
    BROWSER_SESSION = "bsess"
    BUILD = "build"
    COMPARTMENT = "cmpt"
    ENVIRONMENT = "env"
    ENVIRONMENT_KEY = "envkey"
    EXCHANGE = "fdex"
    EXTERNAL_KEY = "ekey"
    FEDERATION_ISSUER = "fdis"
    FEDERATION_RULE = "fdrl"
    GRANT = "grant"
    INCREASE_REQUEST = "slir"
    INVITE = "invite"
    PAGE = "page"
    PASSKEY = "passkey"
    PASSWORD_LINK = "pwlink"  # noqa: S105 - a prefix, not a secret
    RATE_LIMIT = "rl"
    RATE_LIMIT_GROUP = "rlg"
    RBAC_GROUP = "rbac_group"
    RBAC_ROLE = "rbac_role"
    REQUEST = "req"
    SERVICE_ACCOUNT = "svac"
    SESSION = "sesn"
    SESSION_EVENT = "sevt"
    SETUP = "setup"
    SHELL = "shell"
    SPEND_LIMIT = "spl"
    TELEMETRY_DESTINATION = "tdst"
    TOKEN = "token"  # noqa: S105 - a prefix, not a secret
    USER = "user"
    WEBHOOK = "webhook"
    WEBHOOK_EVENT = "event"
    WORK = "work"
    WORKSPACE = "wrkspc"


def encode_base58(number: int, length: int) -> str:
    """Write `number` in `length` base58 characters, most significant first."""
    pairs: list[str] = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, _PAIR)
        pairs.append(_PAIRS[pair])
    pairs.reverse()
    return "".join(pairs)[-length:]


def decode_base58(text: str) -> int:
    """Read base58; ValueError at a character that is not of its alphabet."""
    number = 0
    for character in text:
        try:
            number = number * 58 + _VALUES[character]
        except KeyError:
            message = f"{character!r} is not base58"
            raise ValueError(message) from None
    return number


def mint(kind: Kind, clock: Clock, chance: Chance) -> str:
    """Make a new id: prefix, `01`, and 22 base58 characters of 48-bit milliseconds and 80 random bits."""
    milliseconds = (clock.now() // 1000) & _TIME_MASK
    number = milliseconds << _RANDOM_BITS | int.from_bytes(chance.draw(_RANDOM_BITS // 8))
    return f"{kind}_01{encode_base58(number, _BODY_LENGTH)}"


def derive(kind: Kind, text: str) -> str:
    """Make the id that always belongs to `text`, in the form of a minted one: 128 bits of its SHA-256."""
    import hashlib  # noqa: PLC0415 - a command that needs none of it starts the sooner

    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    return f"{kind}_01{encode_base58(number, _BODY_LENGTH)}"


def mint_organization(chance: Chance) -> OrganizationId:
    """Make an organisation id, which is a bare UUID (version 4)."""
    import uuid  # noqa: PLC0415 - a command that needs none of it starts the sooner

    return OrganizationId(str(uuid.UUID(bytes=chance.draw(16), version=4)))


def parse(kind: Kind, text: str) -> str:
    """Return `text` if it has the form of an id of that kind; ValueError otherwise."""
    prefix = f"{kind}_01"
    body = text.removeprefix(prefix)
    if not text.startswith(prefix) or len(body) != _BODY_LENGTH:
        message = f"not {kind}_ followed by 24 characters"
        raise ValueError(message)
    decode_base58(body)
    return text


def is_id(kind: Kind, text: str) -> bool:
    """Say whether `text` has the form of an id of that kind: what has not is nowhere, and need not be looked for."""
    try:
        parse(kind, text)
    except ValueError:
        return False
    return True
