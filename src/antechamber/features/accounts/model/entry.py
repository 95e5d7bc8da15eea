"""How somebody gets in: what they proved, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from antechamber.base.ids import UserId
from antechamber.base.secret import Secret
from antechamber.features.accounts.model.sessions import BrowserSession


class Way(StrEnum):
    """How a person proved who they are; log-in through an upstream OIDC provider joins here."""

    LINK = "link"
    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True, slots=True)
class Proven:
    """A person who has proved who they are; `failures` is how often they, or another, failed before from there.

    `password_set_at` is of the password that proved it: one that has changed since proves nothing.
    """

    user_id: UserId
    way: Way
    failures: int = 0
    password_set_at: int | None = None


class Reason(StrEnum):
    """Why somebody was not let in; WRONG never says what of it was."""

    NO_MEMBERSHIP = "no_membership"
    THROTTLED = "throttled"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody was not let in; `wait_seconds` is how long a throttled one has to wait, 0 otherwise."""

    reason: Reason
    wait_seconds: int = 0


class LoggedIn(NamedTuple):
    """A new browser session and its secret, which is returned here and never again: it belongs into the cookie."""

    session: BrowserSession
    secret: Secret
