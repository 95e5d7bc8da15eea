"""Claude Code's metrics and report, joined to the people and keys whose names it shows."""

from collections.abc import Collection, Mapping

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId
from antechamber.base.unit import Unit
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.organizations.service import Members
from antechamber.features.usage.routes.intake import MetricsIntake
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


def metrics_intake(storage: Storage, authenticator: Authenticator) -> list[RawRoute]:
    """Return the endpoints that telemetry is posted to."""
    return MetricsIntake(ClaudeCodeMetrics(SqlClaudeCode(), storage.database, storage.clock), authenticator).routes()


def claude_code_reports(storage: Storage) -> ClaudeCodeReports:
    """Return the report of what was posted."""
    names = ReportedNames(storage.members, storage.api_keys)
    return ClaudeCodeReports(SqlClaudeCode(), names, storage.database, storage.clock)
