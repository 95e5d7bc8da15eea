"""Rules in the database, and the workspaces that they are enabled for."""

import dataclasses
import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from antechamber.base.ids import IssuerId, OrganizationId, RuleId, ServiceAccountId, WorkspaceId
from antechamber.base.unit import Unit
from antechamber.database.changes import FEDERATION, announce
from antechamber.database.engine import connection
from antechamber.features.federation.model.rules import Match, Rule, RuleWorkspace, Target
from antechamber.features.federation.model.stamps import Stamp
from antechamber.features.federation.ports import Asked
from antechamber.features.federation.sql.tables import (
    ask,
    federation_rule_workspaces,
    federation_rules,
    here,
    live_named,
    read_stamps,
    stamps,
)


class SqlRules:
    """The store of rules and of their workspaces."""

    async def add(self, unit: Unit, organization_id: OrganizationId, rule: Rule) -> None:
        """Keep a new one, without its workspaces."""
        values = {"id": rule.id, "issuer_id": rule.issuer_id, **_changeable(rule)}
        await connection(unit).execute(insert(federation_rules).values(organization_id=organization_id, **values))
        announce(unit, FEDERATION)

    async def save(self, unit: Unit, organization_id: OrganizationId, rule: Rule) -> None:
        """Keep what has changed of one, but for its workspaces."""
        place = here(federation_rules, organization_id, rule.id)
        await connection(unit).execute(update(federation_rules).where(*place).values(**_changeable(rule)))
        announce(unit, FEDERATION)

    async def find(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Rule | None:
        """Return one, archived or not, with its workspaces."""
        query = select(federation_rules).where(*here(federation_rules, organization_id, rule_id))
        found = await self._read(unit, organization_id, query)
        return found[0] if found else None

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Rule | None:
        """Return the live one with this name."""
        query = select(federation_rules).where(*live_named(federation_rules, organization_id, name))
        found = await self._read(unit, organization_id, query)
        return found[0] if found else None

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, asked: Asked, issuer_id: IssuerId | None
    ) -> Sequence[Rule]:
        """Return what was asked for, of one issuer if it is named."""
        query = ask(select(federation_rules), federation_rules, organization_id, asked)
        if issuer_id is not None:
            query = query.where(federation_rules.c.issuer_id == issuer_id)
        return await self._read(unit, organization_id, query)

    async def live(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        issuer_id: IssuerId | None = None,
        service_account_id: ServiceAccountId | None = None,
    ) -> Sequence[Rule]:
        """Return the rules that are not archived of an issuer, or for a service account, oldest first."""
        columns = federation_rules.c
        query = select(federation_rules).where(
            columns.organization_id == organization_id, columns.archived_at.is_(None)
        )
        if issuer_id is not None:
            query = query.where(columns.issuer_id == issuer_id)
        if service_account_id is not None:
            query = query.where(columns.service_account_id == service_account_id)
        return await self._read(unit, organization_id, query.order_by(columns.created_at, columns.id))

    async def enable(self, unit: Unit, organization_id: OrganizationId, place: RuleWorkspace) -> None:
        """Enable a rule for a workspace that it was not enabled for."""
        await connection(unit).execute(
            insert(federation_rule_workspaces).values(
                rule_id=place.rule_id,
                workspace_id=place.workspace_id,
                organization_id=organization_id,
                created_at=place.created.at,
                created_by=place.created.by,
            )
        )
        announce(unit, FEDERATION)

    async def disable(
        self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId, workspace_id: WorkspaceId | None
    ) -> None:
        """Take a workspace from a rule, or all of them."""
        columns = federation_rule_workspaces.c
        statement = delete(federation_rule_workspaces).where(
            columns.organization_id == organization_id, columns.rule_id == rule_id
        )
        if workspace_id is not None:
            statement = statement.where(columns.workspace_id == workspace_id)
        await connection(unit).execute(statement)
        announce(unit, FEDERATION)

    async def workspaces(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Sequence[RuleWorkspace]:
        """Return the workspaces that a rule is enabled for, in the order that this was done."""
        return [
            RuleWorkspace(row.rule_id, row.workspace_id, Stamp(row.created_at, row.created_by))
            for row in await connection(unit).execute(_places(organization_id, [rule_id]))
        ]

    async def of_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[RuleId]:
        """Return the rules that are enabled for a workspace by name."""
        columns = federation_rule_workspaces.c
        query = select(columns.rule_id).where(
            columns.organization_id == organization_id, columns.workspace_id == workspace_id
        )
        return list((await connection(unit).execute(query.order_by(columns.rule_id))).scalars())

    async def _read(self, unit: Unit, organization_id: OrganizationId, query: Select[Any]) -> Sequence[Rule]:
        link = connection(unit)
        rows = list(await link.execute(query))
        ids = [row.id for row in rows]
        enabled: dict[RuleId, list[WorkspaceId]] = {}
        for place in await link.execute(_places(organization_id, ids)) if ids else ():
            enabled.setdefault(place.rule_id, []).append(place.workspace_id)
        return [_rule(row, enabled.get(row.id, [])) for row in rows]


def _places(organization_id: OrganizationId, ids: Collection[RuleId]) -> Select[Any]:
    columns = federation_rule_workspaces.c
    query = select(federation_rule_workspaces).where(
        columns.organization_id == organization_id, columns.rule_id.in_(ids)
    )
    return query.order_by(columns.created_at, columns.workspace_id)


def _changeable(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "match": json.dumps(dataclasses.asdict(rule.match), separators=(",", ":")),
        "service_account_id": rule.target.service_account_id,
        "scope": rule.scope,
        "token_lifetime_seconds": rule.token_lifetime_seconds,
        "applies_to_all_workspaces": rule.applies_to_all_workspaces,
        **stamps(rule.created, rule.updated, rule.archived),
    }


def _rule(row: Row[Any], workspace_ids: Sequence[WorkspaceId]) -> Rule:
    created, updated, archived = read_stamps(row)
    return Rule(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        issuer_id=row.issuer_id,
        match=Match(**json.loads(row.match)),
        target=Target(row.service_account_id),
        scope=row.scope,
        token_lifetime_seconds=row.token_lifetime_seconds,
        applies_to_all_workspaces=row.applies_to_all_workspaces,
        workspace_ids=tuple(workspace_ids),
        created=created,
        updated=updated,
        archived=archived,
    )
