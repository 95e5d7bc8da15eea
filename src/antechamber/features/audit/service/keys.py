"""The keys of the chain."""

import hmac
from hashlib import sha256
from typing import Final, NamedTuple

from antechamber.base.secret import Secret

_MARKS: Final = b"antechamber audit chain"
_SEALS: Final = b"antechamber audit head"


class ChainKeys(NamedTuple):
    """One key for the marks of activities, one for the seal of the head."""

    marks: bytes
    seals: bytes


def chain_keys(pepper: Secret) -> ChainKeys:
    """Derive keys of their own: what proves the chain is of no use against secrets' digests."""
    root = pepper.reveal().encode()
    return ChainKeys(hmac.digest(root, _MARKS, sha256), hmac.digest(root, _SEALS, sha256))
