"""The fields of a request to an OAuth endpoint, form or JSON: read as texts, refused as RFC 6749 §5.2 says."""

from collections.abc import Mapping
from typing import Final

from antechamber.features.oauth.model import GrantRefused, OAuthError

_LONGEST: Final = 4096


class Fields:
    """Texts by name; one without a value counts as left out (RFC 6749 §3.2), as does JSON's null."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def text(self, name: str) -> str | None:
        """Return a field, or None; GrantRefused `invalid_request` if it is no text or too long."""
        value = self._fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise GrantRefused(OAuthError.INVALID_REQUEST, f"{name}: must be text")
        if len(value) > _LONGEST or not value.isprintable():
            raise GrantRefused(OAuthError.INVALID_REQUEST, f"{name}: at most {_LONGEST} printable characters")
        return value

    def require(self, name: str) -> str:
        """Return a field; GrantRefused `invalid_request` if it is missing."""
        value = self.text(name)
        if value is None:
            raise GrantRefused(OAuthError.INVALID_REQUEST, f"{name}: Field required")
        return value
