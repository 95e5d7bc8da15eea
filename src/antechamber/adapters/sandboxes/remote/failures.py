"""Exceptions over a connection: those that the protocols name arrive as what they were, others as SandboxError."""

import os

import structlog

from antechamber.adapters.sandboxes.remote.frames import Failure
from antechamber.features.environments.model.sandbox import SandboxError, SandboxGone

_log = structlog.get_logger("sandboxes")
_PLAIN: dict[str, type[Exception]] = {
    "SandboxGone": SandboxGone,
    "SandboxError": SandboxError,
    "TimeoutError": TimeoutError,
    "ValueError": ValueError,
}


def failure_of(error: Exception) -> Failure:
    """Return what to send of an exception; what nobody expects is logged here, and sent without its text."""
    if isinstance(error, SandboxError):
        name = "SandboxGone" if isinstance(error, SandboxGone) else "SandboxError"
        return Failure(name, str(error))
    if isinstance(error, OSError) and error.errno is not None:
        path = error.filename if isinstance(error.filename, str) else None
        return Failure("OSError", error.strerror or os.strerror(error.errno), error.errno, path)
    if isinstance(error, OSError) and (found := _errno_of(error)) is not None:
        return Failure("OSError", str(error) or os.strerror(found), found)
    for name, kind in _PLAIN.items():
        if isinstance(error, kind):
            return Failure(name, str(error))
    _log.error("a call failed in an unforeseen way", exc_info=error)
    return Failure("SandboxError", f"the supervisor of sandboxes failed at it ({type(error).__name__}); see the log")


def exception_of(failure: Failure) -> Exception:
    """Return the exception that was sent; an OSError is of the subclass that its number has in Python."""
    if failure.name == "OSError":
        return OSError(failure.code, failure.message, failure.path)
    return _PLAIN.get(failure.name, SandboxError)(failure.message)


def _errno_of(error: OSError) -> int | None:
    """Return the number for one raised by its class alone, as `FileNotFoundError(path)`."""
    for number in _BY_CLASS:
        if type(OSError(number, "")) is type(error):
            return number
    return None


_BY_CLASS = (2, 13, 17, 20, 21, 32)  # ENOENT, EACCES, EEXIST, ENOTDIR, EISDIR, EPIPE
