"""The use-cases of passkeys: adding, naming and removing them, and logging in with one."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from antechamber.base.actor import Actor
from antechamber.base.errors import Conflict, InvalidRequest, NotFound, WireError
from antechamber.base.ids import Kind, PasskeyId, UserId, is_id, mint
from antechamber.base.unit import Unit
from antechamber.features.accounts.model import (
    MOST_PASSKEYS,
    BrowserSession,
    ChallengePurpose,
    LoggedIn,
    MadePasskey,
    Passkey,
    PasskeyRejectedError,
    Proven,
    Reason,
    Refused,
    Way,
    check_passkey_name,
)
from antechamber.features.accounts.ports import FailureCounts, PasskeyStore, PasskeyVerifier
from antechamber.features.accounts.service.challenges import Challenge, Challenges
from antechamber.features.accounts.service.ground import Ground
from antechamber.features.accounts.service.journal import Journal, acting
from antechamber.features.accounts.service.logins import Logins
from antechamber.features.accounts.service.passwords import Passwords, log_in_again
from antechamber.features.accounts.service.proving import WRONG_STATUS
from antechamber.features.audit.model import ActivityType


class PasskeyWay:
    """Proves people by their passkeys (`ports.WayIn`); the evidence is a credential's JSON, as a browser gives it."""

    def __init__(
        self,
        store: PasskeyStore,
        ground: Ground,
        verifier: PasskeyVerifier,
        challenges: Challenges,
        failures: FailureCounts,
    ) -> None:
        self._store = store
        self._units = ground.units
        self._clock = ground.clock
        self._verifier = verifier
        self._challenges = challenges
        self._failures = failures

    async def prove(self, evidence: str, by: Actor) -> Proven | Refused:
        """Return whom a passkey proves; a challenge is spent by the attempt, whatever comes of it."""
        try:
            credential_id, text = self._verifier.named(evidence)
            challenge = self._challenges.read(ChallengePurpose.LOG_IN, text)
            proven = None if challenge is None else await self._asserted(evidence, credential_id, text, challenge)
        except PasskeyRejectedError:
            proven = None
        if proven is None:
            self._failures.failed((), None, by, WRONG_STATUS)
            return Refused(Reason.WRONG)
        return proven

    async def _asserted(
        self, credential: str, credential_id: bytes, text: bytes, challenge: Challenge
    ) -> Proven | None:
        async with self._units.begin() as unit:
            now = self._clock.now()
            passkey = await self._store.resolve_passkey(unit, credential_id)
            if passkey is None:
                return None
            if not await self._store.sweep_in_spent(unit, challenge.digest, challenge.expires_at, now):
                return None
            try:
                asserted = self._verifier.asserted(credential, text, passkey)
            except PasskeyRejectedError:
                # what was spent stays spent
                return None
            await self._store.note_use(unit, passkey.user_id, passkey.id, asserted.sign_count, now)
        return Proven(passkey.user_id, Way.PASSKEY)


class NewPasskey(NamedTuple):
    """A passkey that has just been made, and the challenge that it was made for."""

    made: MadePasskey
    challenge: Challenge


class Passkeys:
    """Adds, names and removes passkeys, for who has logged in lately; and logs people in with them."""

    def __init__(
        self,
        store: PasskeyStore,
        logins: Logins,
        passwords: Passwords,
        journal: Journal,
        ground: Ground,
        verifier: PasskeyVerifier,
        challenges: Challenges,
        way: PasskeyWay,
    ) -> None:
        self._store = store
        self._logins = logins
        self._passwords = passwords
        self._journal = journal
        self._units = ground.units
        self._clock = ground.clock
        self._chance = ground.chance
        self._verifier = verifier
        self._challenges = challenges
        self._way = way

    @property
    def is_available(self) -> bool:
        """Say whether browsers make passkeys for this server's address."""
        return self._verifier.is_available

    async def listing(self, user_id: UserId) -> Sequence[Passkey]:
        """Return a person's passkeys, oldest first."""
        async with self._units.read() as unit:
            return await self._store.listing(unit, user_id)

    def begin_log_in(self) -> Mapping[str, object]:
        """Return `PublicKeyCredentialRequestOptionsJSON` for `navigator.credentials.get`; good for five minutes."""
        return self._verifier.request_options(self._challenges.make(ChallengePurpose.LOG_IN))

    async def finish_log_in(self, credential: str, by: Actor, previous: str | None = None) -> LoggedIn | Refused:
        """Log in whoever answered a challenge with their passkey; `previous` as in `Logins.log_in`."""
        return await self._logins.through(self._way, credential, by, previous)

    async def begin_registration(self, session: BrowserSession) -> Mapping[str, object]:
        """Return `PublicKeyCredentialCreationOptionsJSON` for `navigator.credentials.create`.

        PermissionDenied `log_in_again`; Conflict `too_many_passkeys`, or `passkeys_unavailable` at this address.
        """
        self._require(session)
        known = await self.listing(session.user_id)
        _refuse_crowd(known)
        challenge = self._challenges.make(ChallengePurpose.REGISTER, session.id)
        return self._creation_options(challenge, session.email, session.name, known)

    async def finish_registration(self, session: BrowserSession, credential: str, name: str, by: Actor) -> Passkey:
        """Keep the passkey that a browser has made; InvalidRequest `passkey_rejected`, Conflict `passkey_known`."""
        self._require(session)
        kept_name = check_passkey_name(name)
        new = self.made(credential, ChallengePurpose.REGISTER, session.id)
        async with self._units.begin() as unit:
            passkey = await self.keep(unit, session.user_id, session.email, new, kept_name)
            await self._record(unit, session, by, ActivityType.PASSKEY_ADDED, passkey.id)
        return passkey

    async def rename(self, session: BrowserSession, passkey_id: PasskeyId, name: str) -> None:
        """Change a passkey's name; NotFound for any but one's own."""
        kept_name = check_passkey_name(name)
        async with self._units.begin() as unit:
            known = is_id(Kind.PASSKEY, passkey_id)
            if not known or not await self._store.rename(unit, session.user_id, passkey_id, kept_name):
                raise _not_found()

    async def remove(self, session: BrowserSession, passkey_id: PasskeyId, by: Actor) -> None:
        """Forget a passkey; Conflict `last_way_in` for the last one of who has no password, NotFound, as above."""
        if not session.is_fresh(self._clock.now()):
            raise log_in_again()
        async with self._units.begin() as unit:
            await self._store.lock(unit, session.user_id)
            kept = await self._store.listing(unit, session.user_id)
            if passkey_id not in {passkey.id for passkey in kept}:
                raise _not_found()
            if len(kept) == 1 and not await self._passwords.is_set(unit, session.user_id):
                message = "This passkey is your only way in. Set a password or add another passkey first."
                raise Conflict(message, error_code="last_way_in")
            await self._store.remove(unit, session.user_id, passkey_id)
            await self._record(unit, session, by, ActivityType.PASSKEY_REMOVED, passkey_id)

    async def forget(self, unit: Unit, user_id: UserId) -> None:
        """Forget a person's passkeys, in the caller's transaction."""
        await self._store.remove_of(unit, user_id)

    async def has_any(self, unit: Unit, user_id: UserId) -> bool:
        """Say whether a person has a passkey, within the caller's transaction."""
        return bool(await self._store.listing(unit, user_id))

    def welcome_options(self, place: str, email: str, name: str) -> Mapping[str, object]:
        """Return creation options for somebody who is not a person of this server yet; `place` is their link's."""
        self._require_available()
        return self._creation_options(self._challenges.make(ChallengePurpose.WELCOME, place), email, name, ())

    def made(self, credential: str, purpose: ChallengePurpose, place: str) -> NewPasskey:
        """Return the passkey that was made for a challenge of a purpose and place; InvalidRequest."""
        try:
            _, text = self._verifier.named(credential)
            challenge = self._challenges.read(purpose, text, place)
            if challenge is None:
                note = "the challenge is not ours, or has expired"
                raise _rejected_for(note)
            return NewPasskey(self._verifier.made(credential, text), challenge)
        except PasskeyRejectedError as error:
            raise _rejected_for(str(error)) from None

    async def keep(self, unit: Unit, user_id: UserId, email: str, new: NewPasskey, name: str) -> Passkey:
        """Keep a new passkey in the caller's transaction, and spend its challenge; InvalidRequest, Conflict."""
        made, challenge = new
        now = self._clock.now()
        if not await self._store.sweep_in_spent(unit, challenge.digest, challenge.expires_at, now):
            note = "the challenge was answered before"
            raise _rejected_for(note)
        known = await self._store.listing(unit, user_id)
        _refuse_crowd(known)
        passkey = Passkey(
            id=PasskeyId(mint(Kind.PASSKEY, self._clock, self._chance)),
            user_id=user_id,
            name=name,
            credential_id=made.credential_id,
            public_key=made.public_key,
            user_handle=self._challenges.handle(email),
            sign_count=made.sign_count,
            transports=made.transports,
            is_synced=made.is_synced,
            created_at=now,
            last_used_at=None,
        )
        if not await self._store.add(unit, user_id, passkey):
            message = "This passkey is known already."
            raise Conflict(message, error_code="passkey_known")
        return passkey

    def _creation_options(
        self, challenge: bytes, email: str, name: str, known: Sequence[Passkey]
    ) -> Mapping[str, object]:
        return self._verifier.creation_options(challenge, self._challenges.handle(email), email, name, known)

    def _require(self, session: BrowserSession) -> None:
        self._require_available()
        if not session.is_fresh(self._clock.now()):
            raise log_in_again()

    def _require_available(self) -> None:
        if not self.is_available:
            message = "Passkeys need https or localhost, and a name instead of an address."
            raise Conflict(message, error_code="passkeys_unavailable")

    async def _record(
        self, unit: Unit, session: BrowserSession, by: Actor, act: ActivityType, passkey_id: PasskeyId
    ) -> None:
        actor = acting(by, session.user_id)
        await self._journal.record(unit, session.user_id, actor, act, email=session.email, passkey_id=passkey_id)


def _refuse_crowd(known: Sequence[Passkey]) -> None:
    if len(known) >= MOST_PASSKEYS:
        message = f"You have {MOST_PASSKEYS} passkeys already. Remove one first."
        raise Conflict(message, error_code="too_many_passkeys")


def _not_found() -> WireError:
    message = "Passkey not found."
    return NotFound(message)


def _rejected_for(note: str) -> WireError:
    message = "The passkey could not be checked. Try again."
    return InvalidRequest(message, note=note, error_code="passkey_rejected")
