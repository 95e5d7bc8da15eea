"""The ceremonies of WebAuthn, by a library that takes 0.1 s to load; attestation is not asked for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from antechamber.features.accounts.model import CHALLENGE_SECONDS, Asserted, MadePasskey, Passkey, PasskeyRejectedError

_LONGEST: Final = 64 << 10
_LONGEST_ID: Final = 1023  # WebAuthn §4, credential id
_SHIPPED_NAME: Final = "Antechamber"
_TRANSPORTS: Final = {transport.value for transport in AuthenticatorTransport}


class Ceremonies:
    """Makes options and checks answers for an RP id and an origin; the methods of `accounts.ports.PasskeyVerifier`."""

    def __init__(self, rp_id: str, origin: str) -> None:
        self._rp_id = rp_id
        self._origin = origin

    def creation_options(
        self, challenge: bytes, handle: bytes, email: str, name: str, known: Sequence[Passkey]
    ) -> Mapping[str, object]:
        """Return `PublicKeyCredentialCreationOptionsJSON`; `known` are not made again."""
        options = generate_registration_options(
            rp_id=self._rp_id,
            rp_name=_SHIPPED_NAME,
            user_id=handle,
            user_name=email,
            user_display_name=name,
            challenge=challenge,
            timeout=CHALLENGE_SECONDS * 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[_descriptor(passkey) for passkey in known],
        )
        return options_to_json_dict(options)

    def request_options(self, challenge: bytes) -> Mapping[str, object]:
        """Return `PublicKeyCredentialRequestOptionsJSON` that any passkey of this origin answers."""
        options = generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            timeout=CHALLENGE_SECONDS * 1000,
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return options_to_json_dict(options)

    def named(self, credential: str) -> tuple[bytes, bytes]:
        """Return a credential's id, and the challenge that it says it answers; PasskeyRejectedError."""
        with _rejecting():
            form = _read(credential)
            is_new = "attestationObject" in form["response"]
            parsed: RegistrationCredential | AuthenticationCredential = (
                parse_registration_credential_json(form) if is_new else parse_authentication_credential_json(form)
            )
            return parsed.raw_id, parse_client_data_json(parsed.response.client_data_json).challenge

    def made(self, credential: str, challenge: bytes) -> MadePasskey:
        """Return the passkey that was made for a challenge; PasskeyRejectedError."""
        with _rejecting():
            form = _read(credential)
            verified = verify_registration_response(
                credential=form,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
            )
            if len(verified.credential_id) > _LONGEST_ID:
                message = "the credential's id is too long"
                raise ValueError(message)
            claimed = form["response"].get("transports") or ()
            return MadePasskey(
                credential_id=verified.credential_id,
                public_key=verified.credential_public_key,
                sign_count=verified.sign_count,
                transports=tuple(sorted(_TRANSPORTS.intersection(claimed))),
                is_synced=verified.credential_backed_up,
            )

    def asserted(self, credential: str, challenge: bytes, passkey: Passkey) -> Asserted:
        """Check an answer to a challenge with a passkey; PasskeyRejectedError.

        Its count must have grown, if either side counts (WebAuthn §7.2 step 22), and it must name its person (step 6).
        """
        with _rejecting():
            form = parse_authentication_credential_json(_read(credential))
            verified = verify_authentication_response(
                credential=form,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
            )
            if form.response.user_handle != passkey.user_handle or verified.credential_id != passkey.credential_id:
                message = "the passkey is another person's"
                raise ValueError(message)
            return Asserted(verified.new_sign_count, verified.user_verified)


class _rejecting:  # noqa: N801 - reads as a statement
    """Turns whatever a stranger's bytes make of the parsers into a refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, PasskeyRejectedError):
            # the type says enough for a log; the message may hold what was sent
            raise PasskeyRejectedError(type(error).__name__) from None


def _read(credential: str) -> dict[str, Any]:
    if len(credential) > _LONGEST:
        message = "the credential is too long"
        raise ValueError(message)
    form = json.loads(credential)
    if not isinstance(form, dict) or not isinstance(form.get("response"), dict):
        message = "not a credential"
        raise TypeError(message)
    return form


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(transport) for transport in passkey.transports if transport in _TRANSPORTS]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)
