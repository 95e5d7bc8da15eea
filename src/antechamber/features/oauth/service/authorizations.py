"""Requests to authorise: read, decided on by a person, answered by a redirect with a code or an error."""

from collections.abc import Iterable, Mapping
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import NotFound
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.secret import SecretKind, mint_secret
from antechamber.features.oauth.model import (
    AuthorizationRequest,
    BadClient,
    BadRequest,
    Choices,
    Client,
    Code,
    GrantRefused,
    GrantType,
    OAuthError,
    check_challenge,
    matches,
    read_scopes,
    redirect_with,
    reduce,
)
from antechamber.features.oauth.model.grants import CODE_SECONDS
from antechamber.features.oauth.model.pkce import METHOD
from antechamber.features.oauth.model.requests import LONGEST_STATE
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Places, Standing

_REPEATED: Final = "is given more than once"
_LONGEST_HINT: Final = 100
# RFC 8707 §2 lets a request name several
_MAY_REPEAT: Final = frozenset({"resource"})
_SINGLE: Final = (
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "request",
    "request_uri",
    "orgUUID",
    "workspace_id",
)


class Authorizations:
    """What the page `/oauth/authorize` stands on; `issuer` is the server's own address."""

    def __init__(self, clients: Clients, stores: Stores, means: Means, places: Places, issuer: str) -> None:
        self._clients = clients
        self._grants = stores.grants
        self._means = means
        self._places = places
        self._issuer = issuer

    async def read(self, pairs: Iterable[tuple[str, str]]) -> AuthorizationRequest | BadClient | BadRequest:
        """Read the query's pairs as they came (RFC 6749 §4.1.1, RFC 7636 §4.3); names that we do not know are ignored.

        BadClient is shown and never redirected; BadRequest has the address to redirect to.
        """
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:  # one without a value counts as left out (RFC 6749 §3.1)
                found.setdefault(name, []).append(value)
        trusted = await self._trusted(found)
        if isinstance(trusted, BadClient):
            return trusted
        client, redirect_uri = trusted
        states = found.get("state", [])
        state = states[0] if len(states) == 1 and _is_state(states[0]) else None
        try:
            asked = _single(found)
            scopes = self._check(client, asked, found.get("resource", []))
        except GrantRefused as refused:
            location = self._back(redirect_uri, state, refused.error, refused.description)
            return BadRequest(location, refused.error, refused.description)
        return AuthorizationRequest(
            client,
            redirect_uri,
            scopes,
            state,
            asked["code_challenge"],
            asked.get("orgUUID"),
            asked.get("workspace_id"),
        )

    async def choices(self, user_id: UserId, request: AuthorizationRequest) -> Choices:
        """Return the organisations and workspaces that a person may pick; hints leave the hinted one alone."""
        return await self._places.choices(
            user_id,
            request.scopes,
            only=request.client.organization_id,
            organization_hint=request.organization_hint,
            workspace_hint=request.workspace_hint,
        )

    async def approve(
        self,
        user_id: UserId,
        request: AuthorizationRequest,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        by: Actor,
    ) -> str:
        """Return where to redirect the browser, with a code and the state.

        NotFound for a place that was not among the choices: somebody wrote it into the form. What is given is audited
        when the code is redeemed.
        """
        del by
        code = mint_secret(SecretKind.AUTHORIZATION_CODE, self._means.chance)
        async with self._means.units.begin() as unit:
            await self._grants.lock(unit, organization_id)
            standing = await self._places.standing(unit, organization_id, user_id, workspace_id)
            if standing is None or not _is_asked_for(request, organization_id):
                message = "There is no such workspace to pick."
                raise NotFound(message)
            drawn_up = self._code(user_id, request, standing)
            if drawn_up is None:
                return self._back(
                    request.redirect_uri, request.state, OAuthError.INVALID_SCOPE, "nothing that your role may give"
                )
            await self._grants.add_code(unit, organization_id, drawn_up, self._means.digest(code.reveal()))
        answer = {"code": code.reveal(), "state": request.state, "iss": self._issuer}
        return redirect_with(request.redirect_uri, answer)

    def deny(self, request: AuthorizationRequest) -> str:
        """Return where to redirect the browser of who says no: `access_denied`."""
        return self._back(request.redirect_uri, request.state, OAuthError.ACCESS_DENIED, "the person said no")

    async def _trusted(self, found: Mapping[str, list[str]]) -> tuple[Client, str] | BadClient:
        for name in ("client_id", "redirect_uri"):
            if len(found.get(name, [])) != 1:
                return BadClient(f"{name} {_REPEATED if name in found else 'is missing'}.")
        client = await self._clients.find(found["client_id"][0])
        if client is None:
            return BadClient("client_id is not one that this server knows.")
        redirect_uri = found["redirect_uri"][0]
        if not matches(redirect_uri, client.redirect_uris):
            return BadClient("redirect_uri is not one that is registered for this client.")
        return client, redirect_uri

    def _check(self, client: Client, asked: Mapping[str, str], resources: list[str]) -> tuple[str, ...]:
        if GrantType.AUTHORIZATION_CODE not in client.grants:
            raise GrantRefused(OAuthError.UNAUTHORIZED_CLIENT, "this client may not use the authorization code grant")
        if "request" in asked:
            raise GrantRefused(OAuthError.REQUEST_NOT_SUPPORTED, "request objects are not supported")
        if "request_uri" in asked:
            raise GrantRefused(OAuthError.REQUEST_URI_NOT_SUPPORTED, "request objects are not supported")
        _check_response(asked)
        if not all(resource == self._issuer or resource.startswith(f"{self._issuer}/") for resource in resources):
            raise GrantRefused(OAuthError.INVALID_TARGET, "resource: must be this server")
        return read_scopes(asked.get("scope"), client.scopes)

    def _code(self, user_id: UserId, request: AuthorizationRequest, standing: Standing) -> Code | None:
        scopes = reduce(request.scopes, standing.role, standing.workspace_role)
        if not scopes:
            return None
        now = self._means.clock.now()
        return Code(
            OrganizationId(standing.organization.id),
            user_id,
            request.client.id,
            WorkspaceId(standing.workspace.id),
            request.redirect_uri,
            request.challenge,
            " ".join(scopes),
            None if request.state is None else self._means.digest(request.state),
            now,
            now + CODE_SECONDS * MICROSECONDS,
        )

    def _back(self, redirect_uri: str, state: str | None, error: OAuthError, description: str) -> str:
        answer = {"error": error, "error_description": description, "state": state, "iss": self._issuer}
        return redirect_with(redirect_uri, answer)


def _single(found: Mapping[str, list[str]]) -> dict[str, str]:
    for name in _SINGLE:
        if len(found.get(name, [])) > 1:
            raise GrantRefused(OAuthError.INVALID_REQUEST, f"{name} {_REPEATED}")
    return {name: found[name][0] for name in _SINGLE if name in found}


def _check_response(asked: Mapping[str, str]) -> None:
    if asked.get("response_type") != "code":
        error = OAuthError.UNSUPPORTED_RESPONSE_TYPE if "response_type" in asked else OAuthError.INVALID_REQUEST
        raise GrantRefused(error, "response_type: must be code")
    if asked.get("response_mode", "query") != "query":
        raise GrantRefused(OAuthError.INVALID_REQUEST, "response_mode: must be query")
    if "state" in asked and not _is_state(asked["state"]):
        raise GrantRefused(OAuthError.INVALID_REQUEST, f"state: at most {LONGEST_STATE} printable characters")
    if asked.get("code_challenge_method") != METHOD or not check_challenge(asked.get("code_challenge", "")):
        description = "code_challenge: required, with code_challenge_method S256 (RFC 7636)"
        raise GrantRefused(OAuthError.INVALID_REQUEST, description)
    if any(len(asked.get(name, "")) > _LONGEST_HINT for name in ("orgUUID", "workspace_id")):
        raise GrantRefused(OAuthError.INVALID_REQUEST, f"orgUUID, workspace_id: at most {_LONGEST_HINT} characters")


def _is_state(state: str) -> bool:
    return len(state) <= LONGEST_STATE and state.isprintable()


def _is_asked_for(request: AuthorizationRequest, organization_id: OrganizationId) -> bool:
    only = request.client.organization_id
    hint = request.organization_hint
    return (only is None or organization_id == only) and (hint is None or organization_id == hint.lower())
