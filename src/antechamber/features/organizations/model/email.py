"""E-mail addresses: the form in which they are kept, and the two forms in which they are compared."""

import re
from typing import Final

from antechamber.base.errors import InvalidRequest

_MAX: Final = 254
_MAX_LOCAL: Final = 64
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# RFC 5321 §4.1.2 without quoted local parts; the domain as a host name of two labels or more
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


def check_email(text: str, field: str = "email") -> str:
    """Return the address as it is kept: trimmed, its domain in lower-case ASCII; InvalidRequest names `field`."""
    local, _, domain = text.strip().rpartition("@")
    ascii_domain = _to_ascii(domain)
    email = f"{local}@{ascii_domain}"
    if (
        len(local) > _MAX_LOCAL
        or len(email) > _MAX
        or not _LOCAL.fullmatch(local)
        or not _DOMAIN.fullmatch(ascii_domain)
    ):
        message = f"{field}: must be an e-mail address, such as ada@example.com"
        raise InvalidRequest(message)
    return email


def _to_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""


def key_of(email: str) -> str:
    """Return the form by which an address is unique on the server: without regard to case."""
    return email.lower()


def base_of(email: str) -> str:
    """Return the form by which lists are filtered: without regard to case, and without a `+tag`."""
    local, _, domain = key_of(email).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def domain_of(email: str) -> str:
    """Return the domain of a kept address."""
    return email.rpartition("@")[2]
