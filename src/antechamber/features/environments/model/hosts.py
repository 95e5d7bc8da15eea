"""Host names as an environment lists them: what is taken, and what it means for matching (wire-agents.md 2)."""

import re
from typing import Final

import idna

from antechamber.base.errors import InvalidRequest

MOST_HOSTS: Final = 1000
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# what ends in a number is an address in one of its many ways of writing (WHATWG URL, "ends in a number")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST: Final = 253
_LEAST_LABELS: Final = 2
_WILDCARD: Final = "*."
_UPPER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def read_host(text: str, place: str) -> str:
    """Return the host for matching: lower case, A-labels, no scheme, no dot at its end; a leading `*.` stays.

    Takes `api.example.com`, `*.example.com` (subdomains at any depth, not the apex), either behind `https://`, and
    names beyond ASCII by IDNA 2008 (RFC 5891). InvalidRequest, which names `place` and the reason, for everything
    else: another scheme, a port, a path, an address, a single label, a wildcard anywhere else.
    """
    rest = _without_scheme(text, place)
    for sign, what in ((":", "a port"), ("/", "a path"), ("\\", "a path"), ("?", "a query"), ("#", "a fragment")):
        if sign in rest:
            raise _refused(text, place, f"it contains {what}")
    if "@" in rest:
        raise _refused(text, place, "it contains user information")
    is_wildcard = rest.startswith(_WILDCARD)
    name = rest.removeprefix(_WILDCARD).removesuffix(".")
    if "*" in name:
        raise _refused(text, place, "a wildcard may only stand at its front, as in *.example.com")
    labels = [_read_label(label, text, place) for label in name.split(".")]
    host = ".".join(labels)
    if len(labels) < _LEAST_LABELS:
        raise _refused(text, place, "it is no full domain name")
    if _NUMBER.fullmatch(labels[-1]):
        raise _refused(text, place, "it is an address, not a name")
    if len(host) > _LONGEST:
        raise _refused(text, place, f"a name has at most {_LONGEST} characters")
    return f"{_WILDCARD}{host}" if is_wildcard else host


def _without_scheme(text: str, place: str) -> str:
    found = _SCHEME.match(text)
    if found is None:
        return text
    if found[1].lower() != "https":
        raise _refused(text, place, f"{found[1]}:// is not https://")
    return text[found.end() :]


def _read_label(label: str, text: str, place: str) -> str:
    # ASCII letters alone are lowered: others have lower cases that are ASCII, such as the Kelvin sign's
    lowered = label.translate(_UPPER)
    if lowered.isascii() and not lowered.startswith("xn--"):
        if not _LABEL.fullmatch(lowered):
            raise _refused(text, place, "it is no host name")
        return lowered
    try:
        return idna.alabel(lowered).decode()
    except idna.IDNAError:
        raise _refused(text, place, "it is no host name (IDNA 2008)") from None


def _refused(text: str, place: str, reason: str) -> InvalidRequest:
    message = f"{place}: {text[:80]!r}: {reason}; send a host such as api.example.com or *.example.com"
    return InvalidRequest(message)
