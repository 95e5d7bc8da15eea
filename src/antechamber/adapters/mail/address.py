"""Where a mail server is and how it is spoken to, read from one address."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from antechamber.base.secret import Secret


class Security(StrEnum):
    """How the connection is kept private; the value is the address's scheme."""

    STARTTLS = "smtp"
    TLS = "smtps"
    NONE = "smtp+plain"


_PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class MailAddressError(Exception):
    """The address can't be used; the message says what would do, and shows no part of it."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server and who we are to it; without a user nobody logs in."""

    host: str
    port: int
    security: Security
    user: str | None
    password: Secret | None

    def is_local(self) -> bool:
        """Say whether it is on this machine, towards which nothing need be encrypted."""
        return self.host in _LOOPBACK


def read_server(text: str) -> MailServer:
    """Return what `smtp[s]://user:password@host:port` means, percent-encoding undone; MailAddressError."""
    try:
        parts = urlsplit(text)
        port = parts.port
        security = Security(parts.scheme)
    except ValueError:
        raise MailAddressError(_SHOULD) from None
    if not parts.hostname or port == 0 or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise MailAddressError(_SHOULD)
    if (parts.username is None) != (parts.password is None):
        raise MailAddressError(_SHOULD)
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[security],
        security=security,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else Secret(unquote(parts.password)),
    )


_SHOULD: Final = (
    "must be as smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS) or "
    "smtp+plain://host:25 (neither)"
)
