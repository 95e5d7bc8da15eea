"""The use-cases of environment keys."""

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import (
    EnvironmentId,
    EnvironmentKeyId,
    Kind,
    OrganizationId,
    WorkspaceId,
    is_id,
    mint,
)
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.secret import Secret, SecretKind, digest, hint, mint_secret
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.configs import ConfigType
from antechamber.features.environments.model.environments import ARCHIVED
from antechamber.features.environments.model.keys import (
    MOST_KEYS,
    StoredEnvironmentKey,
    check_key_end,
    check_key_name,
)
from antechamber.features.environments.ports.work import EnvironmentKeyStore, Known
from antechamber.features.environments.service.work import Queue


class EnvironmentKeys:
    """Makes the keys of self-hosted environments, lists them, and takes them back."""

    def __init__(
        self,
        store: EnvironmentKeyStore,
        environments: Known,
        units: Units,
        clock: Clock,
        chance: Chance,
        pepper: Secret,
        audit: Audit,
    ) -> None:
        self._store = store
        self._environments = environments
        self._units = units
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()
        self._audit = audit

    async def create(
        self, queue: Queue, name: str, expires_at: int | None, by: Actor
    ) -> tuple[StoredEnvironmentKey, Secret]:
        """Make a key; its secret is returned here and never again.

        NotFound; InvalidRequest past the rules, for an archived environment, and for one whose containers are ours.
        """
        now = self._clock.now()
        secret = mint_secret(SecretKind.ACCESS_TOKEN, self._chance)
        key = StoredEnvironmentKey(
            id=EnvironmentKeyId(mint(Kind.ENVIRONMENT_KEY, self._clock, self._chance)),
            organization_id=queue.organization_id,
            workspace_id=queue.workspace_id,
            environment_id=queue.environment_id,
            name=check_key_name(name),
            hint=hint(secret),
            created_at=now,
            expires_at=check_key_end(expires_at, now),
        )
        async with self._units.begin() as unit:
            await self._store.lock(unit, queue.organization_id)
            await self._require_open(unit, queue)
            if await self._store.count(unit, queue.organization_id, queue.environment_id) >= MOST_KEYS:
                message = f"This environment has {MOST_KEYS} keys, the most it may have. Delete one first."
                raise InvalidRequest(message)
            await self._store.add(unit, queue.organization_id, key, digest(self._pepper, secret.reveal()))
            await self._record(unit, key, ActivityType.ENVIRONMENT_KEY_CREATED, by)
        return key, secret

    async def listing(self, queue: Queue, query: PageQuery) -> Part[StoredEnvironmentKey]:
        """Return a page of an environment's keys, newest first; NotFound."""
        paging = Paging(Kind.ENVIRONMENT_KEY, query, environment=queue.environment_id)
        async with self._units.read() as unit:
            await self._environments.require(unit, queue.organization_id, queue.workspace_id, queue.environment_id)
            found = await self._store.listing(unit, queue.organization_id, queue.environment_id, paging.asked())
        return paging.part(found, lambda key: (key.created_at, key.id))

    async def revoke(self, queue: Queue, key_id: EnvironmentKeyId, by: Actor) -> None:
        """End a key for good; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, queue.organization_id)
            await self._environments.require(unit, queue.organization_id, queue.workspace_id, queue.environment_id)
            dropped = None
            if is_id(Kind.ENVIRONMENT_KEY, key_id):
                dropped = await self._store.drop(unit, queue.organization_id, queue.environment_id, key_id)
            if dropped is None:
                message = f"Environment key not found: {key_id}"
                raise NotFound(message)
            await self._record(unit, dropped, ActivityType.ENVIRONMENT_KEY_REVOKED, by)

    async def end_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """End every key of an environment that is removed, in the same transaction."""
        del by
        await self._store.drop_environment(unit, organization_id, environment_id)

    async def end_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """End every key of a workspace that is archived, in the same transaction."""
        del by
        await self._store.drop_workspace(unit, organization_id, workspace_id)

    async def _require_open(self, unit: Unit, queue: Queue) -> None:
        environment = await self._environments.require(
            unit, queue.organization_id, queue.workspace_id, queue.environment_id
        )
        if environment.is_archived:
            message = f"{environment.id} is archived and gets no further keys."
            raise InvalidRequest(message, error_code=ARCHIVED)
        if environment.config.type is not ConfigType.SELF_HOSTED:
            message = f"{environment.id} is {environment.config.type}: only self_hosted environments have workers."
            raise InvalidRequest(message)

    async def _record(self, unit: Unit, key: StoredEnvironmentKey, what: ActivityType, by: Actor) -> None:
        await self._audit.record(
            unit,
            key.organization_id,
            by,
            what,
            environment_id=key.environment_id,
            environment_key_id=key.id,
            name=key.name,
            workspace_id=key.workspace_id,
        )
