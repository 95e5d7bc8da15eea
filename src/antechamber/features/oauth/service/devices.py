"""Device authorisation (RFC 8628): begun by a program, decided by a person on the page `/device`."""

from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.secret import Secret
from antechamber.features.oauth.model import Choices, Client, DeviceRequest


class Devices:
    """Waiting programs; people decide on them."""

    async def begin(self, client: Client, scope: str | None, by: Actor) -> tuple[DeviceRequest, Secret]:
        """Make a request and its device code, which is returned here and never again; GrantRefused."""
        raise NotImplementedError

    async def find(self, user_id: UserId, user_code: str, by: Actor) -> DeviceRequest | None:
        """Return the pending request of a code that a person typed, None for one that there is not.

        RateLimited for a person or an address that tries too many (RFC 8628 §5.1).
        """
        raise NotImplementedError

    async def choices(self, user_id: UserId, request: DeviceRequest) -> Choices:
        """Return the organisations and workspaces that a person may pick for it."""
        raise NotImplementedError

    async def approve(
        self, user_id: UserId, user_code: str, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> DeviceRequest:
        """Let the program have tokens; NotFound for a code that is not pending, or a place that may not be picked."""
        raise NotImplementedError

    async def deny(self, user_id: UserId, user_code: str, by: Actor) -> None:
        """Say no to the program; NotFound for a code that is not pending."""
        raise NotImplementedError
