"""Secrets: their text form, their keyed hashes, and a wrapper that never shows them."""

import re
import zlib
from enum import StrEnum
from typing import Final

from antechamber.base.chance import Chance
from antechamber.base.ids import encode_base58

_MARKER: Final = b"antechamber"
_BODY_LENGTH: Final = 44
_CHECK_LENGTH: Final = 6
_BLOCK: Final = 64
_HINT_HEAD: Final = 3
_HINT_TAIL: Final = 4


class SecretKind(StrEnum):
    """What a secret opens; the value is its prefix on the wire (wire-admin.md 1.7)."""

    ADMIN_KEY = "sk-ant-admin01-"
    API_KEY = "sk-ant-api03-"
    ACCESS_TOKEN = "sk-ant-oat01-"  # noqa: S105 - a prefix, not a secret
    AUTHORIZATION_CODE = "ante-code01-"
    BROWSER_SESSION = "ante-session01-"
    CLIENT_SECRET = "ante-client01-"  # noqa: S105 - the same
    DEVICE_CODE = "ante-device01-"
    INVITE = "sk-ant-invite01-"
    PASSWORD_LINK = "ante-password01-"  # noqa: S105 - the same
    REFRESH_TOKEN = "sk-ant-ort01-"  # noqa: S105 - the same
    SETUP = "sk-ant-setup01-"


class Secret:
    """A secret in memory: shown as stars by repr, str and format; read only by `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)


def _check(prefix: str, body: str) -> str:
    return encode_base58(zlib.crc32(_MARKER + prefix.encode() + body.encode()), _CHECK_LENGTH)


def mint_secret(kind: SecretKind, chance: Chance) -> Secret:
    """Make a secret: the kind's prefix, 32 random bytes in base58, and 6 characters by which we know our own."""
    body = encode_base58(int.from_bytes(chance.draw(32)), _BODY_LENGTH)
    return Secret(f"{kind}{body}{_check(kind, body)}")


def is_ours(text: str) -> bool:
    """Say whether the text has the form and checksum of a secret that this product made."""
    import hmac  # noqa: PLC0415 - a command that needs none of it starts the sooner

    for kind in SecretKind:
        if text.startswith(kind):
            rest = text[len(kind) :]
            body, check = rest[:-_CHECK_LENGTH], rest[-_CHECK_LENGTH:]
            return rest.isascii() and len(body) == _BODY_LENGTH and hmac.compare_digest(_check(kind, body), check)
    return False


def digest(pepper: bytes, text: str) -> bytes:
    """Return the keyed hash by which a secret is stored and looked up: HMAC-SHA256, 32 bytes."""
    import hmac  # noqa: PLC0415 - a command that needs none of it starts the sooner

    return hmac.digest(pepper, text.encode("utf-8", "surrogatepass"), "sha256")


class Digester:
    """Computes `digest` for one pepper; prepared once, it costs a fifth, which every request pays (RFC 2104)."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, pepper: bytes) -> None:
        from hashlib import sha256  # noqa: PLC0415 - a command that needs none of it starts the sooner

        block = (sha256(pepper).digest() if len(pepper) > _BLOCK else pepper).ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, text: str) -> bytes:
        """Return the keyed hash, 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()


def hint(secret: Secret) -> str:
    """Return what may be shown of a secret, as `sk-ant-api03-R2D...igAA`."""
    text = secret.reveal()
    for kind in SecretKind:
        if text.startswith(kind):
            return f"{text[: len(kind) + _HINT_HEAD]}...{text[-_HINT_TAIL:]}"
    return f"...{text[-_HINT_TAIL:]}"


_LOOKS_SECRET: Final = re.compile(
    r"sk-(?:ant-)?[A-Za-z0-9_-]{8,}|ante-[a-z]+01-[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/]{8,}={0,2}"
)


def redact(text: str) -> str:
    """Replace whatever looks like a key in a text that is going to be logged."""
    return _LOOKS_SECRET.sub("sk-***", text)
