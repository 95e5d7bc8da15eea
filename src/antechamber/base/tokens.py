"""The token rule for text that no provider has counted: four bytes of UTF-8 are a token."""

from typing import Final

BYTES_PER_TOKEN: Final = 4


def estimate(size_bytes: int) -> int:
    """Return the tokens in `size_bytes` bytes of UTF-8 text, rounded up."""
    return -(-size_bytes // BYTES_PER_TOKEN)
