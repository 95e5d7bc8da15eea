"""Workspaces' keys in the database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.features.apikeys.model import KeyFilter, Status, StoredApiKey, StoredSecret
from antechamber.features.apikeys.sql.expiry_notices import plan_notice
from antechamber.features.apikeys.sql.tables import api_key_secrets, api_keys, as_api_key, write_list

_ORDER = (api_keys.c.created_at, api_keys.c.id)


class SqlApiKeys:
    """The store of API keys."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other writing transaction of the organisation is open."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey, digest: bytes) -> None:
        """Keep a new key with its first secret and the notice of its end, and announce it."""
        link = connection(unit)
        await link.execute(
            insert(api_keys).values(
                id=key.id,
                organization_id=organization_id,
                workspace_id=key.workspace_id,
                default_workspace=key.default_workspace,
                user_id=key.user_id,
                created_at=key.created_at,
                created_by=key.created_by,
                hint=key.hint,
                **_changeable(key),
            )
        )
        first = StoredSecret(key.hint, key.created_at, None, None)
        await link.execute(_new_secret(organization_id, key.id, first, digest))
        await plan_notice(unit, organization_id, key)
        announce(unit, CREDENTIALS)

    async def get(self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId) -> StoredApiKey | None:
        """Return the key, or None."""
        return (await self.find(unit, organization_id, [key_id])).get(key_id)

    async def find(
        self, unit: Unit, organization_id: OrganizationId, key_ids: Collection[ApiKeyId]
    ) -> Mapping[ApiKeyId, StoredApiKey]:
        """Return those of the ids that the organisation has."""
        rows = await connection(unit).execute(
            select(api_keys).where(api_keys.c.organization_id == organization_id, api_keys.c.id.in_(key_ids))
        )
        return {row.id: as_api_key(row) for row in rows}

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor, chosen: KeyFilter, now: int
    ) -> Page[StoredApiKey]:
        """Return a page of keys, newest first; `now` decides which have expired."""
        mine = api_keys.c.organization_id == organization_id
        query = select(api_keys).where(mine)
        if chosen.status is not None:
            query = query.where(_has_status(chosen.status, now))
        if chosen.workspace_id is not None:
            query = query.where(api_keys.c.workspace_id == chosen.workspace_id)
        if chosen.created_by is not None:
            query = query.where(api_keys.c.created_by == chosen.created_by)
        if chosen.of_person is not None:
            theirs = or_(api_keys.c.user_id == chosen.of_person, api_keys.c.created_by == chosen.of_person)
            query = query.where(theirs)
        if not chosen.archived:
            query = query.where(api_keys.c.status != Status.ARCHIVED)
        rows, has_more = await list_rows(unit, query, mine, _ORDER, cursor)
        return Page(tuple(as_api_key(row) for row in rows), has_more)

    async def put(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey) -> None:
        """Keep a key's name, status, end and limits as they are now, the notice of a new end, and announce it."""
        await connection(unit).execute(
            update(api_keys)
            .where(api_keys.c.organization_id == organization_id, api_keys.c.id == key.id)
            .values(**_changeable(key))
        )
        await plan_notice(unit, organization_id, key)
        announce(unit, CREDENTIALS)

    async def count_active(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, now: int
    ) -> tuple[int, int]:
        """Return how many keys are active, in the organisation and in the workspace."""
        here = case((api_keys.c.workspace_id == workspace_id, 1), else_=0)
        rows = await connection(unit).execute(
            select(func.count(), func.coalesce(func.sum(here), 0)).where(
                api_keys.c.organization_id == organization_id, _has_status(Status.ACTIVE, now)
            )
        )
        everywhere, in_workspace = rows.one()
        return int(everywhere), int(in_workspace)

    async def archive_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[ApiKeyId]:
        """Archive every key of a workspace, and announce it; returns those that were not archived before."""
        rows = await connection(unit).execute(
            update(api_keys)
            .where(
                api_keys.c.organization_id == organization_id,
                api_keys.c.workspace_id == workspace_id,
                api_keys.c.status != Status.ARCHIVED,
            )
            .values(status=Status.ARCHIVED)
            .returning(api_keys.c.id)
        )
        archived = sorted(row.id for row in rows)
        announce(unit, CREDENTIALS)
        return archived

    async def disable_personal(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId
    ) -> Sequence[ApiKeyId]:
        """Switch off every active key that acts as a person, and announce it; returns which."""
        rows = await connection(unit).execute(
            update(api_keys)
            .where(
                api_keys.c.organization_id == organization_id,
                api_keys.c.user_id == user_id,
                api_keys.c.status == Status.ACTIVE,
            )
            .values(status=Status.INACTIVE)
            .returning(api_keys.c.id)
        )
        disabled = sorted(row.id for row in rows)
        announce(unit, CREDENTIALS)
        return disabled

    async def secrets(self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId) -> Sequence[StoredSecret]:
        """Return a key's secrets, newest first."""
        rows = await connection(unit).execute(
            select(api_key_secrets)
            .where(api_key_secrets.c.organization_id == organization_id, api_key_secrets.c.api_key_id == key_id)
            .order_by(api_key_secrets.c.created_at.desc(), api_key_secrets.c.revoke_at.is_(None).desc())
        )
        return [StoredSecret(row.hint, row.created_at, row.revoke_at, row.last_used_at) for row in rows]

    async def rotate(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        key_id: ApiKeyId,
        secret: StoredSecret,
        digest: bytes,
        revoke_at: int,
    ) -> None:
        """Give a key another secret, end the others at `revoke_at` at the latest, and announce it."""
        link = connection(unit)
        before = api_key_secrets.c
        await link.execute(
            update(api_key_secrets)
            .where(
                before.organization_id == organization_id,
                before.api_key_id == key_id,
                or_(before.revoke_at.is_(None), before.revoke_at > revoke_at),
            )
            .values(revoke_at=revoke_at)
        )
        await link.execute(_new_secret(organization_id, key_id, secret, digest))
        await link.execute(
            update(api_keys)
            .where(api_keys.c.organization_id == organization_id, api_keys.c.id == key_id)
            .values(hint=secret.hint)
        )
        announce(unit, CREDENTIALS)

    async def unused(
        self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor, since: int, now: int
    ) -> Page[tuple[StoredApiKey, int | None]]:
        """Return a page of active keys made before `since` and not used from then on, each with its last use."""
        mine = api_keys.c.organization_id == organization_id
        own = api_key_secrets.c.api_key_id == api_keys.c.id
        last = select(func.max(api_key_secrets.c.last_used_at)).where(own).scalar_subquery()
        query = select(api_keys, last.label("last_used_at")).where(
            mine,
            _has_status(Status.ACTIVE, now),
            api_keys.c.created_at < since,
            ~exists().where(own, api_key_secrets.c.last_used_at >= since),
        )
        rows, has_more = await list_rows(unit, query, mine, _ORDER, cursor)
        return Page(tuple((as_api_key(row), row.last_used_at) for row in rows), has_more)

    async def uses(
        self, unit: Unit, organization_id: OrganizationId, key_ids: Collection[ApiKeyId]
    ) -> Mapping[ApiKeyId, int]:
        """Return when each of these keys was last used; those never used are not there."""
        secret = api_key_secrets.c
        rows = await connection(unit).execute(
            select(secret.api_key_id, func.max(secret.last_used_at))
            .where(
                secret.organization_id == organization_id,
                secret.api_key_id.in_(key_ids),
                secret.last_used_at.is_not(None),
            )
            .group_by(secret.api_key_id)
        )
        return {ApiKeyId(key_id): used for key_id, used in rows}

    async def last_uses(self, unit: Unit, organization_id: OrganizationId) -> Mapping[WorkspaceId, int]:
        """Return when a key of each workspace was last used; workspaces without a use are not there."""
        rows = await connection(unit).execute(_last_uses(organization_id))
        return {row.workspace_id: row.last_used_at for row in rows}


def _last_uses(organization_id: OrganizationId) -> Select[Any]:
    return (
        select(api_keys.c.workspace_id, func.max(api_key_secrets.c.last_used_at).label("last_used_at"))
        .join_from(api_keys, api_key_secrets, api_key_secrets.c.api_key_id == api_keys.c.id)
        .where(api_keys.c.organization_id == organization_id, api_key_secrets.c.last_used_at.is_not(None))
        .group_by(api_keys.c.workspace_id)
    )


def _changeable(key: StoredApiKey) -> dict[str, object]:
    return {
        "name": key.name,
        "status": key.status,
        "expires_at": key.expires_at,
        "models": write_list(key.models),
        "networks": write_list(key.networks),
    }


def _new_secret(organization_id: OrganizationId, key_id: ApiKeyId, secret: StoredSecret, digest: bytes) -> Any:  # noqa: ANN401 - SQLAlchemy's own
    return insert(api_key_secrets).values(
        digest=digest,
        organization_id=organization_id,
        api_key_id=key_id,
        hint=secret.hint,
        created_at=secret.created_at,
        revoke_at=secret.revoke_at,
    )


def _has_status(status: Status, now: int) -> ColumnElement[bool]:
    ended = and_(api_keys.c.expires_at.is_not(None), api_keys.c.expires_at <= now)
    if status is Status.EXPIRED:
        return and_(api_keys.c.status != Status.ARCHIVED, ended)
    if status is Status.ARCHIVED:
        return api_keys.c.status == status
    return and_(api_keys.c.status == status, ~ended)
