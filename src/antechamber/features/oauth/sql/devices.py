"""Waiting programs in the database."""

from typing import Any, Final

from sqlalchemy import Column, Row, Table, delete, insert, select, update

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_name
from antechamber.database.tables import Digest, Instant, Number, Text, metadata
from antechamber.features.oauth.model import DeviceRequest, DeviceStatus

device_requests: Final = Table(
    "device_requests",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("user_digest", Digest, nullable=False, unique=True),
    Column("client_id", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("poll_seconds", Number, nullable=False),
    Column("polled_at", Instant),
    Column("address", Text),
    Column("user_id", Text),
    Column("organization_id", Text),
    Column("workspace_id", Text),
)


class SqlDevices:
    """The store of waiting programs, which belong to no organisation until somebody approves them."""

    async def resolve_new(self, unit: Unit, request: DeviceRequest, device: bytes, user: bytes) -> bool:
        """Keep a new request; False if its user code is in use."""
        await lock_name(unit, "user codes")
        taken = select(device_requests.c.digest).where(device_requests.c.user_digest == user)
        if (await connection(unit).execute(taken)).first() is not None:
            return False
        await connection(unit).execute(
            insert(device_requests),
            {
                "digest": device,
                "user_digest": user,
                "client_id": request.client_id,
                "client_name": request.client_name,
                "scope": " ".join(request.scopes),
                "created_at": request.created_at,
                "expires_at": request.expires_at,
                "status": request.status.value,
                "poll_seconds": request.interval,
                "address": request.address,
            },
        )
        return True

    async def resolve_device(self, unit: Unit, device: bytes) -> DeviceRequest | None:
        """Return the request of a device code."""
        rows = await connection(unit).execute(select(device_requests).where(device_requests.c.digest == device))
        row = rows.one_or_none()
        return None if row is None else _request(row)

    async def resolve_user_code(self, unit: Unit, user: bytes) -> DeviceRequest | None:
        """Return the request of a user code."""
        rows = await connection(unit).execute(select(device_requests).where(device_requests.c.user_digest == user))
        row = rows.one_or_none()
        return None if row is None else _request(row)

    async def resolve_polled(self, unit: Unit, device: bytes, at: int, interval: int) -> None:
        """Note a poll."""
        change = update(device_requests).where(device_requests.c.digest == device)
        await connection(unit).execute(change.values(polled_at=at, poll_seconds=interval))

    async def decide(self, unit: Unit, organization_id: OrganizationId, user: bytes, decided: DeviceRequest) -> bool:
        """Note what a person decided; False if the request is not pending any more."""
        change = update(device_requests).where(
            device_requests.c.user_digest == user, device_requests.c.status == DeviceStatus.PENDING.value
        )
        done = await connection(unit).execute(
            change.values(
                organization_id=organization_id,
                status=decided.status.value,
                user_id=decided.user_id,
                workspace_id=decided.workspace_id,
                scope=" ".join(decided.scopes),
            )
        )
        return done.rowcount == 1

    async def resolve_denied(self, unit: Unit, user: bytes, user_id: UserId) -> bool:
        """Note that a person said no; False if the request is not pending any more."""
        change = update(device_requests).where(
            device_requests.c.user_digest == user, device_requests.c.status == DeviceStatus.PENDING.value
        )
        done = await connection(unit).execute(change.values(status=DeviceStatus.DENIED.value, user_id=user_id))
        return done.rowcount == 1

    async def use(self, unit: Unit, organization_id: OrganizationId, device: bytes) -> bool:
        """Note that an approved request got its tokens; False if it had been."""
        change = update(device_requests).where(
            device_requests.c.organization_id == organization_id,
            device_requests.c.digest == device,
            device_requests.c.status == DeviceStatus.APPROVED.value,
        )
        return (await connection(unit).execute(change.values(status=DeviceStatus.USED.value))).rowcount == 1

    async def sweep_expired(self, unit: Unit, before: int, limit: int) -> int:
        """Drop requests that expired before an instant; return how many."""
        old = select(device_requests.c.digest).where(device_requests.c.expires_at < before).limit(limit)
        done = await connection(unit).execute(delete(device_requests).where(device_requests.c.digest.in_(old)))
        return done.rowcount


def _request(row: Row[Any]) -> DeviceRequest:
    return DeviceRequest(
        "",
        row.client_id,
        row.client_name,
        tuple(row.scope.split()),
        row.created_at,
        row.expires_at,
        DeviceStatus(row.status),
        row.poll_seconds,
        row.polled_at,
        row.address,
        row.user_id,
        row.organization_id,
        row.workspace_id,
    )
