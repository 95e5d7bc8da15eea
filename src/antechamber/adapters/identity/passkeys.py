"""The server's side of WebAuthn for one origin (`accounts.ports.PasskeyVerifier`)."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from antechamber.features.accounts.model import Asserted, MadePasskey, Passkey

if TYPE_CHECKING:
    from antechamber.adapters.identity.ceremonies import Ceremonies


class WebAuthn:
    """Makes options and checks answers for the origin of a URL; its host is the RP id."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._rp_id = parts.hostname or ""
        self._origin = _origin(parts.scheme, self._rp_id, parts.port)
        self._is_secure = parts.scheme == "https" or self._rp_id == "localhost" or self._rp_id.endswith(".localhost")

    @property
    def is_available(self) -> bool:
        """Say whether browsers make passkeys for this origin: https or localhost, and a name, not an address."""
        return self._is_secure and bool(self._rp_id) and not _is_address(self._rp_id)

    def creation_options(
        self, challenge: bytes, handle: bytes, email: str, name: str, known: Sequence[Passkey]
    ) -> Mapping[str, object]:
        """Return `PublicKeyCredentialCreationOptionsJSON`; `known` are not made again."""
        return self._ceremonies.creation_options(challenge, handle, email, name, known)

    def request_options(self, challenge: bytes) -> Mapping[str, object]:
        """Return `PublicKeyCredentialRequestOptionsJSON` that any passkey of this origin answers."""
        return self._ceremonies.request_options(challenge)

    def named(self, credential: str) -> tuple[bytes, bytes]:
        """Return a credential's id, and the challenge that it says it answers; PasskeyRejectedError."""
        return self._ceremonies.named(credential)

    def made(self, credential: str, challenge: bytes) -> MadePasskey:
        """Return the passkey that was made for a challenge; PasskeyRejectedError."""
        return self._ceremonies.made(credential, challenge)

    def asserted(self, credential: str, challenge: bytes, passkey: Passkey) -> Asserted:
        """Check an answer to a challenge with a passkey; PasskeyRejectedError."""
        return self._ceremonies.asserted(credential, challenge, passkey)

    @cached_property
    def _ceremonies(self) -> "Ceremonies":
        # only who uses a passkey waits for the library
        from antechamber.adapters.identity.ceremonies import Ceremonies  # noqa: PLC0415

        return Ceremonies(self._rp_id, self._origin)


def _origin(scheme: str, host: str, port: int | None) -> str:
    default = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{host}" if port is None or port == default else f"{scheme}://{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
