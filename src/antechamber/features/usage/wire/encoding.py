"""JSON of reports: pages too long for a tree of objects."""

from collections.abc import Sequence

import msgspec


def envelope(items: Sequence[bytes], next_page: str | None, more: bytes = b"") -> bytes:
    """Return `{data, has_more, next_page}` around items that are JSON already; `more` goes before the end."""
    following = (b"true", msgspec.json.encode(next_page)) if next_page else (b"false", b"null")
    return b'{"data":[%b],"has_more":%b,"next_page":%b%b}' % (b",".join(items), *following, more)
