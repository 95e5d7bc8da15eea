"""The queue of a self-hosted environment as its workers see it (wire-agents.md 2b; the SDKs' lib/environments)."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from antechamber.base.outbound import Headers
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import Query, Server, Static
from antechamber.client.retries import is_worth_retrying

_BETA: Final = ("anthropic-beta", "managed-agents-2026-04-01")
_BLOCK_MILLISECONDS: Final = 999
_NO_HEARTBEAT: Final = "NO_HEARTBEAT"
# what holds until the server has said how long a lease is
_FIRST_TTL_SECONDS: Final = 90.0
_LONGEST_PAUSE_SECONDS: Final = 30.0
_OVER: Final = frozenset({"stopping", "stopped"})


class Kept(StrEnum):
    """What a heartbeat found: the item is ours, is to end, or is somebody else's by now."""

    OURS = "ours"
    ENDING = "ending"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Item:
    """An item that was taken; `body` is what the poll answered, `secret` opens its own calls, as the server gave it."""

    id: str
    session_id: str
    kind: str
    secret: str | None = field(default=None, repr=False)
    body: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def token(self) -> str | None:
        """The bearer token inside `secret`: unpadded base64 of JSON; None if there is none."""
        try:
            text = self.secret or ""
            found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            return None
        token = found.get("sessions_token") if isinstance(found, dict) else None
        return token if isinstance(token, str) and token else None


class WorkQueue:
    """Takes items with an environment's key, and keeps each with the item's own token."""

    def __init__(self, server: Server, environment_id: str, key: str, worker_id: str) -> None:
        """`server` needs no credential of its own."""
        self.environment_id = environment_id
        self._server = server
        self._key = key
        self._worker_id = worker_id

    def poll(self) -> Item | None:
        """Take the oldest item that waits, for a second at most."""
        query: Query = [("block_ms", _BLOCK_MILLISECONDS)]
        headers = [("anthropic-worker-id", self._worker_id)]
        found = self._call(self._key, "GET", self._place("/poll"), query, headers=headers)
        if not found:
            return None
        data = found.get("data")
        told = data if isinstance(data, dict) else {}
        secret = found.get("secret")
        return Item(
            str(found.get("id")),
            str(told.get("id") or ""),
            str(told.get("type") or ""),
            secret if isinstance(secret, str) else None,
            found,
        )

    def acknowledge(self, item: Item) -> None:
        """Say that work on an item begins."""
        self._call(self._key, "POST", self._place("/ack", item), body={})

    def is_ended(self, item: Item) -> bool:
        """Say whether an item's session has ended or gone, so that nothing is to be done."""
        try:
            found = self._call(item.token or self._key, "GET", f"/v1/sessions/{quote(item.session_id, safe='')}")
        except ServerRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return True
            raise
        return found.get("status") == "terminated"

    def heartbeat(self, item: Item, expected: str | None, ttl_seconds: int | None = None) -> Mapping[str, object]:
        """Keep an item's lease; ServerRefused (412) when another worker has it."""
        query: Query = [("expected_last_heartbeat", expected), ("desired_ttl_seconds", ttl_seconds)]
        return self._call(item.token or self._key, "POST", self._place("/heartbeat", item), query)

    def stop(self, item: Item) -> None:
        """End an item for good; nothing happens to one that has ended, or that is another worker's."""
        with _unless(HTTPStatus.CONFLICT, HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
            self._call(item.token or self._key, "POST", self._place("/stop", item), body={"force": True})

    def hand_back(self, item: Item) -> None:
        """Let an item's lease run out at once, so that another worker takes it."""
        gone = HTTPStatus.CONFLICT, HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED
        with _unless(*gone):
            self.heartbeat(item, None, ttl_seconds=1)

    def _place(self, ending: str, item: Item | None = None) -> str:
        one = "" if item is None else f"/{quote(item.id, safe='')}"
        return f"/v1/environments/{quote(self.environment_id, safe='')}/work{one}{ending}"

    def _call(
        self, token: str, method: str, path: str, query: Query = (), *, body: object = None, headers: Headers = ()
    ) -> Mapping[str, object]:
        self._server.credentials = Static([("authorization", f"Bearer {token}")])
        found = self._server.call(method, path, query=query, body=body, headers=[_BETA, *headers]).json()
        return found if isinstance(found, dict) else {}


class Lease:
    """The lease of one item, kept by heartbeats that each name the one before."""

    def __init__(self, queue: WorkQueue, item: Item, now: float) -> None:
        """`now` is a monotonic instant in seconds, as everywhere here; a heartbeat is due at once."""
        self._queue = queue
        self._item = item
        self._last = _NO_HEARTBEAT
        self._ttl = _FIRST_TTL_SECONDS
        self._kept_at = now
        self.due_at = now

    def keep(self, now: float) -> Kept:
        """Send a heartbeat; one that does not get through is tried again for as long as the lease can hold."""
        self.due_at = now + min(self._ttl / 2, _LONGEST_PAUSE_SECONDS)
        try:
            told = self._queue.heartbeat(self._item, self._last)
        except ServerRefused as error:
            if not is_worth_retrying(error.status, {}):
                return Kept.LOST
            return self._after_failure(now)
        except ServerUnreachable:
            return self._after_failure(now)
        self._last, self._kept_at = str(told.get("last_heartbeat")), now
        ttl = told.get("ttl_seconds")
        if isinstance(ttl, int) and ttl > 0:
            self._ttl = float(ttl)
            self.due_at = now + max(1.0, min(self._ttl / 2, _LONGEST_PAUSE_SECONDS))
        return Kept.ENDING if told.get("state") in _OVER or not told.get("lease_extended") else Kept.OURS

    def _after_failure(self, now: float) -> Kept:
        self.due_at = now + 1.0
        return Kept.LOST if now - self._kept_at > self._ttl else Kept.OURS


@contextmanager
def _unless(*statuses: int) -> Iterator[None]:
    try:
        yield
    except ServerRefused as error:
        if error.status not in statuses:
            raise
