"""Requests to authorise: read, decided on by a person, answered by a redirect with a code or an error."""

from collections.abc import Iterable

from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.features.oauth.model import AuthorizationRequest, BadClient, BadRequest, Choices


class Authorizations:
    """What the page `/oauth/authorize` stands on."""

    async def read(self, pairs: Iterable[tuple[str, str]]) -> AuthorizationRequest | BadClient | BadRequest:
        """Read the query's pairs as they came (RFC 6749 §4.1.1, RFC 7636 §4.3); names that we do not know are ignored.

        BadClient is shown and never redirected; BadRequest has the address to redirect to.
        """
        raise NotImplementedError

    async def choices(self, user_id: UserId, request: AuthorizationRequest) -> Choices:
        """Return the organisations and workspaces that a person may pick; hints leave the hinted one alone."""
        raise NotImplementedError

    async def approve(
        self,
        user_id: UserId,
        request: AuthorizationRequest,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        by: Actor,
    ) -> str:
        """Return where to redirect the browser, with a code and the state.

        NotFound for a place that was not among the choices: somebody wrote it into the form.
        """
        raise NotImplementedError

    def deny(self, request: AuthorizationRequest) -> str:
        """Return where to redirect the browser of who says no: `access_denied`."""
        raise NotImplementedError
