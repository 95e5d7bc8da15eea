"""A request to authorise, as it is read from the query of `/oauth/authorize`, and what may be picked for it."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.features.oauth.model.answers import OAuthError
from antechamber.features.oauth.model.clients import Client

LONGEST_STATE: Final = 2000


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A sound request: the client is known, the redirect is the client's, PKCE is there.

    The hints are what `orgUUID` and `workspace_id` said, None if they said nothing.
    """

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str
    organization_hint: str | None = None
    workspace_hint: str | None = None


@dataclass(frozen=True, slots=True)
class BadClient:
    """A request that must not be redirected anywhere: the page itself says why (RFC 6749 §4.1.2.1)."""

    message: str


@dataclass(frozen=True, slots=True)
class BadRequest:
    """A request of a known client whose refusal goes back to it: `location` is where to, with the error in it."""

    location: str
    error: OAuthError
    description: str


@dataclass(frozen=True, slots=True)
class WorkspaceChoice:
    """A workspace that may be picked, with what is left of the scopes in it."""

    id: WorkspaceId
    name: str
    role: WorkspaceRole
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation that may be picked, with its workspaces: Default first, then by name."""

    id: OrganizationId
    name: str
    role: OrganizationRole
    workspaces: tuple[WorkspaceChoice, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be picked, hints heeded; `reason` says why nothing may, for the page."""

    organizations: tuple[Choice, ...]
    reason: str | None = None
