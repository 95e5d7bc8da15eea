"""Environment keys: the standing credentials of workers."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import EnvironmentId, EnvironmentKeyId, OrganizationId, WorkspaceId

LONGEST_KEY_NAME: Final = 256
MOST_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class StoredEnvironmentKey:
    """A key without its secret; `hint` is what may be shown of it, `expires_at` None for one without an end (µs)."""

    id: EnvironmentKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId
    name: str
    hint: str
    created_at: int
    expires_at: int | None


def check_key_name(name: str) -> str:
    """Return the name; InvalidRequest unless it has 1 to 256 printable characters, and not only spaces."""
    if not 1 <= len(name) <= LONGEST_KEY_NAME or not name.isprintable() or name.isspace():
        message = f"name: must be 1 to {LONGEST_KEY_NAME} printable characters"
        raise InvalidRequest(message)
    return name


def check_key_end(expires_at: int | None, now: int) -> int | None:
    """Return the end; InvalidRequest for one that is not ahead."""
    if expires_at is not None and expires_at <= now:
        message = "expires_at: must be in the future"
        raise InvalidRequest(message)
    return expires_at
