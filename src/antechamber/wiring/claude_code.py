"""Claude Code's metrics and report, joined to the people and keys whose names it shows."""

from collections.abc import Collection, Mapping

from fastapi import APIRouter

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId
from antechamber.base.unit import Unit
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.organizations.service import Members
from antechamber.features.usage.routes import MetricsIntake, claude_code_router
from antechamber.features.usage.service import ClaudeCodeMetrics, ClaudeCodeReports
from antechamber.features.usage.sql import SqlClaudeCode
from antechamber.http.app import RawRoute
from antechamber.http.authenticate import Authenticator
from antechamber.wiring.storage import Storage


class ReportedNames:
    """How reports call those who asked (`usage.ports.ActorNames`): people by e-mail address, keys by name."""

    def __init__(self, members: Members, api_keys: ApiKeys) -> None:
        self._members = members
        self._api_keys = api_keys

    async def names(self, unit: Unit, organization_id: OrganizationId, actor_ids: Collection[str]) -> Mapping[str, str]:
        """Return e-mail addresses of people and names of API keys, by id, of those that are or were there."""
        people = [UserId(actor_id) for actor_id in actor_ids if actor_id.startswith("user_")]
        keys = [ApiKeyId(actor_id) for actor_id in actor_ids if actor_id.startswith("apikey_")]
        members = await self._members.names(unit, organization_id, people)
        named = await self._api_keys.names(unit, organization_id, keys)
        return {
            **{str(user_id): member.email for user_id, member in members.items()},
            **{str(key_id): key.name for key_id, key in named.items()},
        }


def claude_code_routes(storage: Storage, authenticator: Authenticator) -> tuple[list[RawRoute], APIRouter]:
    """Return the endpoint that metrics are posted to, and the report's."""
    store = SqlClaudeCode()
    metrics = ClaudeCodeMetrics(store, storage.database, storage.clock)
    names = ReportedNames(storage.members, storage.api_keys)
    reports = ClaudeCodeReports(store, names, storage.database, storage.clock)
    return MetricsIntake(metrics, authenticator).routes(), claude_code_router(reports)
