"""The profiles on this machine: list, read, write, activate, delete, rename, import (wire-auth.md 1.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.client.environment import Environment
from antechamber.client.oauth import TokenAnswer
from antechamber.client.profiles import Profile

WRITABLE: Final = ("workspace_id", "base_url", "organization_id", "scope", "client_id", "console_url")


@dataclass(frozen=True, slots=True)
class ProfileSummary:
    """A line of `ante profile list`; `problem` says why it cannot be used as it is."""

    name: str
    is_active: bool
    kind: str
    base_url: str | None
    organization_id: str | None
    workspace_id: str | None
    is_logged_in: bool
    expires_at: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class LoginWritten:
    """What a log-in changed: was the profile made, was it made the active one, which workspace does its config want."""

    name: str
    is_new: bool
    is_activated: bool
    wanted_workspace_id: str | None
    token_workspace_id: str | None

    @property
    def drifts(self) -> bool:
        """True when the token is bound to another workspace than the profile's config wants."""
        raise NotImplementedError


class ProfileStore:
    """The configuration folder; every write is whole or not at all and keeps what it does not know."""

    def __init__(self, environment: Environment) -> None:
        """Nothing is read or made yet."""
        self._environment = environment

    @property
    def folder(self) -> Path:
        """The configuration folder."""
        raise NotImplementedError

    def active(self, chosen: str | None = None) -> tuple[str, str]:
        """Return the name in force and its source: `--profile`, `ANTHROPIC_PROFILE`, `active_config` or `default`."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """Return every profile's name, sorted."""
        raise NotImplementedError

    def listing(self, chosen: str | None = None) -> list[ProfileSummary]:
        """Return every profile, sorted by name; a broken one has its `problem`."""
        raise NotImplementedError

    def read(self, name: str) -> Profile:
        """Return a profile as its files say, nothing filled in from variables; ProfileUnusable if it is not there."""
        raise NotImplementedError

    def config(self, name: str) -> dict[str, object]:
        """Return the config as it lies on disk; ProfileUnusable if it is not there."""
        raise NotImplementedError

    def write_login(
        self,
        name: str,
        answer: TokenAnswer,
        now: int,
        *,
        config: Mapping[str, object] | None = None,
        activate: bool = False,
    ) -> LoginWritten:
        """Write the credentials of a log-in at `now` (seconds); for a new profile its config, too.

        `config` is a new profile's: `base_url`, `organization_id`, `workspace_id`, `client_id`, `scope`, `console_url`,
        each optional. The profile becomes the active one if `activate`, or if none is.
        """
        raise NotImplementedError

    def write_federation(self, name: str, config: Mapping[str, object], *, activate: bool = False) -> None:
        """Write an `oidc_federation` profile: `federation_rule_id`, `organization_id`, `identity_token` and the others."""
        raise NotImplementedError

    def set(self, name: str, key: str, value: str | None) -> list[str]:
        """Set one of WRITABLE, or remove it (None); returns the further keys that this cleared."""
        raise NotImplementedError

    def activate(self, name: str) -> None:
        """Make an existing profile the one in force."""
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Remove both files, and the pointer if it named this profile."""
        raise NotImplementedError

    def rename(self, name: str, new: str) -> None:
        """Move both files and the pointer; ProfileUnusable if `new` exists."""
        raise NotImplementedError

    def log_out(self, name: str) -> Profile:
        """Remove the credentials, keep the config; returns the profile as it was, so that its tokens can be revoked."""
        raise NotImplementedError

    def log_out_all(self) -> list[Profile]:
        """Remove every profile and the pointer; returns them as they were."""
        raise NotImplementedError

    def import_(self, source: Path, *, name: str | None = None, replace: bool = False) -> list[str]:
        """Copy profiles from another configuration folder, or one from a credentials file; returns their names.

        A file is what `ant auth print-credentials` prints, or Claude Code's `.credentials.json`.
        """
        raise NotImplementedError
