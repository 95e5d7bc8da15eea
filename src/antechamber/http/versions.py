"""The API versions that are served, and the check of the header that names one."""

from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest

HEADER: Final = "anthropic-version"


class Version(StrEnum):
    """A published version of the API; both are served, by request (wire-admin.md 0.1)."""

    V2023_06_01 = "2023-06-01"
    V2026_10_21 = "2026-10-21"


_KNOWN: Final = {version.value.encode(): version for version in Version}


def require_version(value: bytes | None) -> Version:
    """Return the version that a header names; InvalidRequest names the header when it is missing or unknown."""
    if value is None:
        message = f"{HEADER}: header is required; send one of: {', '.join(Version)}"
        raise InvalidRequest(message)
    version = _KNOWN.get(value.strip())
    if version is None:
        shown = value.decode("latin-1")[:40]
        message = f"{HEADER}: {shown!r} is not a valid version; send one of: {', '.join(Version)}"
        raise InvalidRequest(message)
    return version
