"""Envelopes of AES-256-GCM under the master key (`base.seals`): a form, the key's id, a nonce, the sealed text.

The first of several keys seals, each opens what it has sealed: so a new one is put before the old.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from antechamber.base.chance import Chance
from antechamber.base.seals import SealedColumn, SealError
from antechamber.base.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM: Final = b"\x01"
_ID_BYTES: Final = 8
# NIST SP 800-38D §8.2.2: a drawn nonce of 96 bits is good for 2**32 texts under a key
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_FORM) + _ID_BYTES + _NONCE_BYTES


class MasterKeySeals:
    """The seals of a server; `read_keys` is asked once, at the first use, so that a server without secrets has none."""

    def __init__(self, read_keys: Callable[[], Sequence[Secret]], chance: Chance) -> None:
        self._read_keys = read_keys
        self._chance = chance
        self._keys: dict[bytes, bytes] = {}

    @property
    def key_id(self) -> str:
        """The id of the key that seals, which tells nothing of it."""
        return next(iter(self._known())).hex()

    def reread(self) -> None:
        """Ask for the keys again, which may be others by now."""
        self._keys = self._read()

    def seal(self, text: str, column: SealedColumn, row_id: str) -> bytes:
        """Return a text sealed for a column of a row."""
        key_id, key = next(iter(self._known().items()))
        nonce = self._chance.draw(_NONCE_BYTES)
        return _FORM + key_id + nonce + _cipher(key).encrypt(nonce, text.encode(), _place(column, row_id))

    def renew(self, sealed: bytes, column: SealedColumn, row_id: str) -> bytes | None:
        """Return what was sealed for that place sealed by the key that seals now, None where it is; SealError."""
        text = self.open(sealed, column, row_id)
        is_newest = sealed[len(_FORM) : len(_FORM) + _ID_BYTES] == next(iter(self._known()))
        return None if is_newest else self.seal(text.reveal(), column, row_id)

    def open(self, sealed: bytes, column: SealedColumn, row_id: str) -> Secret:
        """Return the text that was sealed for that place; SealError."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only what has secrets to use loads it

        head, body = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        key = self._known().get(head[len(_FORM) : len(_FORM) + _ID_BYTES])
        if not head.startswith(_FORM) or key is None:
            message = f"{column} of {row_id}: sealed with a master key that this server does not have"
            raise SealError(message)
        try:
            return Secret(_cipher(key).decrypt(head[-_NONCE_BYTES:], body, _place(column, row_id)).decode())
        except InvalidTag as error:
            message = f"{column} of {row_id}: what is stored was changed, or belongs to another place"
            raise SealError(message) from error

    def _known(self) -> dict[bytes, bytes]:
        if not self._keys:
            self._keys = self._read()
        return self._keys

    def _read(self) -> dict[bytes, bytes]:
        # whatever text the operator gives is a key; the drawn ones have 256 bits
        keys = [sha256(b"antechamber master key\0" + key.reveal().encode()).digest() for key in self._read_keys()]
        return {sha256(key).digest()[:_ID_BYTES]: key for key in keys}


def _place(column: SealedColumn, row_id: str) -> bytes:
    return f"{column} {row_id}".encode()


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    return AESGCM(key)
