"""Signatures on thinking: given out with it, checked when a client sends it back."""

import base64
import hashlib
import hmac


class ThinkingSeal:
    """HMAC-SHA-256 under a key that follows from the seed, so that a restarted server knows its own."""

    def __init__(self, seed: int | str) -> None:
        self._key = hashlib.sha256(f"thinking:{seed}".encode()).digest()

    def sign(self, thinking: str) -> str:
        """Return the signature of a thinking block's text, base64."""
        return base64.b64encode(hmac.digest(self._key, thinking.encode(), "sha256")).decode()

    def holds(self, thinking: str, signature: str) -> bool:
        """Say whether a replayed thinking block is unaltered."""
        return hmac.compare_digest(self.sign(thinking).encode(), signature.encode())

    def redact(self, thinking: str) -> str:
        """Return the `data` of a redacted thinking block: the text under its seal, base64."""
        text = thinking.encode()
        return base64.b64encode(hmac.digest(self._key, b"redacted:" + text, "sha256") + text).decode()

    def opens(self, data: str) -> bool:
        """Say whether the `data` of a replayed redacted block is ours."""
        try:
            raw = base64.b64decode(data, validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(hmac.digest(self._key, b"redacted:" + raw[32:], "sha256"), raw[:32])
