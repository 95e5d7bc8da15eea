"""Ending what was granted, and saying what it is worth (RFC 7009, RFC 7662)."""


class Revocations:
    """Revokes tokens for their holders."""
