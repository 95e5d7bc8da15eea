"""The secret of an invite, derived from the server's key and the invite's id.

So it is never stored, and a mail that failed can be written again with the same link.
"""

import hmac
from hashlib import sha256
from typing import Final

from antechamber.base.ids import InviteId
from antechamber.base.secret import Secret, SecretKind, mint_secret

_PURPOSE: Final = b"antechamber invite "


class _Derived:
    """A source that gives the bytes of a keyed hash, once, in place of random ones."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def draw(self, size: int) -> bytes:
        """Return the hash; ValueError for another size than it has."""
        if size != len(self._value):
            message = f"{size} bytes wanted of {len(self._value)}"
            raise ValueError(message)
        return self._value


def secret_of(pepper: Secret, invite_id: InviteId) -> Secret:
    """Return the invite's secret; the same at each call."""
    value = hmac.digest(pepper.reveal().encode(), _PURPOSE + invite_id.encode(), sha256)
    return mint_secret(SecretKind.INVITE, _Derived(value))
