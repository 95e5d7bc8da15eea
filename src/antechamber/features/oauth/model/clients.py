"""OAuth clients: which there always are, and what may be registered beside them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.features.oauth.model.redirects import check_redirect
from antechamber.features.oauth.model.scopes import INTERACTIVE

# the one that `ant` names unless told otherwise (wire-auth.md 1.1)
ANT: Final = "41077d10-94b8-4194-be48-d251e9eb21b4"
OURS: Final = "antechamber-cli"
# stands for the requests of Claude Code's gateway log-in, which name no client (wire-auth.md 6.3)
CLAUDE_CODE: Final = "claude-code"
CODE_PAGE: Final = "/oauth/code/callback"
_LOOPBACKS: Final = ("http://localhost/callback", "http://127.0.0.1/callback", "http://[::1]/callback")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_LONGEST_NAME: Final = 100
_MOST_URIS: Final = 20


class GrantType(StrEnum):
    """The values of `grant_type` (RFC 6749, RFC 7523 §2.1, RFC 8628 §3.4)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name, not a secret
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


# what a client may be allowed; jwt-bearer needs no client (wire-auth.md 2.3)
CLIENT_GRANTS: Final = (GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.DEVICE_CODE)


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks people for tokens; a confidential one shows a secret, of which only a keyed hash is kept.

    `organization_id` limits it to one organisation's members. `built_in` ones and those of the settings cannot be
    changed where they run.
    """

    id: str
    name: str
    confidential: bool
    redirect_uris: tuple[str, ...]
    grants: tuple[GrantType, ...] = CLIENT_GRANTS
    scopes: tuple[str, ...] = INTERACTIVE
    organization_id: OrganizationId | None = None
    secret_digest: bytes | None = None
    created_at: int = 0
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """What is said of a client to be registered; `id` None lets the server make one."""

    name: str
    id: str | None = None
    confidential: bool = False
    redirect_uris: Sequence[str] = ()
    grants: Sequence[str] = CLIENT_GRANTS
    scopes: Sequence[str] = INTERACTIVE
    organization_id: OrganizationId | None = None


def well_known(base_url: str) -> tuple[Client, ...]:
    """Return the clients that every server has: `ant`, our own, and that of Claude Code's gateway log-in."""
    page = f"{base_url}{CODE_PAGE}?app="
    theirs = (*_LOOPBACKS, f"{page}anthropic-cli")
    return (
        Client(ANT, "Anthropic CLI", False, theirs, built_in=True),
        # our command asks as the other one does, so that it can log in at either server
        Client(OURS, "Antechamber CLI", False, (*theirs, f"{page}antechamber-cli"), built_in=True),
        Client(
            CLAUDE_CODE,
            "Claude Code",
            False,
            (),
            (GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN),
            ("user:inference", "user:profile", "user:sessions:claude_code"),
            built_in=True,
        ),
    )


def check_draft(draft: ClientDraft) -> ClientDraft:
    """Return the draft; InvalidRequest past the rules on any of its parts."""
    if draft.id is not None and not _ID.fullmatch(draft.id):
        _refuse("id: must be 1 to 128 letters, digits and . _ : / -, a letter or digit first")
    if not 1 <= len(draft.name) <= _LONGEST_NAME or not draft.name.isprintable() or draft.name != draft.name.strip():
        _refuse(f"name: must be 1 to {_LONGEST_NAME} printable characters")
    if len(draft.redirect_uris) > _MOST_URIS:
        _refuse(f"redirect_uris: at most {_MOST_URIS}")
    for uri in draft.redirect_uris:
        check_redirect(uri)
    if not draft.grants or not set(draft.grants) <= set(CLIENT_GRANTS):
        _refuse(f"grants: must be one or more of: {', '.join(CLIENT_GRANTS)}")
    if not draft.scopes or not set(draft.scopes) <= set(INTERACTIVE):
        _refuse(f"scopes: must be one or more of: {', '.join(INTERACTIVE)}")
    if GrantType.AUTHORIZATION_CODE in draft.grants and not draft.redirect_uris:
        _refuse("redirect_uris: a client with the grant authorization_code needs at least one")
    return draft


def _refuse(message: str) -> None:
    raise InvalidRequest(message)
