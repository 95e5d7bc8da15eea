"""Reading what a field or a query name says; what it may not say is refused in the same words everywhere."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar, overload

from antechamber.base.clock import from_rfc3339, to_rfc3339
from antechamber.base.errors import InvalidRequest

Choice = TypeVar("Choice", bound=StrEnum)


@overload
def read_instant(name: str, text: str) -> int: ...
@overload
def read_instant(name: str, text: str | None) -> int | None: ...
def read_instant(name: str, text: str | None) -> int | None:
    """Return microseconds, None for what was not sent; InvalidRequest when the text is no RFC 3339 date-time."""
    if text is None:
        return None
    try:
        return from_rfc3339(text)
    except ValueError:
        message = f"{name}: {text!r} is not an RFC 3339 date-time such as 2026-01-31T00:00:00Z"
        raise InvalidRequest(message) from None


def show_instant(microseconds: int | None) -> str | None:
    """Return an instant as the wire shows it; None for what has not happened."""
    return None if microseconds is None else to_rfc3339(microseconds)


def choose(name: str, text: str, kind: type[Choice]) -> Choice:
    """Return the member that a text means; InvalidRequest says what the name takes."""
    check_choice(name, text, tuple(kind))
    return kind(text)


def choose_all(name: str, texts: Iterable[str], kind: type[Choice]) -> tuple[Choice, ...]:
    """Return the members that texts mean, each once, in the order they came in; InvalidRequest."""
    return tuple(dict.fromkeys(choose(name, text, kind) for text in texts))


def check_choice(name: str, text: str, allowed: Sequence[str]) -> None:
    """Raise InvalidRequest unless the text is one that the name takes."""
    if text not in allowed:
        message = f"{name}: {text!r} is not one of {', '.join(allowed)}"
        raise InvalidRequest(message)
