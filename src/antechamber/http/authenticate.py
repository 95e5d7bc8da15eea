"""Authentication: a secret's keyed hash, looked up in memory; the database only for those that memory doesn't know."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from antechamber.base.clock import Clock
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, Overloaded, Unavailable
from antechamber.base.principal import AccessToken, Principal, workspace_of
from antechamber.base.secret import Digester, Secret
from antechamber.base.unit import Unit, Units

_REMEMBERED_STRANGERS: Final = 10_000
_LONGEST_SECRET: Final = 4096
_WORKSPACE: Final = b"anthropic-workspace-id"
_MISSING: Final = "No credential was sent: put an API key in x-api-key or in Authorization: Bearer."


class Source(Protocol):
    """A feature that keeps secrets."""

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a digest stands for now."""
        ...

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every live digest."""
        ...


class Authenticator:
    """Holds every live credential; `reload` replaces them all at once, after the change feed says so.

    A bad, a revoked and an expired secret take the same way and get the same answer: each misses the memory, is asked
    of the database once, and is then remembered as a stranger until the credentials change.
    """

    def __init__(self, sources: Sequence[Source], units: Units, clock: Clock, pepper: Secret) -> None:
        self._sources = sources
        self._units = units
        self._clock = clock
        self._digest = Digester(pepper.reveal().encode())
        self._known: dict[bytes, Principal] = {}
        self._strangers: dict[bytes, None] = {}
        self._used: set[bytes] = set()
        self._lock = asyncio.Lock()

    async def reload(self) -> None:
        """Read every live credential from the database."""
        async with self._lock:
            known: dict[bytes, Principal] = {}
            async with self._units.read() as unit:
                for source in self._sources:
                    known.update(await source.sweep_principals(unit))
            self._known = known
            self._strangers = {}

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal:
        """Return who sent these headers (names in lower case); AuthenticationFailed if nobody we know.

        `x-api-key` wins over a bearer: a bad one beside a good bearer is refused (decisions.md). InvalidRequest for a
        credential that is bound to another workspace than the headers name.
        """
        text, message = _credential(headers)
        key = self._digest(text)
        principal = self._known.get(key)
        if principal is None or self._is_expired(principal):
            principal = await self._resolve(key)
            if principal is None:
                raise AuthenticationFailed(message)
        self._used.add(key)
        _check_workspace(headers.get(_WORKSPACE), principal)
        return principal

    def take_used(self) -> set[bytes]:
        """Return the digests that have opened since the last time, for whoever keeps when they did."""
        used, self._used = self._used, set()
        return used

    async def _resolve(self, key: bytes) -> Principal | None:
        # What a reload replaces meanwhile is written into what it replaced: a key revoked during the look is not kept.
        known, strangers = self._known, self._strangers
        if key in strangers:
            return None
        try:
            async with self._units.read() as unit:
                for source in self._sources:
                    principal = await source.resolve_principal(unit, key)
                    if principal is not None and not self._is_expired(principal):
                        known[key] = principal
                        return principal
        except Unavailable as error:
            # Not knowing is not a reason to say 401: a client that gets one throws a good key away (gateway.md 1.7).
            text = "Credentials cannot be checked at this moment; try again."
            raise Overloaded(text, note=error.note, retry_after=1) from error
        if len(strangers) >= _REMEMBERED_STRANGERS:
            strangers.pop(next(iter(strangers)))
        strangers[key] = None
        return None

    def _is_expired(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self._clock.now()


def _check_workspace(named: bytes | None, principal: Principal) -> None:
    """Refuse the wrong credential for a workspace, on whatever endpoint (wire-admin.md 1.1, wire-auth.md 8)."""
    own = workspace_of(principal)
    if named is None or own is None or named.strip() == own.encode():
        return
    credential = principal.token_id if isinstance(principal, AccessToken) else principal.key_id
    message = f"{_WORKSPACE.decode()}: this credential belongs to {own}; send that or leave it out"
    raise InvalidRequest(message, note=f"{credential} with {named.decode('latin-1')[:64]!r}")


def _credential(headers: Mapping[bytes, bytes]) -> tuple[str, str]:
    key = headers.get(b"x-api-key")
    if key:
        text, message = key, "invalid x-api-key"
    else:
        scheme, _, text = headers.get(b"authorization", b"").partition(b" ")
        text, message = text.strip(), "Invalid bearer token"
        if scheme.lower() != b"bearer" or not text:
            raise AuthenticationFailed(_MISSING)
    if len(text) > _LONGEST_SECRET:
        raise AuthenticationFailed(message)
    return text.decode("latin-1").strip(), message
