"""What every page of accounts stands on: the services, and how refusals become words beside a form's fields."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse

from antechamber.base.errors import WireError
from antechamber.features.accounts.model import BrowserSession, LoggedIn, Reason, Refused
from antechamber.features.accounts.service import Accounts, Logins, Passkeys, Passwords, Sessions
from antechamber.http.browser import browser_of, visitor
from antechamber.http.errors import status_of
from antechamber.http.pages import lead, words
from antechamber.http.pages.filled import Filled, Saying

_REFUSED: Final = 403
_THROTTLED: Final = 429
# error codes of the services: whose field it is about, and what is said there
_SAYINGS: Final[Mapping[str, tuple[str, str]]] = {
    "last_way_in": ("", "passkey.last_way_in"),
    "log_in_again": ("", "account.again"),
    "log_in_first": ("", "known.log_in_first"),
    "other_email": ("", "setup.other_email"),
    "passkey_known": ("", "passkey.known"),
    "passkey_name": ("passkey_name", "passkey.name_invalid"),
    "passkey_rejected": ("", "passkey.rejected"),
    "passkeys_unavailable": ("", "passkey.unavailable"),
    "password_characters": ("password", "password.characters"),
    "password_like_account": ("password", "password.like_account"),
    "password_too_common": ("password", "password.too_common"),
    "password_too_long": ("password", "password.too_long"),
    "password_too_short": ("password", "password.too_short"),
    "too_many_passkeys": ("", "passkey.too_many"),
    "wrong_password": ("old_password", "password.wrong"),
}
# what an error without a code begins with
_FIELDS: Final = {"email": "person.email_invalid", "name": "person.name_invalid"}

# who is logged in; anybody else is led to the log-in page
Guest: TypeAlias = Annotated[BrowserSession, Depends(visitor)]


@dataclass(frozen=True, slots=True)
class Desk:
    """The services; `base_url` is how callers reach this server."""

    accounts: Accounts
    logins: Logins
    sessions: Sessions
    passwords: Passwords
    passkeys: Passkeys
    base_url: str


def wrong(values: Mapping[str, str], error: WireError, **renamed: str) -> Filled:
    """Return a form with what was typed and a service's refusal beside its field; never with a password.

    `renamed` are the names of this form's fields where they are others than the refusals'.
    """
    if error.retry_after:
        return Filled(typed(values), {"": Saying("login.throttled", {"seconds": error.retry_after})})
    field = error.message.partition(":")[0]
    if found := _SAYINGS.get(error.error_code or ""):
        field, key = found
        return Filled(typed(values), {renamed.get(field, field): Saying(key)})
    if key := _FIELDS.get(field, ""):
        return Filled(typed(values), {renamed.get(field, field): Saying(key)})
    return Filled(typed(values), {"": Saying("error.in_words", {"words": error.message})})


def missing(values: Mapping[str, str], **sayings: str) -> Filled | None:
    """Return the form with what is to be said of each field left empty, None if none is."""
    errors = {name: Saying(key) for name, key in sayings.items() if not values[name].strip()}
    return Filled(typed(values), errors) if errors else None


def typed(values: Mapping[str, str]) -> dict[str, str]:
    """Return what may be shown again of what was typed."""
    return {name: value for name, value in values.items() if "password" not in name and name != "credential"}


def refused(values: Mapping[str, str], outcome: Refused, wrong_key: str) -> tuple[Filled, int, dict[str, str]]:
    """Return the form, status and headers with which somebody is not let in."""
    if outcome.reason is Reason.THROTTLED:
        seconds = max(outcome.wait_seconds, 1)
        saying = Saying("login.throttled", {"seconds": seconds})
        return Filled(typed(values), {"": saying}), _THROTTLED, {"retry-after": str(seconds)}
    key = "login.no_membership" if outcome.reason is Reason.NO_MEMBERSHIP else wrong_key
    return Filled(typed(values), {"": Saying(key)}), _REFUSED, {}


def let_in(request: Request, entered: LoggedIn, location: str) -> Response:
    """Give the browser its session, and lead it on."""
    return browser_of(request).enter(lead(location), entered.secret.reveal())


async def options(request: Request, make: Callable[[], object]) -> Response:
    """Return what a passkey's ceremony begins with, or what the script is to say."""
    headers = {"cache-control": "no-store"}
    try:
        made = make()
        return JSONResponse(await made if hasattr(made, "__await__") else made, headers=headers)
    except WireError as error:
        if error.error_code == "log_in_again":
            return JSONResponse({"location": "/login?again=1&next=/account"}, status_of(error), headers)
        saying = next(iter(wrong({}, error).errors.values()))
        return JSONResponse({"says": words(request, saying)}, status_of(error), headers)
