"""Where a profile's tokens come from: its file, another program, a refresh or an exchange under the machine's lock."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.secret import Secret
from antechamber.client import files
from antechamber.client.failures import CredentialUnusable, TokenRefused
from antechamber.client.federation import Federation
from antechamber.client.locks import PATIENCE_SECONDS, exclusively
from antechamber.client.oauth import TokenAnswer, exchange, refresh
from antechamber.client.posting import Poster
from antechamber.client.processes import read_process
from antechamber.client.profiles import Profile, ProfileUnusable, read_profile
from antechamber.client.tokens import MANDATORY_SECONDS, Token, is_same

VERSION: Final = "1.0"
_ROOM: Final = 16 * 1024
_REFUSED: Final = frozenset({400, 401, 403})
_HELPER_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Keeper:
    """What renewing needs: the configuration folder, a way to the server, and the time."""

    folder: Path
    post: Poster
    clock: Clock

    def now(self) -> int:
        """Return the seconds since the epoch."""
        return self.clock.now() // MICROSECONDS

    def read(self, profile: Profile) -> Profile:
        """Read a profile's files anew; ProfileUnusable if they are gone."""
        found = read_profile(self.folder, profile.name, profile.source)
        if found is None:
            message = f"profile {profile.name!r} has been removed"
            raise ProfileUnusable(message)
        return found

    @contextlib.contextmanager
    def locked(self, profile: Profile, patience_seconds: float) -> Iterator[None]:
        """Hold the profile's lock on this machine; OSError if nothing can be written beside its credentials."""
        with locked(self.folder, profile.credentials_path, patience_seconds):
            yield


@contextlib.contextmanager
def locked(folder: Path, credentials_path: Path, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Hold the lock that a credentials file is under; LockHeld if another does for too long, OSError if none can be.

    Those in the configuration folder are under one, as Claude Code's lock is on the folder that a file lies in.
    """
    parent = credentials_path.parent
    name = ".lock" if parent == folder / "credentials" else f".{credentials_path.name}.lock"
    with exclusively(parent / name, parent, patience_seconds):
        yield


def new_values(kept: Mapping[str, object], answer: TokenAnswer, now: int) -> dict[str, object]:
    """Return a credentials file's content after an answer: what it held, and over it what the server gave."""
    given = {
        "version": VERSION,
        "type": "oauth_token",
        "access_token": answer.access_token.reveal(),
        "expires_at": now + answer.expires_in,
        "refresh_token": answer.refresh_token.reveal() if answer.refresh_token else None,
        "scope": answer.scope,
        "organization_uuid": answer.organization_uuid,
        "organization_name": answer.organization_name,
        "account_email": answer.account_email,
        "workspace_id": answer.workspace_id,
        "workspace_name": answer.workspace_name,
    }
    return {**kept, **{name: value for name, value in given.items() if value is not None}}


class LoginTokens:
    """The tokens of a log-in, refreshed by one process at a time and shared by its file."""

    def __init__(self, profile: Profile, issuer: str, keeper: Keeper) -> None:
        """Refresh at `issuer`, the server that the tokens are from."""
        self._profile = profile
        self._issuer = issuer
        self._keeper = keeper

    def current(self) -> Token | None:
        """Return what the file holds; a static profile's is read again for each call."""
        found = self._keeper.read(self._profile)
        if found.access_token is None:
            return None
        return Token(found.access_token, found.expires_at, is_external=found.is_static)

    def renew(self, held: Secret | None, patience_seconds: float) -> Token:
        """Adopt what another process has put into the file meanwhile, or refresh."""
        try:
            with self._keeper.locked(self._profile, patience_seconds):
                return self._renew_locked(held)
        except OSError as error:
            message = (
                f"the log-in cannot be refreshed: {error.filename or self._profile.credentials_path}: {error.strerror}"
            )
            raise CredentialUnusable(message) from None

    def _renew_locked(self, held: Secret | None) -> Token:
        found = self._keeper.read(self._profile)
        if (adopted := self._adopt(found, held)) is not None:
            return adopted
        try:
            return self._refresh(found)
        except TokenRefused as refused:
            if refused.status not in _REFUSED:
                raise
            # A program that takes no lock may have refreshed between our reading and our asking.
            after = self._keeper.read(self._profile)
            if is_same(after.refresh_token, found.refresh_token):
                raise self._ended(str(refused)) from None
            return self._adopt(after, held) or self._refresh(after)

    def _adopt(self, found: Profile, held: Secret | None) -> Token | None:
        if found.access_token is None or is_same(found.access_token, held):
            return None
        token = Token(found.access_token, found.expires_at, is_external=found.is_static)
        return token if found.is_static or token.left(self._keeper.clock.now()) > MANDATORY_SECONDS else None

    def _refresh(self, found: Profile) -> Token:
        if not found.client_id or found.refresh_token is None:
            why = "it has no refresh token" if found.client_id else "another program keeps it fresh"
            raise self._ended(why)
        path, keeper = found.credentials_path, self._keeper
        with files.drafting(path, files.SECRET_FILE, files.SECRET_FOLDER) as draft:
            # The old refresh token may be spent by asking: room for the new one comes first.
            draft.reserve(_ROOM)
            answer = refresh(keeper.post, self._issuer, found.refresh_token, found.client_id)
            values = new_values(files.read_secret(path) or {}, answer, keeper.now())
            draft.finish(files.to_json(values))
        return Token(answer.access_token, keeper.now() + answer.expires_in, answer.expires_in)

    def _ended(self, why: str) -> CredentialUnusable:
        name = self._profile.name
        return CredentialUnusable(f"the log-in of profile {name!r} has ended ({why}): ante auth login --profile {name}")


class FederationTokens:
    """Tokens got for identity tokens; a profile's are shared by its file, those of variables stay in memory."""

    def __init__(self, federation: Federation, base_url: str, keeper: Keeper, cached_by: Profile | None) -> None:
        """Exchange at `base_url`; keep tokens in the file of `cached_by`."""
        self._federation = federation
        self._base_url = base_url
        self._keeper = keeper
        self._profile = cached_by

    def current(self) -> Token | None:
        """Return what the file holds."""
        if self._profile is None:
            return None
        found = self._keeper.read(self._profile)
        # Without its end a token in this file says nothing about itself.
        return Token(found.access_token, found.expires_at) if found.access_token and found.expires_at else None

    def renew(self, held: Secret | None, patience_seconds: float) -> Token:
        """Adopt what another process has put into the file meanwhile, or exchange."""
        if self._profile is None:
            return self._exchange()
        try:
            with self._keeper.locked(self._profile, patience_seconds):
                return self._renew_locked(self._profile, held)
        except OSError:
            # A container's file system may be read-only; the file only saves exchanges.
            return self._exchange()

    def _renew_locked(self, profile: Profile, held: Secret | None) -> Token:
        found = self.current()
        is_new = found is not None and not is_same(found.secret, held)
        if found is not None and is_new and found.left(self._keeper.clock.now()) > MANDATORY_SECONDS:
            return found
        token = self._exchange()
        kept = files.read_secret(profile.credentials_path) or {}
        end = {"access_token": token.secret.reveal(), "expires_at": token.expires_at}
        with contextlib.suppress(OSError):
            files.write_secret(profile.credentials_path, {**kept, "version": VERSION, "type": "oauth_token", **end})
        return token

    def _exchange(self) -> Token:
        answer = exchange(self._keeper.post, self._base_url, self._federation)
        return Token(answer.access_token, self._keeper.now() + answer.expires_in, answer.expires_in)


class ProcessTokens:
    """Credentials that a program prints (`credential_process` of a profile)."""

    def __init__(self, arguments: tuple[str, ...], base_url: str, clock: Clock) -> None:
        """Run `arguments` without a shell; what they print must be for `base_url`, if it says so."""
        self._arguments = arguments
        self._base_url = base_url
        self._clock = clock

    def current(self) -> Token | None:
        """Return nothing: the program is asked first."""
        return None

    def renew(self, held: Secret | None, patience_seconds: float) -> Token:
        """Run the program; what says no end is asked for again after five minutes, as Claude Code does."""
        del held, patience_seconds
        found = read_process(self._arguments)
        if found.base_url is not None and found.base_url.rstrip("/") != self._base_url:
            message = f"{self._arguments[0]} gave a credential for {found.base_url}, but {self._base_url} is in force"
            raise CredentialUnusable(message)
        now = self._clock.now() // MICROSECONDS
        lifetime = _HELPER_SECONDS if found.expires_at is None else max(1, found.expires_at - now)
        return Token(found.secret, found.expires_at or now + lifetime, lifetime, is_key=found.kind == "api_key")
