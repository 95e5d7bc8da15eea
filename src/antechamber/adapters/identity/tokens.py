"""Assertions as the exchange asks of them (`federation.ports`); joserfc is loaded when the first one comes."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antechamber.adapters.identity.assertions import JoseAssertions, JoseKeys
    from antechamber.features.federation.model.assertion import Unverified
    from antechamber.features.federation.model.keys import Configuration


class JsonWebTokens:
    """Takes assertions and key sets apart."""

    def read(self, text: str) -> "Unverified | None":
        """Return what an assertion says; None if it is no JWT of three parts, or one that readers could differ on."""
        return self._jose.read(text)

    def read_document(self, body: bytes) -> Sequence[Mapping[str, Any]] | None:
        """Return the keys of a JWK Set (RFC 7517 §5); None if it is none, or holds no key that could be used."""
        return self._jose.read_document(body)

    def read_configuration(self, body: bytes) -> "Configuration | None":
        """Return what a discovery document says; None if it is none."""
        return self._jose.read_configuration(body)

    def read_keys(self, keys: Sequence[Mapping[str, Any]]) -> "JoseKeys":
        """Return keys to verify with."""
        return self._jose.read_keys(keys)

    def refuse_inline(self, keys: Sequence[object]) -> str | None:
        """Return what is wrong with keys that an administrator gives by hand, as `keys[0].kid: …`; None if nothing."""
        return self._jose.refuse_inline(keys)

    @cached_property
    def _jose(self) -> "JoseAssertions":
        from antechamber.adapters.identity.assertions import JoseAssertions  # noqa: PLC0415 - see above

        return JoseAssertions()
