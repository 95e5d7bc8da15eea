"""Refusals: counted by hour beside the chain, each count with the last one as a sample."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from antechamber.base.clock import MICROSECONDS

HOUR: Final = 3600 * MICROSECONDS


class RefusalKey(NamedTuple):
    """What is counted together, in the order of the list.

    `hour` is its beginning in microseconds; `organization_id` and `principal_id` are empty when nobody known asked;
    `route` is the path as it is registered, with `{names}` for ids, never what a caller wrote.
    """

    hour: int
    organization_id: str
    status: int
    method: str
    route: str
    principal_id: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often, and the last of them: `last_at` in microseconds."""

    key: RefusalKey
    count: int
    last_at: int
    ip_address: str | None
    user_agent: str | None
    request_id: str

    def after(self, earlier: "Refusal | None") -> "Refusal":
        """Return the count of both, with this one as the sample."""
        if earlier is None:
            return self
        return Refusal(
            self.key,
            self.count + earlier.count,
            self.last_at,
            self.ip_address,
            self.user_agent,
            self.request_id,
        )


@dataclass(frozen=True, slots=True)
class RefusalQuery:
    """Which counts are asked for; `since` (in) and `until` (out) are microseconds, compared with the hour's begin."""

    statuses: tuple[int, ...] = ()
    principal_ids: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    limit: int = 100
    page: str | None = None


@dataclass(frozen=True, slots=True)
class RefusalPage:
    """A part of the list, newest hour first."""

    refusals: tuple[Refusal, ...]
    next_page: str | None
