"""Environments joined: their services, and what stands on them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import EnvironmentId, OrganizationId
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.service import Audit
from antechamber.features.environments.ports.environments import SessionsCounted
from antechamber.features.environments.service import Environments, History
from antechamber.features.environments.service.environments import Neighbours
from antechamber.features.environments.sql import SqlEnvironments

OnEnd: TypeAlias = Callable[[Unit, OrganizationId, EnvironmentId, Actor], Awaitable[None]]


class SessionCounting:
    """What sessions say about an environment (`environments.ports`), once they are bound; none refers to it before."""

    def __init__(self) -> None:
        self._sessions: SessionsCounted | None = None

    def bind(self, sessions: SessionsCounted) -> None:
        """Join the sessions."""
        self._sessions = sessions

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many undeleted sessions refer to it."""
        return 0 if self._sessions is None else await self._sessions.count(unit, organization_id, environment_id)


class EnvironmentEnds:
    """What follows when an environment is archived or removed; who stands on environments joins once built."""

    def __init__(self) -> None:
        self._on_archived: list[OnEnd] = []
        self._on_removed: list[OnEnd] = []

    def on_archived(self, effect: OnEnd) -> None:
        """Call `effect` whenever one is archived, in the same transaction."""
        self._on_archived.append(effect)

    def on_removed(self, effect: OnEnd) -> None:
        """Call `effect` whenever one is removed, in the same transaction."""
        self._on_removed.append(effect)

    async def archived(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """Let everybody who joined know."""
        for effect in self._on_archived:
            await effect(unit, organization_id, environment_id, by)

    async def removed(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """Let everything that belongs to it go with it."""
        for effect in self._on_removed:
            await effect(unit, organization_id, environment_id, by)


@dataclass(frozen=True, slots=True)
class EnvironmentServices:
    """The services of environments, and where others join: `sessions.bind`, `ends.on_archived`, `ends.on_removed`."""

    environments: Environments
    history: History
    sessions: SessionCounting
    ends: EnvironmentEnds


def build_environments(units: Units, clock: Clock, chance: Chance, audit: Audit) -> EnvironmentServices:
    """Join the services; nothing stands on them yet."""
    store, sessions, ends = SqlEnvironments(), SessionCounting(), EnvironmentEnds()
    environments = Environments(store, Neighbours(sessions, ends), units, clock, chance, audit)
    return EnvironmentServices(environments, History(store, environments, units), sessions, ends)
