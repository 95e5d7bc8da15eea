"""What an organisation is."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId

MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant; `created_at` in microseconds."""

    id: OrganizationId
    name: str
    created_at: int


def check_name(name: str) -> str:
    """Return the name without surrounding space; InvalidRequest unless it has 1 to 100 printable characters."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= MAX_NAME or not trimmed.isprintable():
        message = f"name: must be 1 to {MAX_NAME} printable characters"
        raise InvalidRequest(message)
    return trimmed
