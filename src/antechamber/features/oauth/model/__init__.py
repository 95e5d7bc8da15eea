"""What OAuth is about: clients, requests to authorise, codes, grants, devices, tokens; and the rules on each."""

from antechamber.features.oauth.model.answers import Account, GrantRefused, Named, OAuthError, TokenAnswer
from antechamber.features.oauth.model.clients import (
    CLAUDE_CODE,
    CLIENT_GRANTS,
    Client,
    ClientDraft,
    GrantType,
    check_draft,
    well_known,
)
from antechamber.features.oauth.model.devices import (
    DeviceRequest,
    DeviceStatus,
    mint_user_code,
    normalize_user_code,
    show_user_code,
)
from antechamber.features.oauth.model.grants import Code, Grant, Lifetimes, Refresh
from antechamber.features.oauth.model.pkce import check_challenge, proves
from antechamber.features.oauth.model.redirects import check_redirect, matches, redirect_with
from antechamber.features.oauth.model.requests import (
    AuthorizationRequest,
    BadClient,
    BadRequest,
    Choice,
    Choices,
    WorkspaceChoice,
)
from antechamber.features.oauth.model.scopes import DEFAULT_SCOPES, INTERACTIVE, narrow, read_scopes, reduce
from antechamber.features.oauth.model.tokens import Holder, StoredToken, check_lifetime, check_scope

__all__ = [
    "CLAUDE_CODE",
    "CLIENT_GRANTS",
    "DEFAULT_SCOPES",
    "INTERACTIVE",
    "Account",
    "AuthorizationRequest",
    "BadClient",
    "BadRequest",
    "Choice",
    "Choices",
    "Client",
    "ClientDraft",
    "Code",
    "DeviceRequest",
    "DeviceStatus",
    "Grant",
    "GrantRefused",
    "GrantType",
    "Holder",
    "Lifetimes",
    "Named",
    "OAuthError",
    "Refresh",
    "StoredToken",
    "TokenAnswer",
    "WorkspaceChoice",
    "check_challenge",
    "check_draft",
    "check_lifetime",
    "check_redirect",
    "check_scope",
    "matches",
    "mint_user_code",
    "narrow",
    "normalize_user_code",
    "proves",
    "read_scopes",
    "redirect_with",
    "reduce",
    "show_user_code",
    "well_known",
]
