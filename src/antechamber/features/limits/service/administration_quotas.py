"""Quotas as administrators see and set them: the organisation's default for a person, and persons' own."""

from collections.abc import Sequence
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, UserId, is_id
from antechamber.base.page import open_cursor, seal_cursor
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.limits.model.definitions import PersonQuota, Quota, check_quota
from antechamber.features.limits.ports import Holders, LimitStore, ServedModels

_ASKED: Final = {"of": "quotas"}


class Quotas:
    """Tells and sets quotas."""

    def __init__(
        self, store: LimitStore, units: Units, clock: Clock, audit: Audit, holders: Holders, models: ServedModels
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._audit = audit
        self._holders = holders
        self._models = models

    async def listing(
        self, organization_id: OrganizationId, limit: int | None, page: str | None
    ) -> tuple[Sequence[PersonQuota], str | None]:
        """Return the default, if there is one, then those of persons by id; `limit` None is everything that remains."""
        async with self._units.read() as unit:
            rest = await self._store.quotas(unit, organization_id)
        if page is not None:
            last = open_cursor(page, _ASKED)
            rest = [kept for kept in rest if (kept.user_id or "") > last]
        if limit is None or len(rest) <= limit:
            return rest, None
        return rest[:limit], seal_cursor(rest[limit - 1].user_id or "", _ASKED)

    async def set(self, organization_id: OrganizationId, user_id: str | None, quota: Quota, by: Actor) -> PersonQuota:
        """Set a person's quota, or the default for everyone without one; it replaces the former one whole.

        NotFound for who is no member; InvalidRequest for values that cannot be held, or a model that nothing serves.
        """
        check_quota(quota)
        if quota.fallback_model is not None and not self._models.serves(quota.fallback_model):
            message = f"fallback_model: {quota.fallback_model} is not served here"
            raise InvalidRequest(message)
        kept = PersonQuota(organization_id, None if user_id is None else UserId(user_id), quota, self._clock.now())
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            if user_id is not None:
                await self._holders.member(unit, organization_id, user_id)
            await self._store.put_quota(unit, organization_id, kept)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.QUOTA_UPDATED,
                user_id=user_id,
                requests_per_minute=quota.requests_per_minute,
                requests_per_day=quota.requests_per_day,
                fallback_model=quota.fallback_model,
            )
        return kept

    async def delete(self, organization_id: OrganizationId, user_id: str | None, by: Actor) -> None:
        """Remove a person's quota, who falls back to the default, or the default itself; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = None if user_id is None else UserId(user_id)
            is_named = known is None or is_id(Kind.USER, known)
            if not is_named or not await self._store.remove_quota(unit, organization_id, known):
                message = (
                    "There is no default quota." if user_id is None else f"User {user_id} has no quota of their own."
                )
                raise NotFound(message)
            await self._audit.record(unit, organization_id, by, ActivityType.QUOTA_DELETED, user_id=user_id)
