"""What a set-up link is."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.ids import OrganizationId

SETUP_SECONDS: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class SetupLink:
    """An invitation to become the first admin; `email` is None when anyone with the link may."""

    id: str
    organization_id: OrganizationId
    email: str | None
    created_at: int
    expires_at: int
    used_at: int | None

    def is_open(self, now: int) -> bool:
        """Say whether it can still be used."""
        return self.used_at is None and now < self.expires_at
