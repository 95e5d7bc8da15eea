"""The endpoints of rules, and of the workspaces that they are enabled for."""

from fastapi import APIRouter

from antechamber.base.ids import IssuerId, RuleId, WorkspaceId
from antechamber.features.federation.routes.asking import Asking, FederationReader, FederationWriter, Paging, show_part
from antechamber.features.federation.service import Rules, RuleWorkspaces
from antechamber.features.federation.wire import rules as wire
from antechamber.features.federation.wire.fields import NothingBody
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_ROOT = "/v1/organizations/federation_rules"
_ONE = "/v1/organizations/federation_rules/{federation_rule_id}"
_PLACES = "/v1/organizations/federation_rules/{federation_rule_id}/workspaces"


def rule_routes(rules: Rules, workspaces: RuleWorkspaces) -> APIRouter:
    """Return the routes over both services."""
    routes = Router()
    _rules(routes, rules)
    _workspaces(routes, workspaces)
    return routes


def _rules(routes: APIRouter, rules: Rules) -> None:
    @routes.post(_ROOT, summary="Make a rule: whose assertions stand for which service account")
    async def create(body: wire.CreateRuleBody, caller: FederationWriter, by: Acting) -> wire.RuleBody:
        return wire.show(await rules.create(caller.organization_id, body.draft(), by))

    @routes.get(_ROOT, summary="Rules, newest first")
    async def listing(
        caller: FederationReader, asking: Asking, issuer_id: str | None = None
    ) -> PageList[wire.RuleBody]:
        only = None if issuer_id is None else IssuerId(issuer_id)
        return show_part(await rules.listing(caller.organization_id, asking, only), wire.show)

    @routes.get(_ONE, summary="One rule")
    async def get(federation_rule_id: str, caller: FederationReader) -> wire.RuleBody:
        return wire.show(await rules.get(caller.organization_id, RuleId(federation_rule_id)))

    @routes.post(_ONE, summary="Change a rule; match and target are replaced whole")
    async def update(
        federation_rule_id: str, body: wire.UpdateRuleBody, caller: FederationWriter, by: Acting
    ) -> wire.RuleBody:
        named = RuleId(federation_rule_id)
        return wire.show(await rules.update(caller.organization_id, named, body.change(), by))

    @routes.post(_ONE + "/archive", summary="End a rule at once; tokens that it gave live on")
    async def archive(
        federation_rule_id: str, caller: FederationWriter, by: Acting, body: NothingBody | None = None
    ) -> wire.RuleBody:
        del body
        return wire.show(await rules.archive(caller.organization_id, RuleId(federation_rule_id), by))


def _workspaces(routes: APIRouter, workspaces: RuleWorkspaces) -> None:
    @routes.get(_PLACES, summary="Every workspace that a rule is enabled for by name, in one answer")
    async def listing(
        federation_rule_id: str, caller: FederationReader, paging: Paging
    ) -> PageList[wire.RuleWorkspaceBody]:
        del paging
        found = await workspaces.listing(caller.organization_id, RuleId(federation_rule_id))
        return PageList(data=[wire.show_place(place) for place in found], next_page=None)

    @routes.post(_PLACES, summary="Enable a rule for a workspace")
    async def enable(
        federation_rule_id: str, body: wire.EnableBody, caller: FederationWriter, by: Acting
    ) -> wire.RuleWorkspaceBody:
        named, place = RuleId(federation_rule_id), WorkspaceId(body.workspace_id)
        return wire.show_place(await workspaces.enable(caller.organization_id, named, place, by))

    @routes.delete(_PLACES + "/{workspace_id}", summary="Take a workspace from a rule")
    async def disable(
        federation_rule_id: str, workspace_id: str, caller: FederationWriter, by: Acting
    ) -> wire.RuleWorkspaceDeletedBody:
        named, place = RuleId(federation_rule_id), WorkspaceId(workspace_id)
        await workspaces.disable(caller.organization_id, named, place, by)
        return wire.show_disabled(named, place)
