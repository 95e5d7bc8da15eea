"""What accounts need from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from antechamber.base.actor import Actor
from antechamber.base.ids import BrowserSessionId, OrganizationId, PasskeyId, UserId
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import (
    Asserted,
    Attempts,
    MadePasskey,
    Passkey,
    PasswordLink,
    Proven,
    Refused,
    SetupLink,
    StoredPassword,
    StoredSession,
    Verdict,
)

Evidence = TypeVar("Evidence", contravariant=True)  # noqa: PLC0105 - named after what it holds


class WayIn(Protocol[Evidence]):
    """A way of proving who one is: a password, a passkey; later an upstream provider's assertion."""

    async def prove(self, evidence: Evidence, by: Actor) -> Proven | Refused:
        """Return whom the evidence proves, or why nobody; the same work whether or not there is such a person."""
        ...


class SetupLinkStore(Protocol):
    """Where set-up links are kept, under their digests."""

    async def add(self, unit: Unit, organization_id: OrganizationId, link: SetupLink, digest: bytes) -> None:
        """Keep a new link."""
        ...

    async def resolve_link(self, unit: Unit, digest: bytes) -> SetupLink | None:
        """Return the link that a secret opens."""
        ...

    async def use(self, unit: Unit, organization_id: OrganizationId, link_id: str, at: int) -> bool:
        """Note that a link was used; False if it was before."""
        ...


class PasswordStore(Protocol):
    """Where the hashes of passwords are kept, and the links by which new ones are set; a person's own."""

    async def find(self, unit: Unit, user_id: UserId) -> StoredPassword | None:
        """Return a person's password."""
        ...

    async def hold(self, unit: Unit, user_id: UserId) -> StoredPassword | None:
        """Return a person's password, whose change waits until the unit ends."""
        ...

    async def keep(self, unit: Unit, user_id: UserId, encoded: str, at: int) -> None:
        """Keep a person's new hash in place of any other."""
        ...

    async def renew(self, unit: Unit, user_id: UserId, old: str, encoded: str) -> None:
        """Keep the same password's hash of newer parameters, unless the password has changed meanwhile."""
        ...

    async def remove(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's hash."""
        ...

    async def add_link(self, unit: Unit, user_id: UserId, link: PasswordLink, digest: bytes) -> None:
        """Keep a new link in place of earlier ones."""
        ...

    async def resolve_link(self, unit: Unit, digest: bytes) -> PasswordLink | None:
        """Return the link that a secret opens, without its address."""
        ...

    async def use_link(self, unit: Unit, user_id: UserId, link_id: str, at: int) -> bool:
        """Note that a link was used; False if it was before."""
        ...

    async def drop_links(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's links: a password set otherwise voids them."""
        ...


class PasskeyStore(Protocol):
    """Where passkeys are kept, a person's own, and which challenges have been answered."""

    async def listing(self, unit: Unit, user_id: UserId) -> Sequence[Passkey]:
        """Return a person's passkeys, oldest first."""
        ...

    async def lock(self, unit: Unit, user_id: UserId) -> None:
        """Make those who remove passkeys of a person come one after the other; held to the unit's end."""
        ...

    async def add(self, unit: Unit, user_id: UserId, passkey: Passkey) -> bool:
        """Keep a new passkey; False if its credential is kept already, whoever's it is."""
        ...

    async def rename(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId, name: str) -> bool:
        """Change a name; False if the person has no such passkey."""
        ...

    async def note_use(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId, sign_count: int, at: int) -> None:
        """Note that a passkey was used, and its count."""
        ...

    async def remove(self, unit: Unit, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Forget a passkey; False if the person has no such one."""
        ...

    async def remove_of(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's passkeys."""
        ...

    async def resolve_passkey(self, unit: Unit, credential_id: bytes) -> Passkey | None:
        """Return the passkey of a credential, which others wait for until the unit ends."""
        ...

    async def sweep_in_spent(self, unit: Unit, digest: bytes, expires_at: int, now: int) -> bool:
        """Note until it expires that a challenge was answered; False if it was before. Expired ones are forgotten."""
        ...


class SessionStore(Protocol):
    """Where browser sessions are kept, a person's own, under the digests of their secrets."""

    async def add(self, unit: Unit, user_id: UserId, session: StoredSession, digest: bytes, keep: int) -> None:
        """Keep a new session; forget those that are over, and the person's oldest beyond `keep`."""
        ...

    async def listing(self, unit: Unit, user_id: UserId) -> Sequence[StoredSession]:
        """Return a person's sessions, the last used first."""
        ...

    async def touch(self, unit: Unit, user_id: UserId, session_id: BrowserSessionId, at: int) -> None:
        """Note that a session was used."""
        ...

    async def rotate(
        self, unit: Unit, user_id: UserId, session_id: BrowserSessionId, digest: bytes, proved_at: int
    ) -> bool:
        """Give a session another secret, and note a new proof; False if it has ended."""
        ...

    async def remove(self, unit: Unit, user_id: UserId, session_id: BrowserSessionId) -> bool:
        """End a session; False if the person has no such one."""
        ...

    async def remove_of(self, unit: Unit, user_id: UserId, but: BrowserSessionId | None = None) -> int:
        """End a person's sessions, all or all but one; returns how many there were."""
        ...

    async def resolve_session(self, unit: Unit, digest: bytes) -> StoredSession | None:
        """Return the session that a secret opens."""
        ...


class AttemptStore(Protocol):
    """Where failures are counted, under keyed digests of what they were counted for."""

    async def resolve_attempts(self, unit: Unit, digests: Sequence[bytes]) -> Mapping[bytes, Attempts]:
        """Return what is counted of each; others who ask for the same wait until the unit ends."""
        ...

    async def sweep_in(self, unit: Unit, counted: Mapping[bytes, Attempts], now: int) -> None:
        """Keep what is counted now, and forget what does not matter any more."""
        ...


class PasswordHasher(Protocol):
    """Makes and checks the slow hashes of passwords, a few at once; Overloaded when too many wait."""

    async def hash(self, password: str) -> Secret:
        """Return the encoded hash of a password in its normal form."""
        ...

    async def verify(self, encoded: str | None, password: str | None) -> Verdict:
        """Check a password against a hash; None for either takes the same work and is wrong."""
        ...


class PasskeyVerifier(Protocol):
    """The server's side of WebAuthn for one origin; what a browser sends is JSON text, as its `toJSON` gives it."""

    @property
    def is_available(self) -> bool:
        """Say whether browsers make passkeys for this origin: https or localhost, and a name, not an address."""
        ...

    def creation_options(
        self, challenge: bytes, handle: bytes, email: str, name: str, known: Sequence[Passkey]
    ) -> Mapping[str, object]:
        """Return `PublicKeyCredentialCreationOptionsJSON`; `known` are not made again."""
        ...

    def request_options(self, challenge: bytes) -> Mapping[str, object]:
        """Return `PublicKeyCredentialRequestOptionsJSON` that any passkey of this origin answers."""
        ...

    def named(self, credential: str) -> tuple[bytes, bytes]:
        """Return a credential's id, and the challenge that it says it answers; PasskeyRejectedError."""
        ...

    def made(self, credential: str, challenge: bytes) -> MadePasskey:
        """Return the passkey that was made for a challenge; PasskeyRejectedError."""
        ...

    def asserted(self, credential: str, challenge: bytes, passkey: Passkey) -> Asserted:
        """Check an answer to a challenge with a passkey; PasskeyRejectedError."""
        ...


class FailureCounts(Protocol):
    """Whatever counts failed log-ins beside the audit chain."""

    def failed(
        self, organization_ids: Sequence[OrganizationId], user_id: UserId | None, by: Actor, status: int
    ) -> None:
        """Count one, for each organisation of the person who was meant; for nobody's if there is none."""
        ...
