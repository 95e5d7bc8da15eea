"""Tokens in memory: when a new one is fetched, by whom, and what is used meanwhile (wire-auth.md 2.2)."""

import threading
from dataclasses import dataclass
from typing import Final, Protocol

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.secret import Secret
from antechamber.client.failures import CredentialUnusable, ServerUnreachable
from antechamber.client.locks import PATIENCE_SECONDS

ADVISORY_SECONDS: Final = 120
MANDATORY_SECONDS: Final = 30
_BACK_OFF_SECONDS: Final = 5.0
# What still works is better than waiting for another process.
_HURRIED_SECONDS: Final = 1.0
# Of a token that lives a minute the first half is not yet its end.
_ADVISORY_SHARE: Final = 0.5
_MANDATORY_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Token:
    """A token or key; `expires_at` in seconds since the epoch, None for never; `lifetime` in seconds if it is known.

    `is_key` goes out as x-api-key; `is_external` is kept fresh by another program and read again for each call.
    """

    secret: Secret
    expires_at: int | None = None
    lifetime: int | None = None
    is_key: bool = False
    is_external: bool = False

    def left(self, now: int) -> float:
        """Return the seconds it still lives at `now` (microseconds since the epoch)."""
        return float("inf") if self.expires_at is None else self.expires_at - now / MICROSECONDS

    @property
    def advisory_seconds(self) -> float:
        """How long before its end a new one is fetched, if that can be."""
        return min(ADVISORY_SECONDS, _ADVISORY_SHARE * self.lifetime) if self.lifetime else ADVISORY_SECONDS

    @property
    def mandatory_seconds(self) -> float:
        """How long before its end it is used no more."""
        return min(MANDATORY_SECONDS, _MANDATORY_SHARE * self.lifetime) if self.lifetime else MANDATORY_SECONDS


class Tokens(Protocol):
    """Where tokens come from."""

    def current(self) -> Token | None:
        """Return what is there without asking anybody; CredentialUnusable if that cannot be read."""
        ...

    def renew(self, held: Secret | None, patience_seconds: float) -> Token:
        """Return another token than the one held, waiting no longer than that for other processes.

        CredentialUnusable or ServerUnreachable if there is no way to one.
        """
        ...


class TokenCache:
    """Keeps a token fresh: one thread fetches, the others wait only if there is nothing that still works."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        """Nothing is read or fetched yet."""
        self._tokens = tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._quiet_until = 0.0

    def fresh(self) -> Token | None:
        """Return the token in memory if it need not be renewed."""
        token = self._token
        if token is None or token.is_external or token.left(self._clock.now()) <= token.advisory_seconds:
            return None
        return token

    def get(self, refused: Secret | None = None) -> Token:
        """Return a token that works; with `refused`, another one than that.

        Raises CredentialUnusable or ServerUnreachable if there is none and none can be fetched.
        """
        if refused is None and (token := self.fresh()) is not None:
            return token
        token = self._usable(refused)
        if token is None:
            return self._fetch(refused)
        return token if token.is_external else self._freshen(token)

    def _usable(self, refused: Secret | None) -> Token | None:
        token = self._token
        if token is None or token.is_external:
            with self._lock:
                # Another thread may have fetched one while we waited.
                if self._token is None or self._token.is_external:
                    self._token = self._tokens.current()
                token = self._token
        if token is None or token.is_external:
            return token
        if is_same(token.secret, refused) or token.left(self._clock.now()) <= token.mandatory_seconds:
            return None
        return token

    def _fetch(self, refused: Secret | None) -> Token:
        with self._lock:
            held = self._token
            if held is not None and not is_same(held.secret, refused) and self.fresh() is not None:
                return held
            self._token = self._tokens.renew(held.secret if held else refused, PATIENCE_SECONDS)
            return self._token

    def _freshen(self, token: Token) -> Token:
        """Fetch ahead of need, unless somebody does or it has just failed; what is held still works."""
        if token.left(self._clock.now()) > token.advisory_seconds or self._clock.monotonic() < self._quiet_until:
            return token
        if not self._lock.acquire(blocking=False):
            return token
        try:
            token = self._token = self._tokens.renew(token.secret, _HURRIED_SECONDS)
        except (CredentialUnusable, ServerUnreachable):
            self._quiet_until = self._clock.monotonic() + _BACK_OFF_SECONDS
        finally:
            self._lock.release()
        return token


def is_same(one: Secret | None, other: Secret | None) -> bool:
    """Say whether both are there and hold the same text."""
    return one is not None and other is not None and one.reveal() == other.reveal()
