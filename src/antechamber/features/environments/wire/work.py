"""Work and environment keys on the wire (SDK types `BetaSelfHostedWork` and its neighbours; the keys are ours)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.secret import Secret
from antechamber.features.environments.model.keys import StoredEnvironmentKey
from antechamber.features.environments.model.work import QueueStats, Work
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant


class StopBody(Body):
    """`{force?}`."""

    force: bool = False


class UpdateWorkBody(Body):
    """`{metadata}`; a value that is null removes its key."""

    metadata: dict[str, str | None] = Field(default_factory=dict)


class CreateKeyBody(Body):
    """`{name, expires_at?}`; the end is an RFC 3339 instant."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    expires_at: str | None = None


class NothingBody(Body):
    """`{}`: what acknowledging takes, if anything."""


class WorkDataBody(BaseModel):
    """What is to be done: serve a session."""

    type: Literal["session"]
    id: str


class WorkBody(BaseModel):
    """An item; `secret` only in the answer of the poll that took it."""

    id: str
    type: Literal["work"]
    environment_id: str
    data: WorkDataBody
    state: str
    metadata: dict[str, str]
    secret: str | None
    created_at: str
    acknowledged_at: str | None
    started_at: str | None
    latest_heartbeat_at: str | None
    stop_requested_at: str | None
    stopped_at: str | None


class HeartbeatBody(BaseModel):
    """What became of a heartbeat."""

    type: Literal["work_heartbeat"]
    last_heartbeat: str
    lease_extended: bool
    state: str
    ttl_seconds: int


class StatsBody(BaseModel):
    """A queue as it stands."""

    type: Literal["work_queue_stats"]
    depth: int
    pending: int
    oldest_queued_at: str | None
    workers_polling: int


class KeyBody(BaseModel):
    """An environment key without its secret."""

    id: str
    type: Literal["environment_key"]
    environment_id: str
    name: str
    partial_key_hint: str
    created_at: str
    expires_at: str | None


class NewKeyBody(KeyBody):
    """A key that was just made; `key` is shown this once."""

    key: str


class DeletedKeyBody(BaseModel):
    """A key that is no more."""

    id: str
    type: Literal["environment_key_deleted"]


def show_work(work: Work, secret: Secret | None = None) -> WorkBody:
    """Return an item as the wire shows it."""
    return WorkBody(
        id=work.id,
        type="work",
        environment_id=work.environment_id,
        data=WorkDataBody(type="session", id=work.session_id),
        state=work.state,
        metadata=dict(work.metadata),
        secret=None if secret is None else secret.reveal(),
        created_at=to_rfc3339(work.created_at),
        acknowledged_at=show_instant(work.acknowledged_at),
        started_at=show_instant(work.started_at),
        latest_heartbeat_at=show_instant(work.latest_heartbeat_at),
        stop_requested_at=show_instant(work.stop_requested_at),
        stopped_at=show_instant(work.stopped_at),
    )


def show_heartbeat(work: Work, *, extended: bool) -> HeartbeatBody:
    """Return the answer to a heartbeat; an item without one has an empty text."""
    return HeartbeatBody(
        type="work_heartbeat",
        last_heartbeat=show_instant(work.latest_heartbeat_at) or "",
        lease_extended=extended,
        state=work.state,
        ttl_seconds=work.ttl_seconds,
    )


def show_stats(stats: QueueStats) -> StatsBody:
    """Return a queue as the wire shows it."""
    return StatsBody(
        type="work_queue_stats",
        depth=stats.depth,
        pending=stats.pending,
        oldest_queued_at=show_instant(stats.oldest_queued_at),
        workers_polling=stats.workers_polling,
    )


def show_key(key: StoredEnvironmentKey) -> KeyBody:
    """Return a key as lists show it."""
    return KeyBody(**_fields(key))


def show_new_key(key: StoredEnvironmentKey, secret: Secret) -> NewKeyBody:
    """Return a key with its secret."""
    return NewKeyBody(**_fields(key), key=secret.reveal())


def _fields(key: StoredEnvironmentKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "type": "environment_key",
        "environment_id": key.environment_id,
        "name": key.name,
        "partial_key_hint": key.hint,
        "created_at": to_rfc3339(key.created_at),
        "expires_at": show_instant(key.expires_at),
    }
