"""How fast an organisation may administer itself: one bucket for all endpoints of the Admin API (wire-admin.md 1.4)."""

import math
from typing import Final

from antechamber.base.clock import Clock
from antechamber.base.errors import RateLimited
from antechamber.base.ids import OrganizationId

PATHS: Final = "/v1/organizations"
_MINUTE_SECONDS: Final = 60.0


class Pace:
    """A bucket of a minute's requests for each organisation, filled continuously; 0 a minute lets everything through.

    Kept in this process: it holds back a script that runs wild, and is no account of anything.
    """

    def __init__(self, requests_per_minute: int, clock: Clock) -> None:
        self._most = requests_per_minute
        self._clock = clock
        self._left: dict[OrganizationId, tuple[float, float]] = {}

    def step(self, path: str, organization_id: OrganizationId) -> None:
        """Count a request to a path; RateLimited with the seconds until the next one may come."""
        if not self._most or not path.startswith(PATHS):
            return
        now = self._clock.monotonic()
        left, then = self._left.get(organization_id, (float(self._most), now))
        rate = self._most / _MINUTE_SECONDS
        left = min(float(self._most), left + (now - then) * rate)
        if left < 1:
            self._left[organization_id] = left, now
            message = f"This organization may make {self._most} requests a minute to the Admin API. Try again later."
            raise RateLimited(message, retry_after=math.ceil((1 - left) / rate))
        self._left[organization_id] = left - 1, now
