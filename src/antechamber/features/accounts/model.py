"""What a set-up link is."""

import re
from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId

SETUP_SECONDS: Final = 7 * 86_400
_MAX_EMAIL: Final = 254
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")


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


def check_email(email: str) -> str:
    """Return the address in the form it is kept; InvalidRequest unless it looks like one."""
    trimmed = email.strip()
    if len(trimmed) > _MAX_EMAIL or not _EMAIL.fullmatch(trimmed):
        message = "admin_email: must be an e-mail address, such as ada@example.com"
        raise InvalidRequest(message)
    local, _, domain = trimmed.rpartition("@")
    return f"{local}@{domain.lower()}"
