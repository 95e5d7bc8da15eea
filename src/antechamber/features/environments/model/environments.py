"""What an environment is, what may be said of one, and its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import EnvironmentId, OrganizationId, WorkspaceId
from antechamber.features.environments.model.configs import CloudConfig, Config, ConfigDraft

LONGEST_NAME: Final = 256
LONGEST_DESCRIPTION: Final = 1024
MOST_METADATA: Final = 16
LONGEST_KEY: Final = 64
LONGEST_VALUE: Final = 512
ARCHIVED: Final = "environment_archived"
BAD_METADATA: Final = "invalid_metadata"


class Unsaid(StrEnum):
    """Stands for what a caller did not say, where null says something."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment; instants in microseconds, `archived_at` None while it lives.

    `revision` counts its changes from 1; it is not on the wire but in the history, whose entries it numbers.
    """

    id: EnvironmentId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    name: str
    created_at: int
    updated_at: int
    description: str | None = None
    config: Config = field(default_factory=CloudConfig)
    metadata: Mapping[str, str] = field(default_factory=dict)
    revision: int = 1
    archived_at: int | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it has been archived, which is final."""
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class EnvironmentDraft:
    """What a caller says about an environment, new or known; None is not said, and of the description is none.

    A metadata value that is None or empty takes its key away.
    """

    name: str | None = None
    description: str | Unsaid | None = Unsaid.KEEP
    config: ConfigDraft | None = None
    metadata: Mapping[str, str | None] = field(default_factory=dict)


class Change(StrEnum):
    """What made a revision."""

    ARCHIVED = "archived"
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Revision:
    """An environment as it was from `changed_at` (µs) on, and who made it so."""

    number: int
    change: Change
    changed_at: int
    by: Actor
    name: str
    description: str | None
    config: Config
    metadata: Mapping[str, str]


def check_name(name: str) -> str:
    """Return the name as it was sent; InvalidRequest unless it is 1 to 256 printable characters, not only spaces."""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name.isspace():
        message = f"name: must be 1 to {LONGEST_NAME} printable characters"
        raise InvalidRequest(message)
    return name


def check_description(description: str | None) -> str | None:
    """Return the description, which may be empty; InvalidRequest past 1024 characters."""
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        message = f"description: has at most {LONGEST_DESCRIPTION} characters"
        raise InvalidRequest(message)
    return description


def merge_metadata(known: Mapping[str, str], said: Mapping[str, str | None]) -> Mapping[str, str]:
    """Return the metadata after what was said: None or an empty value removes a key; InvalidRequest past the limits."""
    for key, value in said.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            message = f"metadata: a key must be 1 to {LONGEST_KEY} characters"
            raise InvalidRequest(message, error_code=BAD_METADATA)
        if value is not None and len(value) > LONGEST_VALUE:
            message = f"metadata.{key}: a value has at most {LONGEST_VALUE} characters"
            raise InvalidRequest(message, error_code=BAD_METADATA)
    merged = {key: value for key, value in {**known, **said}.items() if value}
    if len(merged) > MOST_METADATA:
        message = f"metadata: at most {MOST_METADATA} pairs are kept"
        raise InvalidRequest(message, error_code=BAD_METADATA)
    return merged
