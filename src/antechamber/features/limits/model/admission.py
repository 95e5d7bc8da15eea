"""One request before the limits: what it asks, what the counters say to it, and what it leaves."""

from dataclasses import dataclass
from typing import TypeAlias

from antechamber.base.errors import WireError
from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.features.limits.model.buckets import Correction, Draw, Level
from antechamber.features.limits.model.definitions import Limiter
from antechamber.features.limits.model.spending import Balance, Hold

HeaderPairs: TypeAlias = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Asking:
    """A model request: for whom, at which model of which provider, and how much of it is known beforehand.

    `estimated_input` in tokens; `max_output` None when the caller does not say; `is_count` for a count of tokens;
    `openai` for the dialect of the headers; without `under_quota` the person's quota is left alone.
    """

    request_id: str
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    api_key_id: ApiKeyId | None
    user_id: UserId | None
    model: str
    provider: str
    started_at: int
    estimated_input: int
    max_output: int | None
    body: bytes
    is_count: bool = False
    openai: bool = False
    under_quota: bool = True


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens and searches that a request may come to use, and what it asks for that makes its tokens dearer."""

    uncached_input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    web_search_requests: int = 0
    speed: str = "standard"
    inference_geo: str = "not_available"


@dataclass(frozen=True, slots=True)
class Taking:
    """All that one request wants, to be had together or not at all; what is held is held until `lease_until`."""

    reservation: str
    draws: tuple[Draw, ...]
    holds: tuple[Hold, ...]
    lease_until: int


@dataclass(frozen=True, slots=True)
class Granted:
    """Everything was there, and is taken; levels and balances as they stand after it, in the order of the taking."""

    levels: tuple[Level, ...]
    balances: tuple[Balance, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Something was not there, and nothing is taken; `draws` and `holds` are the places of what was short."""

    levels: tuple[Level, ...]
    balances: tuple[Balance, ...]
    draws: tuple[int, ...]
    holds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing is taken, for nobody has said yet what is spent of these budgets."""

    keys: tuple[str, ...]


Verdict: TypeAlias = Granted | Refused | Unread


@dataclass(frozen=True, slots=True)
class Settlement:
    """A request has ended: its reservation goes, rates are corrected, budgets are charged (key, nano-USD)."""

    reservation: str
    holds: tuple[str, ...]
    corrections: tuple[Correction, ...]
    charges: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of the ledger: a holder's spending from an instant on; `key` names the answer."""

    key: str
    scope: str
    scope_id: str
    since: int


@dataclass(frozen=True, slots=True)
class SpentTo:
    """What the ledger says: nano-USD by key, with exactly the first `position` requests that this process settled."""

    amounts: dict[str, int]
    position: int


class RefusedByLimit(Exception):
    """A request is not let through; `error` is what its caller is told, `headers` go with it."""

    def __init__(self, error: WireError, headers: HeaderPairs) -> None:
        super().__init__(error.message)
        self.error = error
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Detour:
    """The person's quota is used up: the request may go to `model`; `refused` is said if nothing serves that."""

    model: str
    refused: RefusedByLimit


# what counts in requests, and what only by the day
REQUESTS = frozenset({Limiter.REQUESTS_PER_DAY, Limiter.REQUESTS_PER_MINUTE})
DAILY = frozenset({Limiter.REQUESTS_PER_DAY, Limiter.TOKENS_PER_DAY})
