"""The listener that a browser is sent back to at the end of a log-in (RFC 8252 §7.3)."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO

from antechamber.client.authorize import LoginAttempt


@dataclass(frozen=True, slots=True)
class Received:
    """A code, and the redirect URI that it was given for, which the token request repeats."""

    code: str
    redirect_uri: str


class Loopback:
    """Listens on 127.0.0.1 for `/callback` of one attempt; a context manager."""

    def __init__(self, attempt: LoginAttempt, port: int = 0) -> None:
        """Listen on `port`, 0 for any free one; OSError if it is taken."""
        raise NotImplementedError

    @property
    def redirect_uri(self) -> str:
        """What the authorize request names."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def wait(self, seconds: float) -> str | None:
        """Return the code; None if none came in time; LoginFailed if the server said `error` or the state is wrong."""
        raise NotImplementedError


def await_code(
    attempt: LoginAttempt, loopback: Loopback | None, pasted: TextIO | None, seconds: float | None
) -> Received:
    """Return the first code that comes by the browser or as a pasted line.

    The end of `pasted` only ends that way. LoginFailed when the browser brought an error, or nothing came within
    `seconds` (None waits for ever).
    """
    raise NotImplementedError
