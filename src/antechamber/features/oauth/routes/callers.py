"""What the OAuth endpoints read of a request besides its fields: HTTP Basic, and who sends it."""

import base64
import binascii
from typing import Final
from urllib.parse import unquote_plus

from fastapi import Request

from antechamber.base.secret import Secret
from antechamber.features.oauth.model import GrantRefused, OAuthError
from antechamber.features.oauth.service import ClientCredentials

_LONGEST: Final = 4096


def basic_of(request: Request) -> ClientCredentials | None:
    """Return a client's credentials in HTTP Basic, None without; GrantRefused `invalid_client` if unreadable.

    Both parts are form-encoded within (RFC 6749 §2.3.1). Another scheme is not meant for this endpoint.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    if len(text) > _LONGEST:
        raise _unreadable()
    try:
        name, colon, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
        credentials = ClientCredentials(
            unquote_plus(name, errors="strict"), Secret(unquote_plus(secret, errors="strict"))
        )
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error
    if not colon:
        raise _unreadable()
    return credentials


def _unreadable() -> GrantRefused:
    return GrantRefused(OAuthError.INVALID_CLIENT, "HTTP Basic that cannot be read", basic=True)
