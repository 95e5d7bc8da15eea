"""The profiles on this machine: list, read, write, activate, delete, rename, import (wire-auth.md 1.4)."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.client import files
from antechamber.client.authorize import CLIENT_ID
from antechamber.client.environment import Environment
from antechamber.client.failures import CredentialUnusable
from antechamber.client.imports import Imported, read_imports
from antechamber.client.oauth import TokenAnswer
from antechamber.client.profiles import (
    ACTIVE_FILE,
    OIDC_FEDERATION,
    USER_OAUTH,
    Profile,
    ProfileUnusable,
    active_name,
    active_pointer,
    check_name,
    config_folder,
    config_path,
    read_profile,
)
from antechamber.client.renewal import VERSION, locked, new_values

WRITABLE: Final = ("workspace_id", "base_url", "organization_id", "scope", "client_id", "console_url")
_OF_AUTHENTICATION: Final = frozenset({"scope", "client_id", "console_url"})
# What a federation profile's cached token was minted by: another value makes it another's.
_MINTED_BY: Final = frozenset({"workspace_id", "organization_id", "base_url"})


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
        wanted, bound = self.wanted_workspace_id, self.token_workspace_id
        return wanted is not None and bound is not None and wanted != bound


class ProfileStore:
    """The configuration folder; every write is whole or not at all and keeps what it does not know.

    Nothing here reads variables into what it writes. Failures are ProfileUnusable, OSError when the disk refuses.
    """

    def __init__(self, environment: Environment) -> None:
        """Nothing is read or made yet."""
        self._environment = environment

    @property
    def folder(self) -> Path:
        """The configuration folder."""
        return config_folder(self._environment)

    def active(self, chosen: str | None = None) -> tuple[str, str]:
        """Return the name in force and its source: `--profile`, `ANTHROPIC_PROFILE`, `active_config` or `default`."""
        return active_name(self._environment, chosen)

    def names(self) -> list[str]:
        """Return every profile's name, sorted."""
        found = {
            path.stem
            for part in ("configs", "credentials")
            for path in (self.folder / part).glob("*.json")
            if not path.name.startswith(".")
        }
        return sorted(found)

    def listing(self, chosen: str | None = None) -> list[ProfileSummary]:
        """Return every profile, sorted by name; a broken one has its `problem`."""
        active, _ = self.active(chosen)
        return [self._summary(name, is_active=name == active) for name in self.names()]

    def _summary(self, name: str, *, is_active: bool) -> ProfileSummary:
        try:
            found = self.read(name)
        except CredentialUnusable as error:
            return ProfileSummary(
                name, is_active, "", None, None, None, is_logged_in=False, expires_at=None, problem=str(error)
            )
        has_token = found.access_token is not None
        is_whole = has_token or found.kind == OIDC_FEDERATION or bool(found.credential_process)
        return ProfileSummary(
            name,
            is_active,
            found.kind,
            found.base_url,
            found.organization_id or found.token_organization_uuid,
            found.workspace_id or found.token_workspace_id,
            is_logged_in=has_token,
            expires_at=found.expires_at,
            problem=None if is_whole else f"not logged in: ante auth login --profile {name}",
        )

    def read(self, name: str) -> Profile:
        """Return a profile as its files say, nothing filled in from variables; ProfileUnusable if it is not there."""
        found = read_profile(self.folder, name, "name")
        if found is None:
            known = ", ".join(self.names()) or "none"
            message = f"profile {name!r} does not exist in {self.folder} (there: {known})"
            raise ProfileUnusable(message)
        return found

    def has(self, name: str) -> bool:
        """Say whether there is a profile of this name, whole or not."""
        return check_name(name) in self.names()

    def config(self, name: str) -> dict[str, object]:
        """Return the config as it lies on disk; ProfileUnusable if it is not there."""
        found = files.read_plain(config_path(self.folder, check_name(name)))
        if found is None:
            message = f"profile {name!r} has no config in {self.folder}"
            raise ProfileUnusable(message)
        return found

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
        path = config_path(self.folder, check_name(name))
        is_new = files.read_plain(path) is None
        if is_new:
            chosen = {"client_id": CLIENT_ID, "workspace_id": answer.workspace_id, **_given(config or {})}
            chosen.setdefault("organization_id", answer.organization_uuid)
            files.write_plain(path, _new_config(USER_OAUTH, chosen))
        profile = self.read(name)
        with self._locked(profile):
            # Who logs in anew is somebody else, perhaps: only what we know nothing of stays.
            kept = {key: value for key, value in self._credentials(profile).items() if key not in _KNOWN}
            files.write_secret(profile.credentials_path, new_values(kept, answer, now))
        is_activated = self._activate_if(name, wanted=activate)
        return LoginWritten(name, is_new, is_activated, profile.workspace_id, answer.workspace_id)

    def write_federation(self, name: str, config: Mapping[str, object], *, activate: bool = False) -> None:
        """Write a federation profile: `federation_rule_id`, `organization_id`, `identity_token` and the like."""
        files.write_plain(config_path(self.folder, check_name(name)), _new_config(OIDC_FEDERATION, _given(config)))
        self._activate_if(name, wanted=activate)

    def set(self, name: str, key: str, value: str | None) -> list[str]:
        """Set one of WRITABLE, or remove it (None); returns the further keys that this cleared."""
        if key not in WRITABLE:
            message = f"{key!r} cannot be set; these can: {', '.join(WRITABLE)}"
            raise ProfileUnusable(message)
        profile, config = self.read(name), self.config(name)
        if key in _OF_AUTHENTICATION and profile.kind != USER_OAUTH:
            message = f"{key} belongs to log-ins, and profile {name!r} is of type {profile.kind}"
            raise ProfileUnusable(message)
        cleared = ["workspace_id"] if self._moves(config, key, value) and "workspace_id" in config else []
        for gone in cleared:
            del config[gone]
        _put(config, key, value)
        files.write_plain(profile.config_path, config)
        if profile.kind == OIDC_FEDERATION and key in _MINTED_BY:
            files.remove(profile.credentials_path)
        return cleared

    @staticmethod
    def _moves(config: Mapping[str, object], key: str, value: str | None) -> bool:
        return key == "organization_id" and config.get(key) != value

    def activate(self, name: str) -> None:
        """Make an existing profile the one in force."""
        self.read(name)
        self._point(name)

    def _activate_if(self, name: str, *, wanted: bool) -> bool:
        pointed = active_pointer(self.folder)
        if pointed == name or not (wanted or pointed is None):
            return False
        self._point(name)
        return True

    def _point(self, name: str) -> None:
        files.write_file(self.folder / ACTIVE_FILE, f"{name}\n".encode(), files.PLAIN_FILE, files.PLAIN_FOLDER)

    def delete(self, name: str) -> None:
        """Remove both files, and the pointer if it named this profile."""
        if not self.has(name):
            self.read(name)
        for path in (self._credentials_path(name), config_path(self.folder, name)):
            files.remove(path)
        if active_pointer(self.folder) == name:
            files.remove(self.folder / ACTIVE_FILE)

    def rename(self, name: str, new: str) -> None:
        """Move both files and the pointer; ProfileUnusable if `new` exists."""
        profile = self.read(name)
        if self.has(new):
            message = f"profile {new!r} exists already"
            raise ProfileUnusable(message)
        own = self.folder / "credentials" / f"{name}.json"
        with self._locked(profile):
            # The new config comes first: at no moment is there a token without the server that it is for.
            if profile.has_config:
                files.write_plain(config_path(self.folder, new), self.config(name))
            if profile.credentials_path == own and own.exists():
                files.write_secret(own.with_name(f"{new}.json"), self._credentials(profile))
            if active_pointer(self.folder) == name:
                self._point(new)
            files.remove(own)
            files.remove(profile.config_path)

    def log_out(self, name: str) -> Profile:
        """Remove the credentials, keep the config; returns the profile as it was, so that its tokens can be revoked."""
        profile = self.read(name)
        with self._locked(profile):
            profile = self.read(name)
            files.remove(profile.credentials_path)
        return profile

    def log_out_all(self) -> list[Profile]:
        """Remove every profile and the pointer; returns them as they were."""
        found: list[Profile] = []
        for name in self.names():
            try:
                found.append(self.log_out(name))
            except CredentialUnusable:
                # A broken one goes as well, only nothing can be revoked of it.
                files.remove(self.folder / "credentials" / f"{name}.json")
        for part in ("configs", "credentials"):
            shutil.rmtree(self.folder / part, ignore_errors=True)
        files.remove(self.folder / ACTIVE_FILE)
        return found

    def import_(self, source: Path, *, name: str | None = None, replace: bool = False) -> list[str]:
        """Copy profiles from another configuration folder, or one from a credentials file; returns their names.

        A file is what `ant auth print-credentials` prints, a profile's credentials or config, or Claude Code's
        `.credentials.json`. ProfileUnusable if a name is taken, unless `replace`; then nothing is copied.
        """
        imports = read_imports(source, name)
        taken = [found.name for found in imports if self.has(found.name)]
        if taken and not replace:
            message = f"there already: {', '.join(taken)}; --replace overwrites, --name takes another name"
            raise ProfileUnusable(message)
        for found in imports:
            self._write_import(found)
        return [found.name for found in imports]

    def _write_import(self, found: Imported) -> None:
        path = self.folder / "credentials" / f"{check_name(found.name)}.json"
        files.make_folder(path.parent, files.SECRET_FOLDER)
        with locked(self.folder, path):
            files.write_plain(config_path(self.folder, found.name), found.config)
            if found.credentials is not None:
                files.write_secret(path, found.credentials)

    @contextmanager
    def _locked(self, profile: Profile) -> Iterator[None]:
        with locked(self.folder, profile.credentials_path):
            yield

    def _credentials(self, profile: Profile) -> dict[str, object]:
        return files.read_secret(profile.credentials_path) or {}

    def _credentials_path(self, name: str) -> Path:
        try:
            return self.read(name).credentials_path
        except CredentialUnusable:
            return self.folder / "credentials" / f"{name}.json"


_KNOWN: Final = frozenset(
    {
        "access_token",
        "refresh_token",
        "expires_at",
        "scope",
        "organization_uuid",
        "organization_name",
        "account_email",
        "workspace_id",
        "workspace_name",
    }
)


def _given(config: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in config.items() if value is not None and value != ""}


def _new_config(kind: str, values: Mapping[str, object]) -> dict[str, object]:
    top = ("base_url", "organization_id", "workspace_id")
    own = {key: value for key, value in values.items() if key not in top and value is not None}
    outer = {key: values[key] for key in top if values.get(key) is not None}
    return {"version": VERSION, "authentication": {"type": kind, **own}, **outer}


def _put(config: dict[str, object], key: str, value: str | None) -> None:
    target = config
    if key in _OF_AUTHENTICATION:
        inner = config.setdefault("authentication", {"type": USER_OAUTH})
        target = inner if isinstance(inner, dict) else config
    if value:
        target[key] = value
    else:
        target.pop(key, None)
