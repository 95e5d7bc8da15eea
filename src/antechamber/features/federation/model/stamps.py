"""Who did something to a resource and when, and the names that resources have."""

import re
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import InvalidRequest

MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 1_000
_NAME: Final = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant in microseconds, and the `user_` or `svac_` id of who acted; None for nobody of the organisation."""

    at: int
    by: str | None


def stamp(now: int, by: Actor) -> Stamp:
    """Return the stamp of an act; the operator, and a token of nobody's, leave none by name."""
    return Stamp(now, by.id if by.kind in {ActorKind.USER, ActorKind.SERVICE_ACCOUNT} else None)


def check_name(name: str) -> str:
    """Return a resource's name; InvalidRequest unless it is 1 to 255 of a-z, 0-9 and `-`."""
    if not 1 <= len(name) <= MAX_NAME or not _NAME.fullmatch(name):
        message = f"name: must be 1 to {MAX_NAME} lowercase letters, digits and hyphens"
        raise InvalidRequest(message)
    return name


def check_description(description: str) -> str:
    """Return a resource's description; InvalidRequest past 1,000 characters."""
    if len(description) > MAX_DESCRIPTION:
        message = f"description: must be at most {MAX_DESCRIPTION} characters"
        raise InvalidRequest(message)
    return description
