"""What keys need from outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.apikeys.model import ExpiryNotice, KeyFilter, StoredAdminKey, StoredApiKey, StoredSecret


class ApiKeyStore(Protocol):
    """Where API keys are kept, and their secrets under their digests."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other writing transaction of the organisation is open."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey, digest: bytes) -> None:
        """Keep a new key with its first secret and the notice of its end, and announce it."""
        ...

    async def get(self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId) -> StoredApiKey | None:
        """Return the key, or None."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor, chosen: KeyFilter, now: int
    ) -> Page[StoredApiKey]:
        """Return a page of keys, newest first; `now` decides which have expired."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, key_ids: Collection[ApiKeyId]
    ) -> Mapping[ApiKeyId, StoredApiKey]:
        """Return those of the ids that the organisation has."""
        ...

    async def put(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey) -> None:
        """Keep a key's name, status, end and limits as they are now, the notice of a new end, and announce it."""
        ...

    async def count_active(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, now: int
    ) -> tuple[int, int]:
        """Return how many keys are active, in the organisation and in the workspace."""
        ...

    async def archive_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[ApiKeyId]:
        """Archive every key of a workspace, and announce it; returns those that were not archived before."""
        ...

    async def disable_personal(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId
    ) -> Sequence[ApiKeyId]:
        """Switch off every active key that acts as a person, and announce it; returns which."""
        ...

    async def secrets(self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId) -> Sequence[StoredSecret]:
        """Return a key's secrets, newest first."""
        ...

    async def rotate(
        self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId, secret: StoredSecret, digest: bytes,
        revoke_at: int,
    ) -> None:  # fmt: skip
        """Give a key another secret, end the others at `revoke_at` at the latest, and announce it."""
        ...

    async def unused(
        self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor, since: int, now: int
    ) -> Page[tuple[StoredApiKey, int | None]]:
        """Return a page of active keys made before `since` and not used from then on, each with its last use."""
        ...

    async def uses(
        self, unit: Unit, organization_id: OrganizationId, key_ids: Collection[ApiKeyId]
    ) -> Mapping[ApiKeyId, int]:
        """Return when each of these keys was last used; those never used are not there."""
        ...

    async def last_uses(self, unit: Unit, organization_id: OrganizationId) -> Mapping[WorkspaceId, int]:
        """Return when a key of each workspace was last used; workspaces without a use are not there."""
        ...


class ExpiryNoticeStore(Protocol):
    """Where it is kept which ends of keys are to be announced, and to whom they have been."""

    async def sweep_mail_due(
        self, unit: Unit, now: int, again_at: int, limit: int
    ) -> Sequence[tuple[ExpiryNotice, int]]:
        """Claim notices of active keys that are due, with the attempts so far; they come again at `again_at`."""
        ...

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        notice: ExpiryNotice,
        *,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended: who has been told by now, and when the next is due, None for no more."""
        ...


class AdminKeyStore(Protocol):
    """Where admin keys are kept, under their digests."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other writing transaction of the organisation is open."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey, digest: bytes) -> None:
        """Keep a new key, and announce it."""
        ...

    async def get(self, unit: Unit, organization_id: OrganizationId, key_id: AdminKeyId) -> StoredAdminKey | None:
        """Return the key, or None."""
        ...

    async def listing(self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor) -> Page[StoredAdminKey]:
        """Return a page of the keys that are not revoked, newest first."""
        ...

    async def put(self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey) -> None:
        """Keep a key's name and status as they are now, and announce it."""
        ...


class UseStore(Protocol):
    """Where the last use of each secret is kept."""

    async def sweep_used(self, unit: Unit, digests: Collection[bytes], now: int) -> None:
        """Note that these secrets were used by now; those that are no key's are passed over."""
        ...
