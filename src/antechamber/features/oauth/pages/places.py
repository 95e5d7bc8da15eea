"""What the pages share: their routers, who decides, and how far somebody has come in saying where a token is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.permissions import Permission
from antechamber.features.oauth.model import Choice, Choices, WorkspaceChoice
from antechamber.http.browser import LOG_IN, Visit
from antechamber.http.context import context_of
from antechamber.http.needs import Needs
from antechamber.http.pages import PageRoute
from antechamber.http.routing import Router

# also for browsers that do not know `frame-ancestors`
UNFRAMED: Final = {"x-frame-options": "DENY"}

Chosen = TypeVar("Chosen", Choice, WorkspaceChoice)


def open_router() -> APIRouter:
    """Return a router for pages that ignore parameters which they do not know, as RFC 6749 §3.1 has it."""
    return Router(
        route_class=PageRoute,
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Needs(Permission.PUBLIC, versioned=False, any_query=True)],
    )


def actor_of(request: Request, visit: Visit) -> Actor:
    """Return the person who decides, for the audit log."""
    context = context_of(request.scope)
    agent = request.headers.get("user-agent")
    return Actor(ActorKind.USER, visit.user_id, context.address, agent, context.request_id)


@dataclass(frozen=True, slots=True)
class Picking:
    """What is picked already, by the person or because there is but one; None is still to be picked."""

    organizations: tuple[Choice, ...]
    organization: Choice | None
    workspace: WorkspaceChoice | None

    @property
    def is_changeable(self) -> bool:
        """Say whether there is another place to pick."""
        return len(self.organizations) > 1 or any(len(choice.workspaces) > 1 for choice in self.organizations)


def pick(choices: Choices, organization_id: str, workspace_id: str) -> Picking:
    """Return how far a person has come, whose form or link said these; what is not among the choices says nothing."""
    pickable = (choice for choice in choices.organizations if choice.workspaces)
    organizations = tuple(sorted(pickable, key=lambda choice: (choice.name.casefold(), choice.id)))
    organization = _one_of(organizations, organization_id)
    workspace = _one_of(organization.workspaces, workspace_id) if organization else None
    return Picking(organizations, organization, workspace)


def somebody_else(wanted: str) -> str:
    """Return the path on which another person logs in, and then comes back."""
    return f"{LOG_IN}?again=1&next={quote(wanted, safe='')}"


def why_not(reason: str | None) -> str:
    """Return the key of the text for an answer without choices."""
    return f"oauth.stop.{reason or 'no_scope'}"


def _one_of(choices: Sequence[Chosen], picked: str) -> Chosen | None:
    if len(choices) == 1:
        return choices[0]
    return next((choice for choice in choices if choice.id == picked), None)
