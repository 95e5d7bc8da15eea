"""Redirect URIs: which may be registered, which of a request matches one, and how an answer is put onto it.

A match is of the whole text (RFC 9700 §2.1), but that a loopback one may come with any port (RFC 8252 §7.3).
"""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from antechamber.base.errors import InvalidRequest

LONGEST: Final = 2000
_LOOPBACK: Final = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}|\*))?(/.*)?")
# visible ASCII without what browsers and parsers read differently
_PLAIN: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_MAX_PORT: Final = 65_535


def check_redirect(uri: str) -> str:
    """Return a redirect URI that may be registered; InvalidRequest.

    It is https, http on a loopback host (then of any port, which may be written `*`), or of a private scheme with a dot
    in it (RFC 8252 §7.1); without a fragment (RFC 6749 §3.1.2) or a user name.
    """
    if not _is_sound(uri) or not _has_place(uri):
        message = (
            "redirect_uris: each must be an https address, http://localhost (any port), or com.example.app:/path; "
            "without fragment and user name"
        )
        raise InvalidRequest(message)
    return uri


def _is_sound(uri: str) -> bool:
    return 0 < len(uri) <= LONGEST and _PLAIN.fullmatch(uri) is not None and "#" not in uri


def _has_place(uri: str) -> bool:
    if uri.startswith("http://"):
        return _LOOPBACK.fullmatch(uri) is not None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and "@" not in parts.netloc and port != 0 and "*" not in parts.netloc
    return "." in parts.scheme and not parts.netloc and parts.path.startswith("/")


def matches(uri: str, registered: Collection[str]) -> bool:
    """Say whether a request's redirect URI is one of the registered."""
    if not _is_sound(uri):
        return False
    if "*" not in uri and uri in registered:
        return True
    asked = _loopback(uri)
    return asked is not None and "*" not in uri and any(_loopback(known) == asked for known in registered)


def _loopback(uri: str) -> tuple[str, str] | None:
    """Return host and the rest after the port of a loopback URI; None for any other, and for a port that is none."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None:
        return None
    host, port, rest = found.groups()
    if port not in {None, "*"} and not 1 <= int(port) <= _MAX_PORT:
        return None
    return host, rest or ""


def redirect_with(uri: str, parameters: Mapping[str, str | None]) -> str:
    """Return a redirect URI with parameters added to whatever query it has; None is left out (RFC 6749 §4.1.2)."""
    added = urlencode({name: value for name, value in parameters.items() if value is not None}, quote_via=quote)
    return f"{uri}{'&' if '?' in uri else '?'}{added}"
