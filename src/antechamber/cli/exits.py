"""Exit codes: the one table that says what each means."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """What the command ends with."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    AUTHENTICATION = 3
    PERMISSION = 4
    NOT_FOUND = 5
    INVALID_REQUEST = 6
    CONFLICT = 7
    LIMITED = 8
    SERVER = 9
    UNREACHABLE = 10
    TIMEOUT = 11
    INTERRUPTED = 130


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.OK: "success",
    Exit.UNEXPECTED: "unexpected failure, or a check of `ante doctor` failed",
    Exit.USAGE: "wrong use: unknown command or flag, unreadable value or file",
    Exit.AUTHENTICATION: "no credential, or one that opens nothing (401)",
    Exit.PERMISSION: "the credential may not do this (403)",
    Exit.NOT_FOUND: "no such thing, or none you may see (404)",
    Exit.INVALID_REQUEST: "the server refused the request as malformed or too large (400, 413, 422)",
    Exit.CONFLICT: "the state of things forbids it (409, 412)",
    Exit.LIMITED: "rate limit or billing (402, 429)",
    Exit.SERVER: "server error or overload (5xx)",
    Exit.UNREACHABLE: "cannot connect, or the connection was cut",
    Exit.TIMEOUT: "no answer in time (also 408, 504)",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}

_BY_STATUS: Final[Mapping[int, Exit]] = {
    401: Exit.AUTHENTICATION,
    402: Exit.LIMITED,
    403: Exit.PERMISSION,
    404: Exit.NOT_FOUND,
    408: Exit.TIMEOUT,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
    429: Exit.LIMITED,
    504: Exit.TIMEOUT,
}
_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500


def exit_for_status(status: int) -> Exit:
    """Return the exit code for an HTTP error status."""
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _SERVER_ERROR:
        return Exit.SERVER
    return Exit.INVALID_REQUEST if status >= _BAD_REQUEST else Exit.UNEXPECTED
